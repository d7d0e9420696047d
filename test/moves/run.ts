/**
 * `npm run test:moves`: a thousand and more forced moves, between two pages, a page and a Node process, and two Node
 * processes, each pair with a room, a wire and air of its own. `EDGE_NET_MOVES` and `EDGE_NET_SEED` change how many and which;
 * `EDGE_NET_MINUTES` ends it early; `EDGE_NET_PAIR=page~node` and `EDGE_NET_FAULT='path cut'` narrow it down. Wants a build.
 */
import { launchChromium } from '../support/chromium.ts'
import { FAULTS } from './faults.ts'
import { report } from './report.ts'
import type { Runtime } from './remote-endpoint.ts'
import { runTrial } from './trial.ts'

/** mDNS names would hide the addresses that stand-ins are made for. */
const WITH_ADDRESSES = ['--disable-features=WebRtcHideLocalIpsWithMdns']
const PAIRS: readonly (readonly [Runtime, Runtime])[] = [
  ['page', 'page'],
  ['page', 'node'],
  ['node', 'node'],
]
const PROGRESS_EVERY = 25

const { EDGE_NET_MOVES = '1020', EDGE_NET_SEED, EDGE_NET_PAIR, EDGE_NET_FAULT, EDGE_NET_MINUTES } = process.env
const seed = Number(EDGE_NET_SEED ?? Date.now() % 1_000_000)
const pairs = PAIRS.filter((pair) => !EDGE_NET_PAIR || pair.join('~') === EDGE_NET_PAIR)
const faults = EDGE_NET_FAULT ? FAULTS.filter(({ name }) => name === EDGE_NET_FAULT) : undefined
if (pairs.length === 0 || faults?.length === 0) throw new Error('no such pair or fault')
const moves = Math.ceil(Number(EDGE_NET_MOVES) / pairs.length)
console.log(`seed ${seed}: ${moves} forced moves each for ${pairs.map((pair) => pair.join('~')).join(', ')}`)

const startedMs = performance.now()
const signal = AbortSignal.timeout(Number(EDGE_NET_MINUTES ?? 600) * 60_000)
const browser = await launchChromium(WITH_ADDRESSES)
try {
  const outcomes = await Promise.allSettled(
    pairs.map((pair) =>
      runTrial({
        pair,
        moves,
        seed,
        signal,
        browser,
        withSlow: true,
        ...(faults && { faults }),
        onMove: (number) => {
          if (number % PROGRESS_EVERY !== 0 && number !== moves) return
          const minutes = (performance.now() - startedMs) / 60_000
          console.log(`${minutes.toFixed(1).padStart(6)} min  ${pair.join('~')}  ${number} of ${moves}`)
        },
      }).catch((error: unknown) => {
        process.exitCode = 1
        console.error(`\nfailed: ${String(error)}`)
        throw error
      }),
    ),
  )
  const results = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  for (const result of results) console.log(`\n${result.pair}\n${report([result])}`)
  if (results.length > 1) console.log(`\nall\n${report(results)}`)
} finally {
  await browser.close()
}
