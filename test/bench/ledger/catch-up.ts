/**
 * How fast somebody who has nothing gets a verified ledger from somebody who has all of it: in Node and in a page, each
 * beside a loop that does nothing but verify the same signatures, in turns.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { openLedger } from '../../../client/node/ledger/index.ts'
import { signedMessage, type Entry } from '../../../client/qdag/entry.ts'
import { networkIdOf } from '../../../client/qdag/network-id.ts'
import { MemoryPlace, MemoryStore } from '../../../client/qdag/stores/memory-store.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { loopback } from '../../qdag/support/loopback.ts'
import { launchChromium } from '../../support/chromium.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { figure, median, spread } from '../stats.ts'
import { segmentsOf, signedHistory } from './signed-history.ts'

const NETWORK = 'catch-up'
const ENTRIES = 100_000
/** Of the task ids in the history. */
const TASK_BYTES = 27
const DEFAULT_ROUNDS = 5
const LOOK_MS = 2
const NODE_BAR = 1 / 0.88
const CHROMIUM_BAR = 1 / 0.85
/** A page's own bound: longer tasks are felt. */
const LONG_TASK_MS = 50

type Where = 'Node' | 'Chromium'

interface Sample extends Watched {
  readonly where: Where
  readonly side: 'ours' | 'control'
  readonly ms: number
  /** Of the slowest task of the page's main thread; 0 when none was long enough for the browser to tell. */
  readonly longestTaskMs?: number
}

interface Transfer {
  readonly batchBytes: number
  readonly metadataBytes: number
}

/** What the page offers. */
declare global {
  var catchUpPage: {
    load(segments: readonly string[]): Promise<void>
    ours(): Promise<{ ms: number; longestTaskMs: number }>
    control(): Promise<{ ms: number; longestTaskMs: number }>
  }
}

export async function catchUp({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const networkId = await networkIdOf(NETWORK)
  const entries = signedHistory(networkId, ENTRIES)
  const segments = segmentsOf(entries)
  const place = new MemoryPlace()
  place.segments.push(...segments)
  const source = await openLedger({ network: NETWORK, store: new MemoryStore(place) })
  const browser = await launchChromium()
  const server = await serve(segments)
  try {
    const page = await open(await browser.newPage(), server, segments.length)
    let transfer: Transfer = { batchBytes: 0, metadataBytes: 0 }
    const inNode = async () => {
      const ms = await timed(async () => {
        transfer = await catchUpInNode(source)
      })
      return { where: 'Node' as const, side: 'ours' as const, ms }
    }
    const rawInNode = async () => {
      const ms = await timed(async () => verifyAll(entries, networkId))
      return { where: 'Node' as const, side: 'control' as const, ms }
    }
    const inPage = async (side: 'ours' | 'control') => {
      const found = await page.evaluate((which) => catchUpPage[which](), side)
      return { where: 'Chromium' as const, side, ...found }
    }
    const measured = await quietRounds(rounds, async (round): Promise<Sample[]> => {
      const kinds: (() => Promise<Omit<Sample, keyof Watched>>)[] = [
        inNode,
        rawInNode,
        () => inPage('ours'),
        () => inPage('control'),
      ]
      const inTurns = round % 2 === 0 ? kinds : kinds.toReversed()
      const samples: Sample[] = []
      for (const measure of inTurns) samples.push(await watched(measure))
      return round % 2 === 0 ? samples : samples.toReversed()
    })
    return finding(measured.samples, measured.note, transfer)
  } finally {
    await source.close()
    await browser.close()
    server.close()
  }
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await act()
  return performance.now() - startedMs
}

async function catchUpInNode(source: Awaited<ReturnType<typeof openLedger>>): Promise<Transfer> {
  const receiver = await openLedger({ network: NETWORK })
  try {
    const wire = loopback(source, receiver)
    while (receiver.statistics().entries < ENTRIES) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    wire.part()
    const { sentBytes: fromSource } = wire.ends[0]
    const { sentBytes: fromReceiver } = wire.ends[1]
    return { batchBytes: fromSource, metadataBytes: fromReceiver }
  } finally {
    await receiver.close()
  }
}

/** What nobody can do without: each signature, one after the other, with keys that are parsed once. */
function verifyAll(entries: readonly Entry[], networkId: Bytes): void {
  const keys = new Map<string, KeyObject>()
  for (const { contributor, id, signature } of entries) {
    const name = Buffer.from(contributor).toString('base64url')
    const key = keys.get(name) ?? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: name }, format: 'jwk' })
    keys.set(name, key)
    if (!verify(null, signedMessage(networkId, id), key, signature)) throw new Error('a signature does not hold')
  }
}

