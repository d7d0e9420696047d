/** A real Chromium page with one identity in several networks, with what it imports from the Worker as any website could. */
import type { Browser, Page } from 'playwright-core'
import type { createIdentity, Identity, join, Network } from '../../client/index.ts'
import type { openNetwork } from '../../client/networks/index.ts'
import type { MemberNetwork } from '../../client/networks/api.ts'
import type { openLedger } from '../../client/qdag/index.ts'

interface Entered {
  readonly network: Network
  readonly membership: MemberNetwork
  readonly heard: string[]
  readonly left: string[]
  readonly errors: string[]
}

declare global {
  // What the page keeps for the test.
  var sdk: { readonly join: typeof join; readonly createIdentity: typeof createIdentity }
  var networks: { readonly openNetwork: typeof openNetwork }
  var ledgers: { readonly openLedger: typeof openLedger }
  var identity: Identity
  var entered: Map<string, Entered>
}

export interface MembersPage {
  readonly page: Page
  siteId(): Promise<string>
  /** Opens a network, asks once to be let in where it is a stranger, and joins it, over the relay alone. */
  enter(name: string, url: string): Promise<void>
  peers(name: string): Promise<readonly string[]>
  heard(name: string): Promise<readonly string[]>
  /** Why peers left. */
  left(name: string): Promise<readonly string[]>
  tasks(name: string): Promise<readonly string[]>
  broadcast(name: string, text: string): Promise<void>
  leave(name: string): Promise<void>
  /** Of all networks, and what nobody caught. */
  errors(): Promise<readonly string[]>
}

export async function membersInPage(browser: Browser, url: string): Promise<MembersPage> {
  const page = await browser.newPage()
  const accidents: string[] = []
  page.on('pageerror', (error) => void accidents.push(String(error)))
  // Any page of the host's that brings no client of its own.
  await page.goto(`${url}/health`)
  await page.addScriptTag({
    type: 'module',
    content: `
      import * as sdk from '/edge-net.js'
      import * as networks from '/edge-net-networks.js'
      import * as ledgers from '/edge-net-ledger.js'
      Object.assign(globalThis, { sdk, networks, ledgers, entered: new Map(), identity: await sdk.createIdentity() })
    `,
  })
  await page.waitForFunction(() => 'identity' in globalThis)
  return {
    page,
    siteId: () => page.evaluate(() => globalThis.identity.siteId),
    enter: (name, roomUrl) =>
      page.evaluate(
        async ([as, from]) => {
          const { identity } = globalThis
          const membership = await globalThis.networks.openNetwork(from, { identity })
          if (membership.standing !== 'member') await membership.ask({ name: 'Page' })
          const { roomUrl: room } = membership.facts
          const ledger = globalThis.ledgers.openLedger({ network: room, identity })
          const network = await globalThis.sdk.join(room, { identity, membership, ledger, direct: 'off' })
          const one: Entered = { network, membership, heard: [], left: [], errors: [] }
          network.on('message', ({ data }) => void one.heard.push(String(data)))
          network.on('peer-left', ({ reason }) => void one.left.push(reason))
          network.on('error', ({ error }) => void one.errors.push(error.reason))
          globalThis.entered.set(as, one)
        },
        [name, roomUrl] as const,
      ),
    peers: (name) => page.evaluate((of) => [...(globalThis.entered.get(of)?.network.peers.keys() ?? [])], name),
    heard: (name) => page.evaluate((of) => globalThis.entered.get(of)?.heard ?? [], name),
    left: (name) => page.evaluate((of) => globalThis.entered.get(of)?.left ?? [], name),
    tasks: (name) =>
      page.evaluate(async (of) => {
        const entries = await globalThis.entered.get(of)?.network.ledger?.recent(10)
        return entries?.map(({ taskId }) => taskId) ?? []
      }, name),
    broadcast: (name, text) =>
      page.evaluate(([to, data]) => globalThis.entered.get(to)?.network.broadcast(data), [name, text] as const),
    leave: (name) => page.evaluate((of) => globalThis.entered.get(of)?.network.close(), name),
    errors: async () => [
      ...accidents,
      ...(await page.evaluate(() => [...globalThis.entered.values()].flatMap(({ errors }) => errors))),
    ],
  }
}
