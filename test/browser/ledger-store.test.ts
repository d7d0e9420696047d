/** The browser's store, in a real Chromium: what all stores promise, and a ledger that several tabs share. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkIdText } from '../../protocol/network.ts'
import { filled } from '../qdag/support/fake-entries.ts'
import { STORE_PROMISES } from '../qdag/support/store-acceptance.ts'
import { Random } from '../sim/random.ts'
import { findChromium, FLAGS, launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import type { LedgerPage, Made } from '../support/ledger-page.ts'

declare global {
  var ledgerPage: LedgerPage
  var told: (made: Made) => Promise<void>
}

let server: Server
let browser: Browser
let origin: string
let context: BrowserContext
let networks = 0

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '..', 'support', 'ledger-page.ts')],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><title>ledger</title><script>${script}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
  context = await browser.newContext()
})
afterAll(async () => {
  await browser?.close()
  server?.close()
})

async function openTab(network: number, within = context): Promise<Page> {
  const page = await within.newPage()
  await page.goto(origin)
  await page.evaluate((number) => globalThis.ledgerPage.open(number), network)
  return page
}

const nameOf = (network: number) => `edge-net-ledger-${networkIdText(filled(32, network))}`

/** Why something fails in a page. */
const reasonIn = (page: Page, act: 'open' | 'contribute', number = 1) =>
  page.evaluate(([name, argument]) => globalThis.ledgerPage.reason(name, argument), [act, number] as const)

const stateOf = (page: Page) => page.evaluate(() => globalThis.ledgerPage.state())
const contribute = (page: Page, count: number) => page.evaluate((n) => globalThis.ledgerPage.contribute(n), count)

describe('the IndexedDB store', () => {
  it.each(Object.keys(STORE_PROMISES))('%s', async (promise) => {
    const page = context.pages()[0] ?? (await context.newPage())
    await page.goto(origin)
    expect(await page.evaluate((name) => globalThis.ledgerPage.keeps(name), promise)).toBeUndefined()
  })

  it('lets a person delete it, and says so to whoever still uses it', async () => {
    const network = ++networks
    const tab = await openTab(network)
    await contribute(tab, 1)
    const other = await context.newPage()
    await other.goto(origin)
    const deleted = await other.evaluate((name) => {
      const deleting = indexedDB.deleteDatabase(name)
      return new Promise((resolve) => {
        deleting.addEventListener('success', () => resolve('deleted'))
        deleting.addEventListener('blocked', () => resolve('blocked'))
      })
    }, nameOf(network))
    expect(deleted).toBe('deleted')
    expect(await reasonIn(tab, 'contribute')).toBe('outdated')
    await tab.close()
    await other.close()
    // Nothing is left, the writer included.
    const later = await openTab(network)
    expect((await contribute(later, 1))[0]?.seq).toBe(0)
    await later.close()
  })

  it('says clearly that a newer page has made its database', async () => {
    const network = ++networks
    const tab = await openTab(network)
    await tab.evaluate(
      (name) =>
        new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open(name, 99)
          opening.addEventListener('success', () => {
            opening.result.close()
            resolve()
          })
          opening.addEventListener('error', () => reject(opening.error ?? new Error('it cannot be opened')))
        }),
      nameOf(network),
    )
    expect(await reasonIn(tab, 'contribute')).toBe('outdated')
    expect(await reasonIn(tab, 'open', network)).toBe('outdated')
    await tab.close()
  })

  it('says clearly that there is no more room, and goes on when there is', { timeout: 90_000 }, async () => {
    const network = ++networks
    // Nothing else has its data here.
    const within = await browser.newContext()
    const first = await within.newPage()
    await first.goto(origin)
    const session = await within.newCDPSession(first)
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 100_000 })
    const tab = await openTab(network, within)
    await tab.evaluate(() => globalThis.ledgerPage.hear(5_000, 10))
    await eventually(async () => expect((await stateOf(tab)).errors).toEqual(['no-space']), 10_000)
    expect(await stateOf(tab)).toMatchObject({ size: 5_000, storedLength: 0 })
    await session.send('Storage.overrideQuotaForOrigin', { origin })
    await eventually(async () => expect(await stateOf(tab)).toMatchObject({ storedLength: 5_000 }), 60_000)
    await within.close()
  })
})

