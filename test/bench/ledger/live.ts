/** How soon an entry that one page makes is part of another page's ledger, beside a plain message on the same link. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../support/chromium.ts'
import { startService, type Service } from '../../support/server.ts'
import { DirectWire, RoomWire } from '../link/wires.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { figure, median, quantile } from '../stats.ts'

const DISTANCES_MS = [0, 50, 100] as const
const DEFAULT_ROUNDS = 30
const READY_MS = 30_000
const LOOK_MS = 25
/** A round's two kinds must not run into each other. */
const BETWEEN_MS = 40
const BAR = 1.5
/** As in the bench of links: the wires need a candidate's port. */
const SHOW_ADDRESSES = '--disable-features=WebRtcHideLocalIpsWithMdns'
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

declare global {
  /** What the page offers. */
  var live: {
    join(lane: string, roomUrl: string, isWired: boolean): Promise<void>
    isReady(lane: string): boolean
    say(lane: string, text: string): Promise<number>
    contribute(lane: string, taskId: string): Promise<{ startedAtMs: number; madeAtMs: number }>
    seenAtMs(text: string): number | undefined
    leave(lane: string): Promise<void>
  }
}

interface Sample extends Watched {
  readonly distanceMs: number
  readonly messageMs: number
  /** From the moment at which the entry was signed and safely kept. */
  readonly fromMadeMs: number
  /** From the call that makes it. */
  readonly fromCallMs: number
}

export async function live({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const service = await startService({ rateLimits: 'off' })
  const browser = await launchChromium([SHOW_ADDRESSES])
  const server = await serve()
  const stage = new Stage(service, browser, server)
  try {
    const pairs: Pair[] = []
    for (const distanceMs of DISTANCES_MS) pairs.push(await stage.pair(distanceMs))
    const measured = await quietRounds(rounds, async (round) => {
      const samples: Sample[] = []
      for (const pair of pairs) samples.push(await watched(() => pair.measure(round)))
      return samples
    })
    for (const pair of pairs) await pair.end()
    return finding(measured.samples, measured.note)
  } finally {
    await browser.close()
    server.close()
    await service.close()
  }
}

class Stage {
  readonly #service: Service
  readonly #browser: Browser
  readonly #server: Server
  readonly #wires = new Map<string, DirectWire>()

  constructor(service: Service, browser: Browser, server: Server) {
    this.#service = service
    this.#browser = browser
    this.#server = server
  }

  async pair(distanceMs: number): Promise<Pair> {
    const lane = `live-${distanceMs}`
    this.#wires.set(lane, new DirectWire(distanceMs))
    const rooms = await Promise.all([0, 1].map(() => RoomWire.open(this.#service.port, distanceMs)))
    const pages = await Promise.all(rooms.map((room) => this.#page(lane, room, distanceMs > 0)))
    const [from, to] = pages
    if (!from || !to) throw new Error('a pair has two pages')
    await Promise.all(pages.map((page) => ready(page, lane)))
    return new Pair(lane, distanceMs, from, to)
  }

  async #page(lane: string, room: RoomWire, isWired: boolean): Promise<Page> {
    const context = await this.#browser.newContext()
    const page = await context.newPage()
    await page.exposeFunction('standInFor', (name: string, port: number) => this.#wires.get(name)?.portFor(port))
    const { port } = this.#server.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.waitForFunction(() => 'live' in globalThis)
    const roomUrl = `http://127.0.0.1:${room.port}/n/${lane}`
    await page.evaluate(([name, url, wired]) => globalThis.live.join(name, url, wired), [
      lane,
      roomUrl,
      isWired,
    ] as const)
    return page
  }
}

class Pair {
  readonly #lane: string
  readonly #distanceMs: number
  readonly #from: Page
  readonly #to: Page

  constructor(lane: string, distanceMs: number, from: Page, to: Page) {
    this.#lane = lane
    this.#distanceMs = distanceMs
    this.#from = from
    this.#to = to
  }

  async measure(round: number): Promise<Omit<Sample, keyof Watched>> {
    const text = `message ${round}`
    const taskId = `entry ${round}`
    const saidAtMs = await this.#from.evaluate(([lane, what]) => globalThis.live.say(lane, what), [
      this.#lane,
      text,
    ] as const)
    const messageMs = (await this.#seen(text)) - saidAtMs
    await sleep(BETWEEN_MS)
    const { startedAtMs, madeAtMs } = await this.#from.evaluate(
      ([lane, what]) => globalThis.live.contribute(lane, what),
      [this.#lane, taskId] as const,
    )
    const seenAtMs = await this.#seen(taskId)
    await sleep(BETWEEN_MS)
    return {
      distanceMs: this.#distanceMs,
      messageMs,
      fromMadeMs: seenAtMs - madeAtMs,
      fromCallMs: seenAtMs - startedAtMs,
    }
  }

  async end(): Promise<void> {
    await Promise.all(
      [this.#from, this.#to].map(async (page) => {
        await page.evaluate((lane) => globalThis.live.leave(lane), this.#lane)
        await page.context().close()
      }),
    )
  }

  async #seen(text: string): Promise<number> {
    for (;;) {
      const atMs = await this.#to.evaluate((what) => globalThis.live.seenAtMs(what), text)
      if (atMs !== undefined) return atMs
      await sleep(LOOK_MS)
    }
  }
}

async function ready(page: Page, lane: string): Promise<void> {
  await page.waitForFunction((name) => globalThis.live.isReady(name), lane, { timeout: READY_MS })
}

async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: ['test/bench/ledger/live-page.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    ignoreAnnotations: true,
    write: false,
  })
  const script = (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script')
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...ISOLATION })
    response.end(`<!doctype html><script type="module">${script}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function finding(samples: readonly Sample[], note: string): Finding {
  const rows = DISTANCES_MS.flatMap((distanceMs): Row[] => {
    const all = samples.filter((sample) => sample.distanceMs === distanceMs)
    const messages = all.map(({ messageMs }) => messageMs)
    const row = (what: string, times: readonly number[], bar?: number): Row => {
      const texts = { what: `${what}, ${distanceMs} ms away, ms`, ours: tail(times), control: tail(messages) }
      if (distanceMs === 0) return { ...texts, value: median(times) - median(messages), unit: ' ms more' }
      return { ...texts, value: median(times) / median(messages), unit: ' ×', ...(bar !== undefined && { bar }) }
    }
    return [
      row(
        'an entry, from made to seen',
        all.map(({ fromMadeMs }) => fromMadeMs),
        BAR,
      ),
      row(
        'an entry, from contribute() to seen',
        all.map(({ fromCallMs }) => fromCallMs),
      ),
    ]
  })
  const notes = [
    note,
    'Two pages on a direct path, with ledgers in IndexedDB. Control: a message of the application’s on the same link, one way, in the same round. Cells: median, p95; ratios of medians where there is a distance, as in the benches of links.',
    'Made: signed and safely kept (IndexedDB, `durability: strict`), when peers get it. Seen: verified, and part of the other page’s ledger. From contribute(): choosing parents, signing, checking and keeping included.',
  ]
  return { title: 'A new entry, from page to page', rows, notes, samples }
}

function tail(times: readonly number[]): string {
  return `${figure(median(times))}, p95 ${figure(quantile(times, 0.95))}`
}
