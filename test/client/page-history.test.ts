import { describe, expect, it } from 'vitest'
import {
  HISTORY_MS,
  historyWords,
  newHistory,
  plotted,
  withSample,
  withTurn,
  type History,
} from '../../client/page/history.ts'

/** A sample each second from `fromMs`, so many. */
function sampled(history: History, fromMs: number, count: number): History {
  return Array.from({ length: count }).reduce<History>(
    (all, _, i) => withSample(all, { atMs: fromMs + i * 1_000, rttMs: i + 1 }),
    history,
  )
}

describe('the history of a peer', () => {
  it('keeps the last five minutes and no more, however many measurements there are', () => {
    const long = sampled(newHistory('relay', 0), 0, 1_000)
    expect(long.samples).toHaveLength(HISTORY_MS / 1_000 + 1)
    expect(long.samples.at(-1)).toEqual({ atMs: 999_000, rttMs: 1_000 })
    let flooded = newHistory('direct', 0)
    for (let i = 0; i < 5_000; i++) flooded = withSample(flooded, { atMs: i, rttMs: 1 })
    expect(flooded.samples.length).toBeLessThanOrEqual(600)
  })

  it('notes a turn when the way changes, and none when only its ends are told', () => {
    const direct = withTurn(newHistory('relay', 0), { atMs: 100, reach: 'direct' })
    expect(withTurn(direct, { atMs: 200, reach: 'direct' })).toBe(direct)
    expect(direct.turns.map(({ reach }) => reach)).toEqual(['relay', 'direct'])
  })

  it('remembers by which way the shown time begins, and forgets what was before', () => {
    let history = newHistory('relay', 0)
    for (let i = 1; i <= 40; i++) {
      history = withTurn(history, { atMs: i * 60_000, reach: i % 2 ? 'direct' : 'relay' })
    }
    expect(history.turns.length).toBeLessThanOrEqual(7)
    const { spans } = plotted(history, 40 * 60_000 + 30_000)
    expect(spans[0]).toMatchObject({ from: -HISTORY_MS / 1_000, reach: expect.stringMatching(/relay|direct/) })
    expect(spans.at(-1)).toEqual({ from: -30, to: 0, reach: 'relay' })
  })
})

describe('what is plotted', () => {
  it('runs up to now, and is as wide as there is something to show', () => {
    const short = plotted(sampled(newHistory('direct', 1_000), 1_000, 5), 6_000)
    expect(short).toMatchObject({ windowSeconds: 15, xs: [-5, -4, -3, -2, -1], ys: [1, 2, 3, 4, 5] })
    expect(plotted(sampled(newHistory('direct', 0), 0, 100), 100_000).windowSeconds).toBe(120)
    expect(plotted(newHistory('direct', 0), 10_000_000).windowSeconds).toBe(300)
  })

  it('breaks the line where the way changes', () => {
    const moved = withTurn(sampled(newHistory('relay', 0), 0, 2), { atMs: 1_500, reach: 'direct' })
    const { xs, ys, spans } = plotted(withSample(moved, { atMs: 2_000, rttMs: 9 }), 3_000)
    expect(ys).toEqual([1, 2, null, 9])
    expect(xs).toEqual([-3, -2, -1.5, -1])
    expect(spans).toEqual([
      { from: -3, to: -1.5, reach: 'relay' },
      { from: -1.5, to: 0, reach: 'direct' },
    ])
  })

  it('is said in words, too', () => {
    const moved = withTurn(sampled(newHistory('relay', 0), 0, 3), { atMs: 5_000, reach: 'stalled' })
    expect(historyWords(moved)).toBe(
      'Round trips of the last minutes: now 3.0 ms, between 1.0 ms and 3.0 ms. Reached by: Relay, then Reconnecting.',
    )
    expect(historyWords(newHistory('turn', 0))).toContain('not measured yet. Reached by: Via TURN.')
  })
})