async function open(page: Page, server: Server, segments: number): Promise<Page> {
  const { port } = server.address() as AddressInfo
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.waitForFunction(() => 'catchUpPage' in globalThis)
  await page.evaluate(
    (urls) => catchUpPage.load(urls),
    Array.from({ length: segments }, (_, i) => `/segment/${i}`),
  )
  return page
}

async function serve(segments: readonly Bytes[]): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: ['test/bench/ledger/catch-up-page.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    ignoreAnnotations: true,
    write: false,
  })
  const script = (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script')
  const page = `<!doctype html><script type="module">${script}</script>`
  const server = createServer((request, response) => {
    const number = /^\/segment\/(\d+)$/.exec(request.url ?? '')?.[1]
    if (number === undefined) response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(number === undefined ? page : segments[Number(number)])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function finding(samples: readonly Sample[], note: string, { batchBytes, metadataBytes }: Transfer): Finding {
  const of = (where: Where, side: Sample['side']) =>
    samples.filter((sample) => sample.where === where && sample.side === side).map(({ ms }) => ms)
  const perSecond = (ms: readonly number[]) => `${figure(ENTRIES / (median(ms) / 1_000))} entries/s; ${spread(ms)} ms`
  const row = (where: Where, bar: number): Row => ({
    what: `verified catch-up of ${ENTRIES.toLocaleString('en')} entries, ${where} (bar: time of the loop)`,
    ours: perSecond(of(where, 'ours')),
    control: perSecond(of(where, 'control')),
    value: median(of(where, 'ours')) / median(of(where, 'control')),
    bar: Number(bar.toFixed(3)),
    unit: ' ×',
  })
  const tasks = samples.flatMap((sample) =>
    sample.side === 'ours' && sample.longestTaskMs !== undefined ? [sample.longestTaskMs] : [],
  )
  const longest = Math.max(...tasks)
  const perEntry = batchBytes / ENTRIES
  return {
    title: 'Catching up with a verified ledger',
    rows: [
      row('Node', NODE_BAR),
      row('Chromium', CHROMIUM_BAR),
      {
        what: `longest task of the page’s main thread meanwhile, the worst of all runs (browsers report those above ${LONG_TASK_MS} ms)`,
        ours: longest > 0 ? `${figure(longest)} ms` : `none in ${tasks.length} runs`,
        control: '',
        value: longest,
        bar: LONG_TASK_MS,
        unit: ' ms',
      },
      {
        what: 'bytes per entry in bulk, everything that the sender sends',
        ours: figure(perEntry),
        control: `${64 + TASK_BYTES + 8} (signature, task, 8)`,
        value: perEntry / (64 + TASK_BYTES + 8),
        bar: 1.25,
        unit: ' ×',
      },
      { what: 'bytes that the receiver sends meanwhile', ours: `${metadataBytes}`, control: '' },
    ],
    notes: [
      note,
      `${ENTRIES.toLocaleString('en')} entries by 200 contributors, each on two of the latest 16 and its contributor’s last one; task ids of ${TASK_BYTES} bytes; signed with Ed25519.`,
      'Ours: from the meeting of two ledgers in one process, or one page, until the empty one has everything, both in memory: sender, wire format, decoding, hashing, checking and bookkeeping included. Signatures are checked on threads in Node, and in Web Workers in the page.',
      'Control: node:crypto verify, one signature after the other on one thread, keys parsed once; in the page WebCrypto verify, 256 at a time, keys imported once. Neither decodes, hashes or keeps anything.',
    ],
    samples,
  }
}
