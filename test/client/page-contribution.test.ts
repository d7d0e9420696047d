import { describe, expect, it } from 'vitest'
import { contributeViewOf } from '../../client/page/contribute-view.ts'
import { parseSettings } from '../../client/page/settings.ts'
import { initialState, reduce, type PageEvent, type PageState } from '../../client/page/state.ts'

const PIECE = { taskId: 'vectors/1/a', computeUnits: 2_000, resultHash: 'hash', elapsedMs: 4_000 }
const STATISTICS = {
  entries: 0,
  confirmedEntries: 0,
  contributors: 0,
  tips: 0,
  credits: 0,
  attestedCredits: 0,
  forkedContributors: 0,
  orphans: 0,
  parked: 0,
  confirmations: 3,
  digest: '',
}
const NEWS = {
  isWhole: true,
  entries: [],
  confirmed: new Set<string>(),
  statistics: STATISTICS,
  contributors: [],
  own: undefined,
}
const IN_ROOM: PageEvent[] = [
  { type: 'identity', siteId: 'me', kept: true },
  { type: 'joined', peerId: 'p', networkId: 'n', total: 1 },
  { type: 'ledger', news: NEWS },
]
const START: PageEvent = { type: 'contributing', isOn: true }
const STOP: PageEvent = { type: 'contributing', isOn: false }

function after(...events: PageEvent[]): PageState {
  return events.reduce(reduce, initialState('mainnet', 0.5))
}

function progress(nowMs: number, computeUnits: number, taskId = PIECE.taskId): PageEvent {
  return { type: 'compute', nowMs, report: { type: 'progress', taskId, computeUnits, fraction: computeUnits / 2_000 } }
}

function done(nowMs: number): PageEvent {
  return { type: 'compute', nowMs, report: { type: 'done', piece: PIECE } }
}

function figures(state: PageState): Record<string, string> {
  return Object.fromEntries(contributeViewOf(state).figures.map(({ term, value }) => [term, value]))
}

describe('contributing', () => {
  it('can be started once there is a room and a ledger', () => {
    expect(contributeViewOf(after())).toMatchObject({ canStart: false, button: 'Start contributing' })
    expect(contributeViewOf(after(...IN_ROOM.slice(0, 2))).canStart).toBe(false)
    expect(contributeViewOf(after(...IN_ROOM)).canStart).toBe(true)
    expect(contributeViewOf(after(...IN_ROOM, START))).toMatchObject({ isOn: true, canStart: true, button: 'Stop' })
  })

  it('shows how far the piece is, and what is recorded when it is recorded', () => {
    const working = after(...IN_ROOM, START, progress(0, 500))
    expect(contributeViewOf(working)).toMatchObject({ fraction: 0.25, status: 'Computing vector similarity' })
    const computed = reduce(working, done(1_000))
    expect(figures(computed)).toMatchObject({ Tasks: '0', Units: '0' })
    expect(contributeViewOf(computed).fraction).toBeUndefined()
    expect(figures(reduce(computed, { type: 'contributed', piece: PIECE }))).toMatchObject({
      Tasks: '1',
      Units: '2,000',
    })
  })

  it('keeps the progress of the next piece when the result of the last one comes after it began', () => {
    const state = after(...IN_ROOM, START, progress(0, 1_990), progress(250, 20, 'vectors/1/b'), done(260))
    expect(contributeViewOf(state).fraction).toBe(0.01)
  })

  it('tells the rate of the last seconds, over the ends of pieces, and none before it can be told', () => {
    const begun = after(...IN_ROOM, START, progress(0, 0), progress(500, 250))
    expect(figures(begun)['Rate']).toBe('–')
    const events = [progress(2_000, 1_000), progress(3_900, 1_950), done(4_000), progress(5_000, 500, 'vectors/1/b')]
    const later = events.reduce(reduce, begun)
    expect(figures(later)['Rate']).toBe('500/s')
    const slower = Array.from({ length: 60 }, (_, i) => progress(5_250 + i * 250, 500 + i * 25, 'vectors/1/b'))
    expect(figures(slower.reduce(reduce, later))['Rate']).toBe('100/s')
  })

  it('measures the rate anew when the share changes or the work goes on', () => {
    const running = after(...IN_ROOM, START, progress(0, 0), progress(4_000, 2_000))
    expect(figures(reduce(running, { type: 'share', share: 0.9 }))['Rate']).toBe('–')
    expect(figures([STOP, START].reduce(reduce, running))['Rate']).toBe('–')
  })

  it('keeps the piece when stopped', () => {
    const state = after(...IN_ROOM, START, progress(0, 500), STOP, {
      type: 'compute',
      nowMs: 1,
      report: { type: 'stopped' },
    })
    expect(contributeViewOf(state)).toMatchObject({
      isOn: false,
      fraction: 0.25,
      button: 'Start contributing',
      status: 'Stopped; the piece is kept',
    })
  })

  it('stops when the stay in the room ends, and goes on while the room is only out of reach', () => {
    const running = after(...IN_ROOM, START)
    expect(reduce(running, { type: 'left' }).contribution.isOn).toBe(false)
    expect(reduce(running, { type: 'state', state: 'closed' }).contribution.isOn).toBe(false)
    expect(reduce(running, { type: 'state', state: 'reconnecting' }).contribution.isOn).toBe(true)
    expect(contributeViewOf(reduce(running, { type: 'left' })).canStart).toBe(false)
  })

  it('stops with the reason when computing or recording fails, and forgets it with the next start', () => {
    const broken = after(...IN_ROOM, START, {
      type: 'compute',
      nowMs: 1,
      report: { type: 'failed', message: 'no memory' },
    })
    expect(contributeViewOf(broken)).toMatchObject({ isOn: false, fault: 'no memory' })
    const unrecorded = after(...IN_ROOM, START, { type: 'contribution-failed', message: 'Not recorded: full' })
    expect(contributeViewOf(unrecorded)).toMatchObject({ isOn: false, fault: 'Not recorded: full' })
    expect(contributeViewOf(reduce(unrecorded, START)).fault).toBe('')
  })

  it('counts on over a new stay in the room', () => {
    const state = after(...IN_ROOM, START, { type: 'contributed', piece: PIECE }, { type: 'joining' }, ...IN_ROOM)
    expect(figures(state)).toMatchObject({ Tasks: '1' })
    expect(state.contribution).toMatchObject({ isOn: true, share: 0.5 })
  })

  it('bounds what it remembers of the past', () => {
    const events = Array.from({ length: 1_000 }, (_, i) => progress(i, i))
    expect(after(...IN_ROOM, START, ...events).contribution.samples.length).toBeLessThanOrEqual(64)
  })
})

describe('the share that is remembered', () => {
  it('is what was chosen, or half a core when what is stored makes no sense', () => {
    expect(parseSettings('{"name":"Ada","share":0.25}')).toEqual({ name: 'Ada', direct: true, share: 0.25 })
    for (const share of ['0', '-1', '2', '"1"', 'null']) {
      expect(parseSettings(`{"share":${share}}`).share).toBe(0.5)
    }
    expect(parseSettings(null).share).toBe(0.5)
  })
})
