/** What `edge-net ledger` does with a ledger, apart from where it comes from. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Inspection } from '../../client/node/ledger-command/inspect.ts'
import { ledgerOptions, showOptions } from '../../client/node/ledger-command/options.ts'
import { ledgerWriter, type LedgerEvent } from '../../client/node/ledger-command/report.ts'
import { show } from '../../client/node/ledger-command/show.ts'
import { timeOf, timeWords } from '../../client/node/ledger-command/time.ts'
import { verify } from '../../client/node/ledger-command/verify.ts'
import { styleFor } from '../../client/node/terminal.ts'
import type { EntryFilter, LedgerEntry, NetworkLedger } from '../../client/qdag/api.ts'
import { CREDITS, ENTRY, fakeLedger, STATISTICS } from '../support/fake-ledger.ts'

const SILENT = { show: () => undefined, clear: () => undefined }
const NEVER = new AbortController().signal

let told: LedgerEvent[]
const tell = (event: LedgerEvent) => void told.push(event)
beforeEach(() => void (told = []))

describe('times', () => {
  const now = Date.UTC(2026, 10, 22, 12)

  it.each([
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2026-11-22T10:30', Date.UTC(2026, 10, 22, 10, 30)],
    ['2026-11-22 10:30:15.250', Date.UTC(2026, 10, 22, 10, 30, 15, 250)],
    ['2026-11-22T10:30+02:00', Date.UTC(2026, 10, 22, 8, 30)],
    ['2026-11-22 10:30:00Z', Date.UTC(2026, 10, 22, 10, 30)],
    ['90s', now - 90_000],
    ['15min', now - 900_000],
    ['1.5h', now - 5_400_000],
    ['7d', now - 604_800_000],
  ])('are points in UTC, or so long ago: %s', (text, ms) => expect(timeOf(text, '--from', now)).toBe(ms))

  it.each(['', 'yesterday', '10:30', '2026-13-01', '2026-11-22T25:00', '5', '5m', '-2h', '1e3'])(
    'are nothing else: "%s"',
    (text) => expect(() => timeOf(text, '--from', now)).toThrow('--from takes a time'),
  )

  it('are shown so that they can be given back', () => {
    expect(timeWords(now)).toBe('2026-11-22 12:00:00Z')
    expect(timeOf(timeWords(now), '--from', 0)).toBe(now)
    // The last one that an entry can have.
    expect(timeWords(2 ** 48 - 1)).toBe('+010889-08-02 05:31:50Z')
  })
})

describe('arguments of ledger', () => {
  it('have defaults: the local ledger, the ten latest entries', () => {
    expect(ledgerOptions({}, { EDGE_NET_DATA: '/srv/edge' })).toEqual({
      folder: '/srv/edge',
      json: false,
      sync: undefined,
    })
    expect(showOptions({}, 0)).toEqual({ filter: {}, last: 10 })
  })

  it('say what is shown', () => {
    const flags = { contributor: 'AA', task: 't', from: '2026-11-22', until: '2026-11-23', confirmed: true, last: '3' }
    expect(showOptions(flags, 0)).toEqual({
      filter: {
        contributor: 'AA',
        taskId: 't',
        fromMs: Date.UTC(2026, 10, 22),
        untilMs: Date.UTC(2026, 10, 23),
        isConfirmed: true,
      },
      last: 3,
    })
    expect(ledgerOptions({ sync: '5', direct: 'off' }, {}).sync).toMatchObject({
      withinMs: 5_000,
      join: { direct: 'off' },
    })
  })

  it.each([
    [{ from: 'x' }, '--from'],
    [{ until: 'x' }, '--until'],
    [{ from: '1h', until: '2h' }, '--from is not before --until'],
    [{ last: '-1' }, '--last'],
    [{ last: '1000000000' }, '--last'],
    [{ contributor: '' }, '--contributor'],
    [{ task: '' }, '--task'],
  ])('of show are refused when wrong: %o', (flags, named) => expect(() => showOptions(flags, 1e12)).toThrow(named))

  it.each([
    [{ data: '' }, '--data'],
    [{ sync: '0' }, '--sync'],
    [{ sync: '5', direct: 'x' }, '--direct'],
  ])('of all are refused when wrong: %o', (flags, named) => expect(() => ledgerOptions(flags, {})).toThrow(named))
})

describe('show', () => {
  const where = { name: 'mainnet', id: 'net-x', folder: '/srv/edge', siteId: 'B'.repeat(43) }
  const contributors = ['A', 'B', 'Ba'].map((id) => ({ ...CREDITS, contributor: id.padEnd(43, id) }))
  const numbered = (count: number) => Array.from({ length: count }, (_, seq): LedgerEntry => ({ ...ENTRY, seq }))
  const seqs = () => told.flatMap((event) => (event.event === 'entry' ? [event.entry.seq] : []))
  const asked: EntryFilter[] = []
  const ledger = (entries: readonly LedgerEntry[]): NetworkLedger =>
    fakeLedger({
      statistics: () => ({ ...STATISTICS, entries: entries.length }),
      contributors: () => contributors,
      forks: () => Promise.resolve([]),
      recent: (count) => Promise.resolve(entries.slice(-count)),
      async *entries(filter = {}) {
        asked.push(filter)
        yield* entries
      },
    })

  it('tells statistics, contributors with oneself among them, and the latest entries', async () => {
    await show(ledger(numbered(5)), where, { filter: {}, last: 2 }, tell)
    expect(told.map(({ event }) => event)).toEqual([
      'ledger',
      ...Array<string>(3).fill('contributor'),
      'entry',
      'entry',
    ])
    expect(told[0]).toEqual({
      event: 'ledger',
      name: 'mainnet',
      id: 'net-x',
      folder: '/srv/edge',
      ...STATISTICS,
      entries: 5,
    })
    expect(told.map((event) => event.event === 'contributor' && event.isSelf)).toEqual([
      false,
      false,
      true,
      ...Array(3).fill(false),
    ])
    expect(seqs()).toEqual([3, 4])
  })

  it.each([0, 1, 7, 1_000])('keeps the latest %i of all that fit, and counts them all', async (last) => {
    await show(ledger(numbered(500)), where, { filter: { taskId: 'task' }, last }, tell)
    const shown = Math.min(last, 500)
    expect(seqs()).toEqual(
      numbered(500)
        .slice(500 - shown)
        .map(({ seq }) => seq),
    )
    expect(told.at(-1)).toEqual({ event: 'matched', entries: 500, shown })
  })

  it('takes the beginning of a contributor’s id, if it is nobody else’s', async () => {
    await show(ledger([]), where, { filter: { contributor: 'BB' }, last: 1 }, tell)
    expect(asked.at(-1)).toEqual({ contributor: 'B'.repeat(43) })
    expect(told.filter(({ event }) => event === 'contributor')).toHaveLength(1)
    const shown = (contributor: string) => show(ledger([]), where, { filter: { contributor }, last: 1 }, tell)
    await expect(shown('B')).rejects.toThrow(`"B" means several contributors: ${'B'.repeat(43)}, `)
    await expect(shown('C')).rejects.toThrow('No contributor')
  })
})

describe('verify', () => {
  const verified = (faults: { id: string; reason: string }[], inspection: Inspection, ended = NEVER) => {
    const ledger = { statistics: () => STATISTICS, verify: () => Promise.resolve({ entries: 7, faults }) }
    return verify(fakeLedger(ledger), inspection, tell, SILENT, ended)
  }
  const { digest } = STATISTICS

  it('succeeds where there is no fault, and tells each that there is', async () => {
    expect(await verified([], { entries: 7, faults: [] })).toBe(0)
    expect(await verified([{ id: 'x', reason: 'signature' }], { entries: 7, faults: [] })).toBe(1)
    expect(told).toEqual([
      { event: 'verified', entries: 7, faults: 0, digest },
      { event: 'fault', id: 'x', reason: 'signature' },
      { event: 'verified', entries: 7, faults: 1, digest },
    ])
  })

  it('finds what opening has left out', async () => {
    const damaged = { id: 'segment 1 of 3', reason: 'damaged' }
    expect(await verified([], { entries: 1_031, faults: [damaged] })).toBe(1)
    expect(told).toEqual([
      { event: 'fault', ...damaged },
      { event: 'fault', id: '1,024 entries', reason: 'left out' },
      { event: 'verified', entries: 7, faults: 2, digest },
    ])
  })

  it('is not waited for when told to end', async () => {
    const ledger = fakeLedger({ statistics: () => STATISTICS, verify: () => new Promise(() => undefined) })
    const ending = verify(ledger, { entries: 0, faults: [] }, tell, SILENT, AbortSignal.abort(new Error('told to end')))
    await expect(ending).rejects.toThrow('told to end')
  })
})

describe('lines for people', () => {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  const OBEYED_BY_TERMINALS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/
  const HOSTILE = 'a\u001b]0;owned\u0007\u001b[2J\r\nfake line\u202e'
  const lines = (...events: LedgerEvent[]) => {
    const write = ledgerWriter(styleFor(false))
    return events.map((event) => write({ ...event, sinceMs: 1 }))
  }

  it('show a ledger as a whole', () => {
    const where = { name: 'mainnet', id: 'net-x', folder: '/srv/edge' }
    const statistics = { ...STATISTICS, entries: 1_234, confirmedEntries: 1_200, contributors: 1, tips: 2, credits: 20 }
    expect(lines({ event: 'ledger', ...where, ...statistics })).toEqual([
      `mainnet (net-x), kept in /srv/edge
1,234 entries by 1 contributor; 1,200 confirmed, by 3 others or more
20 credits, 0 of them attested by who asked for the work
2 tips, digest ${STATISTICS.digest}`,
    ])
    const troubled = { ...statistics, orphans: 1, parked: 2, forkedContributors: 1 }
    const text = lines({ event: 'ledger', ...where, ...troubled })[0] ?? ''
    expect(text.split('\n').slice(4)).toEqual([
      '1 entry waits for others to come before',
      '2 entries are ahead of the time, and waiting',
      '1 contributor has forked',
    ])
  })

  it('show contributors and entries in columns, each under a heading of their own', () => {
    const contributor = { event: 'contributor', ...CREDITS, credits: 1_234, isSelf: true, isForked: true } as const
    const [first, second, third, entry, other] = lines(
      contributor,
      { ...contributor, isSelf: false, isForked: false },
      { ...contributor, isSelf: false, isForked: false, isRemoved: true },
      { event: 'entry', entry: { ...ENTRY, isConfirmed: true } },
      { event: 'entry', entry: ENTRY },
    )
    expect(first).toMatch(/^\ncontributor {2}.*\nAAAAAAAAAAAA +1,234 +0 +0 +0 {2}2026-11-22 10:30:00Z you forked$/)
    expect(second).toMatch(/^AAAAAAAAAAAA .*Z$/)
    expect(third).toMatch(/^AAAAAAAAAAAA .*Z removed$/)
    expect(entry).toMatch(/^\ntime .*\n2026-11-22 10:30:00Z EEEEEEEEEEEE AAAAAAAAAAAA +2,097 task \(confirmed\)$/)
    expect(other).toMatch(/^2026.* task$/)
    const [head = '', line = ''] = first?.slice(1).split('\n') ?? []
    expect(head.indexOf('latest')).toBe(line.indexOf('2026'))
  })

  it('leave out contributors when there are too many to read', () => {
    const many = Array.from({ length: 25 }, () => ({ event: 'contributor', ...CREDITS, isSelf: false }) as const)
    const shown = lines(...many).filter((line) => line !== undefined)
    expect(shown).toHaveLength(21)
    expect(shown.at(-1)).toContain('--json')
  })

  it('say how catching up, verifying, exporting and importing ended', () => {
    expect(
      lines(
        { event: 'synced', peers: 2, live: 2, isComplete: true },
        { event: 'synced', peers: 2, live: 1, isComplete: false },
        { event: 'synced', peers: 0, live: 0, isComplete: true },
        { event: 'synced', peers: 0, live: 0, isComplete: false },
        { event: 'verified', entries: 2, faults: 0, digest: 'd' },
        { event: 'verified', entries: 2, faults: 1, digest: 'd' },
        { event: 'exported', entries: 1, file: 'ledger.jsonl' },
        { event: 'imported', added: 1, known: 2, orphans: 0, rejected: 0 },
        { event: 'imported', added: 0, known: 0, orphans: 3, rejected: 1 },
        { event: 'matched', entries: 30, shown: 10 },
        { event: 'matched', entries: 1, shown: 1 },
      ),
    ).toEqual([
      'caught up with 2 of 2 peers',
      'not everything may be here: caught up with 1 of 2 peers in time',
      'nobody else is there: this is what is kept here',
      'nobody answered in time: this is what is kept here',
      '2 entries checked: layout, ids, signatures, order; all is well, digest d',
      '2 entries checked: layout, ids, signatures, order; 1 fault',
      '1 entry in ledger.jsonl',
      '1 entry added, 2 known before',
      '0 entries added, 0 known before, 3 without what they build on, 1 line rejected',
      '\n30 entries fit, the latest 10 are shown',
      '\n1 entry fits',
    ])
  })

  it('show control characters of strangers instead of obeying them', () => {
    const shown = lines(
      { event: 'entry', entry: { ...ENTRY, taskId: HOSTILE } },
      { event: 'fault', id: 'x', reason: HOSTILE },
      { event: 'rejected', line: 1, reason: HOSTILE },
    )
    for (const line of shown) {
      expect(line).not.toMatch(OBEYED_BY_TERMINALS)
      expect(line).toContain('\\u001b[2J\\r\\nfake line\\u202e')
    }
  })
})
