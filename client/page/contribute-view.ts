/** What the page says about the work that it does itself: texts and flags, no DOM. */
import type { Fact } from '../explanation-words.ts'
import { unitsPerSecond } from './contribution-state.ts'
import { numberWords } from './number-words.ts'
import type { PageState } from './state.ts'

export interface ContributeView {
  readonly isOn: boolean
  readonly canStart: boolean
  readonly button: string
  readonly share: number
  readonly shareWords: string
  /** One line on what is going on, told to screen readers: it must not change with every report. */
  readonly status: string
  /** Of the current piece, 0 to 1; `undefined` when there is none. */
  readonly fraction: number | undefined
  readonly figures: readonly Fact[]
  readonly fault: string
}

export function contributeViewOf({ contribution, ledger, status }: PageState): ContributeView {
  const { isOn, share, tasks, computeUnits, current, fault } = contribution
  const isInRoom = status === 'open' || status === 'reconnecting'
  const canStart = isInRoom && ledger.statistics !== undefined
  const rate = isOn ? unitsPerSecond(contribution) : undefined
  return {
    isOn,
    canStart: canStart || isOn,
    button: isOn ? 'Stop' : 'Start contributing',
    share,
    shareWords: `${Math.round(share * 100)} %`,
    status: isOn ? 'Computing vector similarity' : current ? 'Stopped; the piece is kept' : 'Not computing',
    fraction: current?.fraction,
    figures: [
      { term: 'Tasks', value: numberWords(tasks) },
      { term: 'Units', value: numberWords(computeUnits) },
      { term: 'Rate', value: rate === undefined ? '–' : `${numberWords(Math.round(rate))}/s` },
      { term: 'Your credits', value: numberWords(ledger.own?.credits ?? 0) },
    ],
    fault,
  }
}
