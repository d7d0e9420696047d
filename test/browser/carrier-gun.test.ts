/** Gun as a carrier in Chromium, as the service serves it: Gun itself comes from there, and from nowhere else. */
import { build } from 'esbuild'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carrierScenarios } from '../../client/carrier/acceptance.ts'
import { gunCarrier } from '../../client/carrier/gun/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { startGunRelay, type GunRelay } from '../support/gun-relay.ts'
import { serveFolder, type StaticServer } from '../support/static-server.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The same scenarios, by name, in the page. */
const NAMES = carrierScenarios(() => ({ open: () => gunCarrier({ relays: [] }), close: async () => undefined })).map(
  ({ name }) => name,
)

let browser: Browser
let page: Page
let relay: GunRelay
let server: StaticServer
const lines: string[] = []

beforeAll(async () => {
  relay = await startGunRelay()
  browser = await launchChromium()
  page = await browser.newPage()
  // Of the relay that is gone, and of the icon that is not there, Chromium itself tells as of errors.
  page.on('console', (message) => message.type() !== 'error' && lines.push(message.text()))
  await page.exposeFunction('cut', () => relay.stop())
  await page.exposeFunction('mend', () => relay.start())
  const stdin = { contents: "export { carrierScenarios } from './client/carrier/acceptance.ts'", resolveDir: ROOT }
  const suite = await build({ stdin, bundle: true, globalName: 'suite', write: false })
  server = await serveFolder(join(ROOT, 'dist/public'))
  // Any page of the origin does.
  await page.goto(`${server.url}/sdk/integrity.json`)
  await page.addScriptTag({ content: suite.outputFiles[0]?.text ?? '' })
  await page.evaluate(`(async () => {
    const { gunCarrier } = await import('/edge-net-gun.js')
    globalThis.scenarios = suite.carrierScenarios(() => ({
      open: () => gunCarrier({ relays: [${JSON.stringify(relay.url)}] }),
      cut, mend, close: async () => {},
    }))
  })()`)
})

afterAll(async () => {
  await browser.close()
  await Promise.all([relay.close(), server.close()])
})

describe('a carrier over a Gun relay, in Chromium', () => {
  it.each(NAMES)('%s', async (name) => {
    await page.evaluate(`scenarios.find(({ name }) => name === ${JSON.stringify(name)}).run()`)
  })

  it('prints nothing and keeps nothing in the page', async () => {
    expect(lines).toEqual([])
    expect(await page.evaluate('[localStorage.length, document.cookie]')).toEqual([0, ''])
    expect(await page.evaluate('indexedDB.databases()')).toEqual([])
  })
})
