/** Members in pages of a real Chromium. The code comes from a host of its own, so that pages can be opened while the room is dead. */
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import type { makeMember as makeMemberOfSdk, Member } from './member.ts'

declare global {
  var member: Member
  var makeMember: typeof makeMemberOfSdk
}

const SDK = `
import { createIdentity, join } from '/edge-net.js'
import { createMesh } from '/edge-net-mesh.js'
import { gunCarrier } from '/edge-net-gun.js'
import { openLedger } from '/edge-net-ledger.js'
const connections = []
class Kept extends RTCPeerConnection {
  constructor(...options) {
    super(...options)
    connections.push(this)
  }
}
const rtc = { RTCPeerConnection: Kept, rank: 1, takesConfiguration: true, honoursRelayOnly: true }
globalThis.member = makeMember({ createIdentity, join, createMesh, gunCarrier, openLedger, rtc, connections })
`

/** @param origin serves what `npm run build` made for browsers */
export async function memberInPage(browser: Browser, origin: string): Promise<Member> {
  const page = await browser.newPage()
  // Any page of this origin would do.
  await page.goto(`${origin}/_headers`)
  await page.addScriptTag({ content: await bundled() })
  await page.addScriptTag({ type: 'module', content: SDK })
  await page.waitForFunction(() => 'member' in globalThis)
  const call = (method: keyof Member, ...args: unknown[]): Promise<never> =>
    page.evaluate(
      ([name, values]) => (globalThis.member[name] as (...values: unknown[]) => Promise<never>)(...values),
      [method, args] as const,
    )
  return {
    join: (options) => call('join', options),
    first: () => call('first'),
    talk: (isOn) => call('talk', isOn),
    say: (text) => call('say', text),
    contribute: (taskId) => call('contribute', taskId),
    reach: (peerId) => call('reach', peerId),
    cut: (which) => call('cut', which),
    report: () => call('report'),
    leave: async () => {
      await call('leave')
      await page.close()
    },
  }
}

let bundle: Promise<string> | undefined

function bundled(): Promise<string> {
  return (bundle ??= build({
    stdin: {
      contents: `import { makeMember } from './member.ts'; globalThis.makeMember = makeMember`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: 'iife',
  }).then(({ outputFiles: [file] }) => file?.text ?? ''))
}
