/** Gun as a carrier in Chromium, as the service serves it: Gun itself comes from there, and from nowhere else. */
import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carrierScenarios } from '../../client/carrier/acceptance.ts'
import { gunCarrier } from '../../client/carrier/gun/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { startGunRelay, type GunRelay } from '../support/gun-relay.ts'

const ROOT = join(import.meta.dirname, '../..')
const HOST = 'http://localhost'
/** The same scenarios, by name, in the page. */
const NAMES = carrierScenarios(() => ({ open: () => gunCarrier({ relays: [] }), close: async () => undefined })).map(
  ({ name }) => name,
)

let browser: Browser
let page: Page
let relay: GunRelay
const lines: string[] = []

beforeAll(async () => {
  relay = await startGunRelay()
  browser = await launchChromium()
  page = await browser.newPage()
  page.on('console', (message) => lines.push(message.text()))
  await page.exposeFunction('cut', () => relay.stop())
  await page.exposeFunction('mend', () => relay.start())
  const stdin = { contents: "export { carrierScenarios } from './client/carrier/acceptance.ts'", resolveDir: ROOT }
  const suite = await build({ stdin, bundle: true, format: 'esm', write: false })
  await page.route(`${HOST}/**`, async (route) => {
    const { pathname } = new URL(route.request().url())
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' })
    const contentType = 'text/javascript'
    if (pathname === '/suite.js') return route.fulfill({ contentType, body: suite.outputFiles[0]?.text ?? '' })
    return route.fulfill({ contentType, body: await readFile(join(ROOT, 'dist/public', pathname), 'utf8') })
  })
  await page.goto(HOST)
  await page.evaluate(`(async () => {
    const [{ gunCarrier }, { carrierScenarios }] = await Promise.all([import('/edge-net-gun.js'), import('/suite.js')])
    globalThis.scenarios = carrierScenarios(() => ({
      open: () => gunCarrier({ relays: [${JSON.stringify(relay.url)}] }),
      cut, mend, close: async () => {},
    }))
  })()`)
})

afterAll(async () => {
  await browser.close()
  await relay.close()
})

describe('a carrier over a Gun relay, in Chromium', () => {
  it.each(NAMES)('%s', async (name) => {
    await page.evaluate(`scenarios.find(({ name }) => name === ${JSON.stringify(name)}).run()`)
  })

  it('prints nothing and keeps nothing in the page', async () => {
    expect(lines.filter((line) => !line.includes('WebSocket connection to'))).toEqual([])
    expect(await page.evaluate('[localStorage.length, document.cookie]')).toEqual([0, ''])
    expect(await page.evaluate('indexedDB.databases()')).toEqual([])
  })
})
