/** What was measured of a peer lately, and how it was reached meanwhile: what a plot shows. Bounded in time and number. */
import { durationWords, REACH_WORDS, type Reach } from '../words.ts'

export const HISTORY_MS = 300_000
/** A nudged link may be measured more often than the plot has pixels. */
const MAX_SAMPLES = 600
/** A plot begins narrow, so that the first seconds are not a speck. */
const WINDOWS_MS = [15_000, 30_000, 60_000, 120_000, HISTORY_MS]

export interface Sample {
  readonly atMs: number
  readonly rttMs: number
}

/** From this time on the peer was reached this way. */
export interface Turn {
  readonly atMs: number
  readonly reach: Reach
}

export interface History {
  readonly samples: readonly Sample[]
  /** Never empty; the first one may lie before everything that is shown. */
  readonly turns: readonly Turn[]
}

export function newHistory(reach: Reach, atMs: number): History {
  return { samples: [], turns: [{ atMs, reach }] }
}

export function withSample({ samples, turns }: History, sample: Sample): History {
  const sinceMs = sample.atMs - HISTORY_MS
  return { turns, samples: [...samples.filter(({ atMs }) => atMs >= sinceMs), sample].slice(-MAX_SAMPLES) }
}

/** The same history when the way is the same: news of a path's ends are no turn. */
export function withTurn(history: History, turn: Turn): History {
  const { samples, turns } = history
  if (turns.at(-1)?.reach === turn.reach) return history
  const sinceMs = turn.atMs - HISTORY_MS
  // The last turn before the window says how the window begins.
  const kept = turns.filter((_, i) => (turns[i + 1]?.atMs ?? Infinity) >= sinceMs).slice(-MAX_SAMPLES)
  return { samples, turns: [...kept, turn] }
}

/** One way of reaching the peer, from one time to another, in seconds before now. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly reach: Reach
}

export interface Plotted {
  readonly windowSeconds: number
  /** Seconds before now, as negative numbers, rising. */
  readonly xs: number[]
  /** Milliseconds; `null` where the line breaks. */
  readonly ys: (number | null)[]
  readonly spans: readonly Span[]
}

export function plotted({ samples, turns }: History, nowMs: number): Plotted {
  const seconds = (atMs: number) => (atMs - nowMs) / 1_000
  const ageMs = nowMs - Math.min(turns[0]?.atMs ?? nowMs, samples[0]?.atMs ?? nowMs)
  const windowMs = WINDOWS_MS.find((ms) => ms >= ageMs) ?? HISTORY_MS
  const shown = samples.filter(({ atMs }) => atMs >= nowMs - windowMs)
  // What was measured on one path does not continue on another.
  const breaks = turns.slice(1).map(({ atMs }) => ({ atMs, rttMs: null }))
  const points = [...shown, ...breaks].toSorted((a, b) => a.atMs - b.atMs)
  const spans = turns.map(({ atMs, reach }, i) => ({
    from: Math.max(seconds(atMs), -windowMs / 1_000),
    to: seconds(turns[i + 1]?.atMs ?? nowMs),
    reach,
  }))
  return {
    windowSeconds: windowMs / 1_000,
    xs: points.map(({ atMs }) => seconds(atMs)),
    ys: points.map(({ rttMs }) => rttMs),
    spans: spans.filter(({ to }) => to > -windowMs / 1_000),
  }
}

/** What the plot shows, for who does not see it. */
export function historyWords({ samples, turns }: History): string {
  const rtts = samples.map(({ rttMs }) => rttMs)
  const latest = rtts.at(-1)
  const range =
    latest === undefined
      ? 'not measured yet'
      : `now ${durationWords(latest)}, between ${durationWords(Math.min(...rtts))} and ${durationWords(Math.max(...rtts))}`
  const ways = turns.map(({ reach }) => REACH_WORDS[reach]).join(', then ')
  return `Round trips of the last minutes: ${range}. Reached by: ${ways}.`
}
