/** What `edge-net ledger` does with a ledger, apart from where it comes from. */
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportToFile, exportToStream } from '../../client/node/ledger-command/export.ts'
import { bytesOfFile, importLines } from '../../client/node/ledger-command/import.ts'
import { linesOf, MAX_LINE_CHARACTERS } from '../../client/node/ledger-command/lines.ts'
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
const aborted = () => AbortSignal.abort(new Error('told to end'))

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

describe('lines of a file', () => {
  const read = async (...chunks: string[]) => {
    const lines: string[] = []
    for await (const line of linesOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk, 'latin1')))))
      lines.push(line)
    return lines
  }

  it('are the same however they arrive', async () => {
    expect(await read('one\ntwo\r\n\nfour')).toEqual(['one', 'two', '', 'four'])
    expect(await read('o', 'ne\ntw', 'o\r', '\n', '\nfour', '\n')).toEqual(['one', 'two', '', 'four'])
    expect(await read()).toEqual([])
    // é in two bytes, torn apart.
    expect(await read('\u00c3', '\u00a9\n')).toEqual(['é'])
  })

  it('that never end fill no memory, and are one line', async () => {
    const long = 'x'.repeat(MAX_LINE_CHARACTERS)
    expect(await read('a\n', long, long, 'tail\nb')).toEqual(['a', long, 'b'])
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
  it('succeeds where there is no fault, and tells each that there is', async () => {
    const ledger = (faults: { id: string; reason: string }[]) =>
      fakeLedger({ statistics: () => STATISTICS, verify: () => Promise.resolve({ entries: 7, faults }) })
    expect(await verify(ledger([]), tell, SILENT, NEVER)).toBe(0)
    expect(await verify(ledger([{ id: 'x', reason: 'signature' }]), tell, SILENT, NEVER)).toBe(1)
    const { digest } = STATISTICS
    expect(told).toEqual([
      { event: 'verified', entries: 7, faults: 0, digest },
      { event: 'fault', id: 'x', reason: 'signature' },
      { event: 'verified', entries: 7, faults: 1, digest },
    ])
  })

  it('is not waited for when told to end', async () => {
    const ledger = fakeLedger({ statistics: () => STATISTICS, verify: () => new Promise(() => undefined) })
    await expect(verify(ledger, tell, SILENT, aborted())).rejects.toThrow('told to end')
  })
})

