import { describe, expect, it } from 'vitest'
import { pingLines, type PingEvent } from '../../client/node/ping/report.ts'
import { Series } from '../../client/node/ping/statistics.ts'
import { meant } from '../../client/node/ping/target.ts'
import { pingOptions } from '../../client/node/options.ts'
import { styleFor } from '../../client/node/terminal.ts'

describe('a series of pings', () => {
  it('sums up what was answered', () => {
    const series = new Series()
    for (const rttMs of [10, 12, 8, 10]) {
      series.send()
      series.answered(rttMs)
    }
    expect(series.statistics()).toEqual({
      sent: 4,
      answered: 4,
      loss: 0,
      minMs: 8,
      avgMs: 10,
      maxMs: 12,
      jitterMs: 2.7,
    })
  })

  it('counts as lost what was, and as nothing what is still under way', () => {
    const series = new Series()
    expect([series.send(), series.send(), series.send()]).toEqual([1, 2, 3])
    series.answered(5)
    series.lost()
    expect(series.statistics()).toMatchObject({ sent: 3, answered: 1, loss: 0.5, jitterMs: 0 })
  })

  it('has no times where nothing was answered', () => {
    const series = new Series()
    series.send()
    series.lost()
    expect(series.statistics()).toEqual({ sent: 1, answered: 0, loss: 1 })
    expect(new Series().statistics()).toEqual({ sent: 0, answered: 0, loss: 0 })
  })
})

describe('which peer is meant', () => {
  const ada = { id: 'Qw81kZpR7tV1nB5cD8fG4h', name: 'Ada' }
  const bob = { id: 'Qw9xkZpR7tV1nB5cD8fG4h', name: 'Bob' }
  const trickster = { id: 'Zz9xkZpR7tV1nB5cD8fG4h', name: ada.id }

  it('is told by id, by the beginning of one, or by name', () => {
    expect(meant(ada.id, [ada, bob])).toEqual([ada])
    expect(meant('Qw8', [ada, bob])).toEqual([ada])
    expect(meant('Bob', [ada, bob])).toEqual([bob])
    expect(meant('nobody', [ada, bob])).toEqual([])
  })

  it('can be several', () => {
    expect(meant('Qw', [ada, bob])).toEqual([ada, bob])
    expect(meant('Ada', [ada, { ...bob, name: 'Ada' }])).toHaveLength(2)
  })

  it('is never one who calls itself by the id of another', () => {
    expect(meant(ada.id, [trickster, ada])).toEqual([ada])
  })
})

describe('the arguments of ping', () => {
  it('have defaults', () => {
    expect(pingOptions({}, {})).toMatchObject({ count: Infinity, intervalMs: 1_000, waitMs: 10_000 })
    expect(pingOptions({ count: '3', interval: '0.1' }, {})).toMatchObject({ count: 3, intervalMs: 100 })
  })

  it.each([{ count: '0' }, { count: '1.5' }, { count: '' }, { interval: '0.05' }, { interval: 'x' }, { wait: '-1' }])(
    'are refused when wrong: %o',
    (flags) => expect(() => pingOptions(flags, {})).toThrow(/--(count|interval|wait)/),
  )
})

describe('lines of ping', () => {
  const peer = {
    id: 'Qw81kZpR',
    siteId: 's',
    name: 'a\u001b[2Jb',
    capabilities: [],
    rtc: true,
    state: 'verified',
    path: { kind: 'relay' },
    isNeighbour: false,
  } as const
  const line = (event: PingEvent) => pingLines({ ...event, sinceMs: 1 }, styleFor(false))

  it('show what strangers call themselves without obeying it', () => {
    expect(line({ event: 'reply', peer, seq: 3, rttMs: 1.25, path: peer.path })).toBe(
      'a\\u001b[2Jb (Qw81kZ): seq 3, 1.3 ms, relay',
    )
  })

  it('sum up with and without times', () => {
    const some = { sent: 4, answered: 3, loss: 0.25, minMs: 1, avgMs: 2, maxMs: 3, jitterMs: 0.5 }
    expect(line({ event: 'summary', peer, ...some })).toContain(
      '4 sent, 3 answered, 25 % lost\n  min 1.0 ms, avg 2.0 ms, max 3.0 ms, jitter 0.5 ms',
    )
    expect(line({ event: 'summary', peer, sent: 1, answered: 0, loss: 1 })).toMatch(/1 sent, 0 answered, 100 % lost$/)
  })
})
