/**
 * A link under traffic is forced from path to path, and no message is lost, repeated or overtaken: between two pages, a
 * page and a Node process, and two Node processes, in a real room. `npm run test:moves` does it a thousand times and more.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { report } from '../moves/report.ts'
import { runTrial, type TrialResult } from '../moves/trial.ts'
import { launchChromium } from '../support/chromium.ts'

/** Together more than fifty, and every kind of fault at least once for each pair. */
const MOVES = 17
const TIMEOUT_MS = 600_000
const seed = Number(process.env['EDGE_NET_SEED'] ?? Date.now() % 1_000_000)
const results: TrialResult[] = []
let browser: Browser

beforeAll(async () => {
  browser = await launchChromium(['--disable-features=WebRtcHideLocalIpsWithMdns'])
})
afterAll(async () => {
  await browser.close()
  process.stdout.write(`${report(results)}\n`)
})

// Most of a trial is waiting for timers: side by side they take the time of the longest.
describe.concurrent(`forced moves under traffic, seed ${seed}`, () => {
  it.each([
    ['two pages', ['page', 'page']],
    ['a page and a Node process', ['page', 'node']],
    ['two Node processes', ['node', 'node']],
  ] as const)('lose, repeat and reorder nothing between %s', { timeout: TIMEOUT_MS }, async (_, pair) => {
    const result = await runTrial({ pair, moves: MOVES, seed, browser })
    results.push(result)
    expect(result.moves).toHaveLength(MOVES)
  })
})
