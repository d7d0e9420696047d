/** Own contributions on the page, and the ledger as a file. */
import { describe, expect, it } from 'vitest'
import { importWords, linesOf } from '../../client/page/contributions/ledger-files.ts'
import { latestOf, MAX_SHOWN_CONTRIBUTIONS, ownHistory } from '../../client/page/contributions/own-history.ts'
import { fileName } from '../../client/page/download.ts'
import type { LedgerEntry } from '../../client/qdag/api.ts'

function entry(number: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: `id-${number}`,
    contributor: 'mine',
    writer: 'w',
    seq: number,
    tsMs: number * 1_000,
    taskId: `task/${number}`,
    computeUnits: 250,
    credits: 2,
    parents: [],
    isConfirmed: number % 2 === 0,
    ...more,
  }
}

async function* entries(count: number): AsyncGenerator<LedgerEntry> {
  for (let i = 0; i < count; i++) yield entry(i)
}

const STATISTICS = {
  contributor: 'mine',
  entries: 1_234,
  confirmedEntries: 1_200,
  credits: 2_468,
  attestedCredits: 0,
  isForked: false,
  lastTsMs: 0,
}

describe('own contributions', () => {
  it('are listed, the newest first, with what they come to', async () => {
    const latest = await latestOf(entries(5))
    const history = ownHistory(STATISTICS, 308_500, latest)
    expect(history.figures.map(({ term, value }) => `${term} ${value}`)).toEqual([
      'Credits 2,468',
      'Tasks 1,234',
      'Confirmed 1,200',
      'Units 308,500',
    ])
    expect(history.rows.map(({ taskId, units, confirmation }) => [taskId, units, confirmation])).toEqual(
      [4, 3, 2, 1, 0].map((i) => [`task/${i}`, '250 units', i % 2 === 0 ? 'confirmed' : 'waiting']),
    )
    expect(history.note).toBe('The latest 5 of 1,234.')
  })

  it('may be any number: the latest of them are shown', async () => {
    const latest = await latestOf(entries(5_000))
    expect(latest).toHaveLength(MAX_SHOWN_CONTRIBUTIONS)
    expect(latest[0]?.seq).toBe(4_999)
    expect(latest.at(-1)?.seq).toBe(5_000 - MAX_SHOWN_CONTRIBUTIONS)
  })

  it('may be none', () => {
    expect(ownHistory(undefined, 0, [])).toMatchObject({ rows: [], note: expect.stringContaining('nothing') as string })
  })
})

describe('the ledger as a file', () => {
  const lines = async (...parts: string[]) => Array.fromAsync(linesOf(new Blob(parts)))

  it('is read line by line, wherever its parts end', async () => {
    expect(await lines('a\nb', 'c\n', '\nd')).toEqual(['a', 'bc', '', 'd'])
    expect(await lines('')).toEqual([])
    expect(await lines('ä\n€')).toEqual(['ä', '€'])
  })

  it('without line ends is cut before it fills the memory', async () => {
    const read = await lines('x'.repeat(300_000))
    expect(read.length).toBeGreaterThan(1)
    expect(read.join('')).toHaveLength(300_000)
  })

  it('is told about in a sentence', () => {
    expect(importWords({ added: 3, known: 1, orphans: 0, rejected: [], rejectedMore: 0 })).toBe(
      '3 new entries, 1 known one.',
    )
    expect(
      importWords({ added: 0, known: 0, orphans: 2, rejected: [{ line: 4, reason: 'signature' }], rejectedMore: 2 }),
    ).toBe(
      '0 new entries, 0 known ones. 2 entries wait for others that the file does not have. 3 lines refused, the first of them line 4: signature.',
    )
  })

  it('has a name that no network can bend', () => {
    expect(fileName('ledger-mainnet', 'jsonl')).toBe('ledger-mainnet.jsonl')
    expect(fileName('ledger-../../etc/passwd\u202E', 'jsonl')).toBe('ledger-etc-passwd.jsonl')
    expect(fileName('<>', 'json')).toBe('edge-net.json')
    expect(fileName('x'.repeat(500), 'json')).toHaveLength(45)
  })
})
