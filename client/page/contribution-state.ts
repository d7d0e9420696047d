/** What the page knows of the work that it does itself, as a pure reducer beside state.ts. */
import type { ComputeReport, FinishedPiece } from '../compute/messages.ts'

/** The rate is that of the last seconds: long enough for a small share to be seen, short enough to follow the slider. */
const RATE_OVER_MS = 8_000
/** Before that a rate is noise. */
const RATE_FROM_MS = 1_000
/** Reports come four times a second; this is more than the window holds. */
const MAX_SAMPLES = 64

export interface ContributionState {
  readonly isOn: boolean
  /** The share of one core's time that the person gives, above 0 to 1. */
  readonly share: number
  /** The piece that is being worked on. */
  readonly current: { readonly taskId: string; readonly fraction: number; readonly computeUnits: number } | undefined
  /** What was recorded in this visit. */
  readonly tasks: number
  readonly computeUnits: number
  readonly last: FinishedPiece | undefined
  /** How many units were done at which time, since the work or its share last changed. */
  readonly samples: readonly { readonly atMs: number; readonly units: number }[]
  /** Units of the finished pieces that the samples count from. */
  readonly finishedUnits: number
  readonly fault: string
}

export type ContributionEvent =
  /** The person starts or stops. */
  | { readonly type: 'contributing'; readonly isOn: boolean }
  | { readonly type: 'share'; readonly share: number }
  | { readonly type: 'compute'; readonly report: ComputeReport; readonly nowMs: number }
  /** A piece is in the ledger. */
  | { readonly type: 'contributed'; readonly piece: FinishedPiece }
  | { readonly type: 'contribution-failed'; readonly message: string }

export function initialContribution(share: number): ContributionState {
  return {
    isOn: false,
    share,
    current: undefined,
    tasks: 0,
    computeUnits: 0,
    last: undefined,
    samples: [],
    finishedUnits: 0,
    fault: '',
  }
}

export function reduceContribution(state: ContributionState, event: ContributionEvent): ContributionState {
  switch (event.type) {
    case 'contributing':
      return event.isOn ? { ...state, isOn: true, samples: [], fault: '' } : stopped(state)
    case 'share':
      return event.share === state.share ? state : { ...state, share: event.share, samples: [] }
    case 'compute':
      return withReport(state, event.report, event.nowMs)
    case 'contributed': {
      const { piece } = event
      return { ...state, tasks: state.tasks + 1, computeUnits: state.computeUnits + piece.computeUnits, last: piece }
    }
    case 'contribution-failed':
      return { ...stopped(state), fault: event.message }
    default:
      return event satisfies never
  }
}

/** The piece stays: the next start goes on with it. */
export function stopped(state: ContributionState): ContributionState {
  return { ...state, isOn: false, samples: [] }
}

/** Units per second of late; `undefined` while nobody can tell. */
export function unitsPerSecond({ samples }: ContributionState): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.atMs - first.atMs < RATE_FROM_MS) return undefined
  return ((last.units - first.units) * 1_000) / (last.atMs - first.atMs)
}

function withReport(state: ContributionState, report: ComputeReport, nowMs: number): ContributionState {
  switch (report.type) {
    case 'progress': {
      const { taskId, fraction, computeUnits } = report
      return sampled({ ...state, current: { taskId, fraction, computeUnits } }, nowMs)
    }
    case 'done': {
      // Told once it is hashed: the next piece may have begun meanwhile.
      const isCurrent = state.current?.taskId === report.piece.taskId
      const finishedUnits = state.finishedUnits + report.piece.computeUnits
      return sampled({ ...state, finishedUnits, current: isCurrent ? undefined : state.current }, nowMs)
    }
    case 'stopped':
      return state
    case 'failed':
      return { ...stopped(state), fault: report.message }
    default:
      return report satisfies never
  }
}

function sampled(state: ContributionState, atMs: number): ContributionState {
  if (!state.isOn) return state
  const units = state.finishedUnits + (state.current?.computeUnits ?? 0)
  const samples = [...state.samples, { atMs, units }].filter((sample) => sample.atMs >= atMs - RATE_OVER_MS)
  return { ...state, samples: samples.slice(-MAX_SAMPLES) }
}
