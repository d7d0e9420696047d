/** The carrier of `examples/` in Chromium: it passes the suite that the service serves, and two tabs do without a room. */
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carrierScenarios } from '../../client/carrier/acceptance.ts'
import { MemoryAir } from '../../client/carrier/memory.ts'
import { launchChromium } from '../support/chromium.ts'
import { serveFolder, type StaticServer } from '../support/static-server.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The same scenarios, by name, in the page. */
const NAMES = carrierScenarios(() => ({ open: () => new MemoryAir().carrier(), close: () => Promise.resolve() })).map(
  ({ name }) => name,
)

let browser: Browser
let context: BrowserContext
let server: StaticServer
let page: Page

/** A tab of the origin that serves the SDK. */
async function openTab(): Promise<Page> {
  const tab = await context.newPage()
  // Any page of the origin does.
  await tab.goto(`${server.url}/sdk/integrity.json`)
  const imports = { 'edge-net/carrier': '/edge-net-carrier.js' }
  await tab.addScriptTag({ type: 'importmap', content: JSON.stringify({ imports }) })
  return tab
}

beforeAll(async () => {
  browser = await launchChromium()
  context = await browser.newContext()
  server = await serveFolder(join(ROOT, 'dist/public'))
  await context.route('**/tabs-carrier.js', (route) => route.fulfill({ path: join(ROOT, 'examples/tabs-carrier.js') }))
  page = await openTab()
  await page.evaluate(`(async () => {
    const [{ carrierScenarios }, { tabsCarrier }] = await Promise.all([
      import('edge-net/carrier'),
      import('/tabs-carrier.js'),
    ])
    globalThis.scenarios = carrierScenarios(() => ({ open: tabsCarrier, close: async () => {} }))
  })()`)
})

afterAll(async () => {
  await browser.close()
  await server.close()
})

describe('a carrier over a BroadcastChannel, in Chromium', () => {
  it.each(NAMES)('%s', async (name) => {
    await page.evaluate(`scenarios.find(({ name }) => name === ${JSON.stringify(name)}).run()`)
  })
})

describe('two tabs, and a room that is not there', () => {
  it('meet, reach each other directly, and talk', async () => {
    const roomUrl = `${await nobodysOrigin()}/n/two-tabs`
    const names = ['Ada', 'Bob']
    const tabs = await Promise.all(names.map(openTab))
    const heard = tabs.map((tab, i) =>
      tab.evaluate(`(async () => {
        const [{ join }, { tabsCarrier }] = await Promise.all([import('/edge-net.js'), import('/tabs-carrier.js')])
        const carriers = [tabsCarrier()]
        const network = await join('${roomUrl}', { name: '${names[i] ?? ''}', carriers, iceServers: [] })
        const direct = new Promise((resolve) => {
          network.on('path', ({ peer, path }) => path.kind === 'direct' && resolve(peer))
        })
        const message = new Promise((resolve) => network.on('message', ({ peer, data }) => resolve(peer.name + ': ' + data)))
        const peer = await direct
        await peer.send('hello, ' + peer.name).delivered
        return [network.state, peer.explain().carrier, await message]
      })()`),
    )
    expect(await Promise.all(heard)).toEqual([
      ['reconnecting', 'tabs', 'Bob: hello, Ada'],
      ['reconnecting', 'tabs', 'Ada: hello, Bob'],
    ])
  })
})

/** Where somebody was a moment ago, and nobody is now. */
async function nobodysOrigin(): Promise<string> {
  const somebody = await serveFolder(ROOT)
  await somebody.close()
  return somebody.url
}