describe('export', () => {
  let folder: string
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'edge-net-export-'))))
  afterEach(() => rm(folder, { recursive: true }))

  const exporting = (lines: Iterable<string>): NetworkLedger =>
    fakeLedger({
      statistics: () => STATISTICS,
      async *export() {
        yield* lines
      },
    })
  const failing = function* () {
    yield '{"n":1}'
    throw new Error('cannot read on')
  }

  it('puts a whole file in the place of another', async () => {
    const file = join(folder, 'ledger.jsonl')
    await writeFile(file, 'what was there before')
    await exportToFile(exporting(['{"n":1}', '{"n":2}']), file, tell, SILENT, NEVER)
    expect(await readFile(file, 'utf8')).toBe('{"n":1}\n{"n":2}\n')
    expect(told).toEqual([{ event: 'exported', entries: 2, file }])
    expect(await readdir(folder)).toEqual(['ledger.jsonl'])
  })

  it('leaves what was there when it fails or is told to end', async () => {
    const file = join(folder, 'ledger.jsonl')
    await writeFile(file, 'what was there before')
    await expect(exportToFile(exporting(failing()), file, tell, SILENT, NEVER)).rejects.toThrow('cannot read on')
    await expect(exportToFile(exporting(['{}']), file, tell, SILENT, aborted())).rejects.toThrow('told to end')
    expect(await readFile(file, 'utf8')).toBe('what was there before')
    expect({ told, left: await readdir(folder) }).toEqual({ told: [], left: ['ledger.jsonl'] })
  })

  it('says why a file cannot be written', async () => {
    const into = (file: string) => exportToFile(exporting(['{}']), file, tell, SILENT, NEVER)
    await expect(into(join(folder, 'none', 'file'))).rejects.toMatchObject({
      message: expect.stringContaining('not there'),
    })
    await expect(into(folder)).rejects.toMatchObject({ hint: expect.stringContaining('--output') })
    expect(await readdir(folder)).toEqual([])
  })

  it('waits for who reads slowly, and ends without a word when nobody reads any more', async () => {
    const many = () => Array.from({ length: 20_000 }, (_, n) => JSON.stringify({ n, filler: 'x'.repeat(100) }))
    const slow = new PassThrough({ highWaterMark: 1_000 })
    let done = false
    const ending = exportToStream(exporting(many()), slow, SILENT, NEVER).then(() => {
      done = true
      slow.end()
    })
    await once(slow, 'readable')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(done).toBe(false)
    let text = ''
    for await (const chunk of slow.setEncoding('utf8')) text += chunk as string
    await ending
    expect(text.trimEnd().split('\n')).toEqual(many())

    const gone = new PassThrough({ highWaterMark: 1_000 })
    gone.on('error', () => undefined)
    const unread = exportToStream(exporting(many()), gone, SILENT, NEVER)
    await once(gone, 'readable')
    gone.destroy(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }))
    await unread
  })

  it('to a reader ends with what went wrong', async () => {
    const output = new PassThrough()
    await expect(exportToStream(exporting(failing()), output, SILENT, NEVER)).rejects.toThrow('cannot read on')
    await expect(exportToStream(exporting(['{}']), output, SILENT, aborted())).rejects.toThrow('told to end')
  })
})

describe('import', () => {
  const importing = (report: { orphans?: number; rejected?: { line: number; reason: string }[] } = {}): NetworkLedger =>
    fakeLedger({
      async import(lines) {
        let read = 0
        for await (const _ of lines) read++
        return { added: read, known: 0, orphans: 0, rejected: [], ...report }
      },
    })
  const bytes = (text: string) => Readable.from([Buffer.from(text)])

  it('hands on every line, and tells what became of them', async () => {
    expect(await importLines(importing(), bytes('a\nb\nc'), tell, SILENT, NEVER)).toBe(0)
    expect(told).toEqual([{ event: 'imported', added: 3, known: 0, orphans: 0, rejected: 0 }])
  })

  it('fails when something was not taken, and says which lines', async () => {
    const rejected = [{ line: 2, reason: 'signature' }]
    expect(await importLines(importing({ rejected }), bytes('a\nb'), tell, SILENT, NEVER)).toBe(1)
    expect(told[0]).toEqual({ event: 'rejected', line: 2, reason: 'signature' })
    expect(await importLines(importing({ orphans: 1 }), bytes('a\n'), tell, SILENT, NEVER)).toBe(1)
  })

  it('ends when told to, and says what cannot be read', async () => {
    await expect(importLines(importing(), bytes('a\n'), tell, SILENT, aborted())).rejects.toThrow('told to end')
    const absent = bytesOfFile('/no/such/file', NEVER)
    await expect(importLines(importing(), absent, tell, SILENT, NEVER)).rejects.toThrow('/no/such/file cannot be read')
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
    const [first, second, entry, other] = lines(
      contributor,
      { ...contributor, isSelf: false, isForked: false },
      { event: 'entry', entry: { ...ENTRY, isConfirmed: true } },
      { event: 'entry', entry: ENTRY },
    )
    expect(first).toMatch(/^\ncontributor {2}.*\nAAAAAAAAAAAA +1,234 +0 +0 +0 {2}2026-11-22 10:30:00Z you forked$/)
    expect(second).toMatch(/^AAAAAAAAAAAA .*Z$/)
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
      'nobody to catch up with: this is what is kept here',
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