describe('two tabs', () => {
  it('contribute under one writer without a fork, and load the same ledger later', async () => {
    const network = ++networks
    const tabs = [await openTab(network), await openTab(network)]
    const made = (await Promise.all(tabs.map((tab) => contribute(tab, 40)))).flat()
    expect(made.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, i) => i))
    expect(new Set(made.map(({ writer }) => writer)).size).toBe(1)
    await eventually(async () => {
      const [one, other] = await Promise.all(tabs.map(stateOf))
      expect([one?.size, other?.size]).toEqual([80, 80])
      expect(one?.digest).toBe(other?.digest)
      expect(one?.forks).toBe(0)
    }, 10_000)
    const [before] = await Promise.all(tabs.map(stateOf))
    for (const tab of tabs) await tab.close({ runBeforeUnload: false })
    const later = await openTab(network)
    await eventually(async () => expect((await stateOf(later)).digest).toBe(before?.digest), 10_000)
    await later.close()
  })

  it('have one keeper; when its tab is closed, the other one keeps what it has', async () => {
    const network = ++networks
    const [keeper, other] = [await openTab(network), await openTab(network)]
    expect([(await stateOf(keeper)).isKeeper, (await stateOf(other)).isKeeper]).toEqual([true, false])
    await keeper.evaluate(() => globalThis.ledgerPage.hear(3_000, 10))
    await other.evaluate(() => globalThis.ledgerPage.hear(2_000, 20))
    await eventually(async () => expect((await stateOf(keeper)).storedLength).toBe(3_000), 10_000)
    await keeper.close()
    await eventually(async () => {
      expect(await stateOf(other)).toMatchObject({ isKeeper: true, size: 5_000, storedLength: 5_000 })
    }, 10_000)
    const { digest } = await stateOf(other)
    await other.close()
    const later = await openTab(network)
    expect(await stateOf(later)).toMatchObject({ digest, loaded: 5_000, damagedSegments: 0 })
    await later.close()
  })
})

describe('what was acknowledged', () => {
  it('survives tabs that crash while they write, and no number is used twice', { timeout: 120_000 }, async () => {
    const network = ++networks
    const random = new Random(11)
    const told: Made[] = []
    const survivor = await openTab(network)
    for (let round = 0; round < 8; round++) {
      const victim = await openTab(network)
      await victim.exposeFunction('told', (made: Made) => void told.push(made))
      const before = told.length
      // Ends with the tab.
      victim.evaluate(() => globalThis.ledgerPage.contribute(1_000_000, globalThis.told)).catch(() => undefined)
      await eventually(() => expect(told.length).toBeGreaterThan(before), 10_000)
      const writing = contribute(survivor, 10)
      await new Promise((resolve) => setTimeout(resolve, random.below(80)))
      await crash(victim)
      told.push(...(await writing), ...(await contribute(survivor, 5)))
    }
    expect(told.length).toBeGreaterThan(8 * 16)
    await survivor.evaluate(() => globalThis.ledgerPage.flush())
    await survivor.close()
    await expectAllKept(network, context, told)
  })

  it('survives a browser that is killed', { timeout: 120_000 }, async ({ skip }) => {
    if (process.platform !== 'linux') skip('finds the process in /proc')
    const network = ++networks
    const random = new Random(12)
    const profile = mkdtempSync(join(tmpdir(), 'edge-net-profile-'))
    const executablePath = await findChromium()
    if (!executablePath) throw new Error('no Chromium found')
    const launch = () => chromium.launchPersistentContext(profile, { executablePath, args: FLAGS.slice() })
    const told: Made[] = []
    try {
      for (let round = 0; round < 3; round++) {
        const within = await launch()
        const victim = await openTab(network, within)
        await victim.exposeFunction('told', (made: Made) => void told.push(made))
        const before = told.length
        victim.evaluate(() => globalThis.ledgerPage.contribute(1_000_000, globalThis.told)).catch(() => undefined)
        await eventually(() => expect(told.length).toBeGreaterThan(before + 20), 20_000)
        await new Promise((resolve) => setTimeout(resolve, random.below(300)))
        const ended = new Promise((resolve) => within.on('close', resolve))
        process.kill(browserOf(profile), 'SIGKILL')
        await ended
      }
      const within = await launch()
      await expectAllKept(network, within, told)
      await within.close()
    } finally {
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    }
  })
})

/** As the system kills a renderer that has used too much memory. */
async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const session = await page.context().newCDPSession(page)
  // It is never answered.
  session.send('Page.crash').catch(() => undefined)
  await crashed
  await page.close()
}

/** The browser process of a profile, not its helpers. */
function browserOf(profile: string): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const words = readCommand(name)
    if (words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type=')))
      return Number(name)
  }
  throw new Error(`no browser uses ${profile}`)
}

function readCommand(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It has ended meanwhile.
    return []
  }
}

async function expectAllKept(network: number, within: BrowserContext, told: readonly Made[]): Promise<void> {
  const later = await openTab(network, within)
  const { damagedSegments, forks } = await stateOf(later)
  expect({ damagedSegments, forks }).toEqual({ damagedSegments: 0, forks: 0 })
  const ids = new Set(await later.evaluate(() => globalThis.ledgerPage.ids()))
  expect(told.filter(({ id }) => !ids.has(id))).toEqual([])
  const byNumber = new Map(told.map(({ writer, seq, id }) => [`${writer} ${seq}`, id]))
  expect(byNumber.size).toBe(new Set(told.map(({ id }) => id)).size)
  await later.close()
}
