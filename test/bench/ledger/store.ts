/**
 * Keeping a ledger: segments in IndexedDB and in SQLite beside one put or insert for each entry, and own entries, each on
 * the disk before the next, beside the same without numbers and locks.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium, type Page } from 'playwright-core'
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import { SqliteStore } from '../../../client/node/ledger/sqlite-store.ts'
import { inTransaction, nodeSqlite } from '../../../client/node/ledger/sqlite.ts'
import { decodeEntry, encodeEntry } from '../../../client/qdag/entry.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { findChromium, FLAGS } from '../../support/chromium.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { median, spread } from '../stats.ts'
import type { StoreBench } from './store-page.ts'
import { ourSide, ratesOf, type Rates, type Side } from './store-sides.ts'

declare global {
  var storeBench: StoreBench
}

const DEFAULT_ROUNDS = 10
/** Twenty segments. */
const ENTRIES = 20_480
/** Of a side that takes fifty times as long. */
const FEW_ENTRIES = 2_048
const OWN = 100
const INSERTS_A_TRANSACTION = 256
/** A peer is some milliseconds away: what numbering adds to that is not to be felt. */
const OWN_ADDED_BAR_MS = 1

const KINDS = ['IndexedDB', 'SQLite'] as const
type Kind = (typeof KINDS)[number]

interface Sample extends Watched, Rates {
  readonly kind: Kind
  readonly side: 'ours' | 'plain'
}

export async function ledgerStore({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-net-bench-'))
  const opened = await openPage(join(folder, 'profile'))
  try {
    let files = 0
    const round = async (): Promise<Sample[]> => {
      const samples: Sample[] = []
      for (const side of ['ours', 'plain'] as const) {
        const counts = { entries: side === 'ours' ? ENTRIES : FEW_ENTRIES, own: OWN }
        const inPage = () =>
          opened.page.evaluate(([name, of]) => globalThis.storeBench.measure(name, of), [side, counts] as const)
        samples.push({ kind: 'IndexedDB', side, ...(await watched(inPage)) })
        const newPath = () => join(folder, `${files++}.sqlite`)
        const open = () => (side === 'ours' ? ourSide(new SqliteStore(newPath()), sha256) : plainSide(newPath()))
        const measured = await watched(() => ratesOf(open, { entries: ENTRIES, own: OWN }, sha256))
        samples.push({ kind: 'SQLite', side, ...measured })
      }
      return samples
    }
    const { samples, note } = await quietRounds(rounds, round)
    return finding(samples, note)
  } finally {
    await opened.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** A page in a browser with a profile on the disk. */
async function openPage(profile: string): Promise<{ readonly page: Page; readonly close: () => Promise<void> }> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'store-page.ts')],
    bundle: true,
    format: 'iife',
    minify: true,
    write: false,
  })
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><script>${outputFiles[0]?.text ?? ''}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const executablePath = await findChromium()
  if (!executablePath) throw new Error('no Chromium found')
  // Without a profile everything would stay in memory.
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS.slice() })
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    page,
    close: async () => {
      await browser.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function plainSide(path: string): Side {
  const open = (synchronous: string) => {
    const database = new (nodeSqlite().DatabaseSync)(path)
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    return database
  }
  const [fast, safe] = [open('NORMAL'), open('FULL')]
  fast.exec(
    'CREATE TABLE entries (number INTEGER PRIMARY KEY, bytes BLOB); CREATE TABLE own (seq INTEGER PRIMARY KEY, bytes BLOB)',
  )
  const insert = fast.prepare('INSERT INTO entries VALUES (?, ?)')
  const insertOwn = safe.prepare('INSERT INTO own VALUES (?, ?)')
  const select = fast.prepare('SELECT bytes FROM entries ORDER BY number')
  const insertAll = async (entries: readonly Bytes[]) => {
    for (let i = 0; i < entries.length; i += INSERTS_A_TRANSACTION) {
      inTransaction(fast, () => {
        for (const [k, bytes] of entries.slice(i, i + INSERTS_A_TRANSACTION).entries()) insert.run(i + k, bytes)
      })
    }
  }
  return {
    prepare(entries) {
      const encoded = entries.map(encodeEntry)
      return () => insertAll(encoded)
    },
    write: (entries) => insertAll(entries.map(encodeEntry)),
    async load() {
      let count = 0
      for (const { bytes } of select.iterate()) if (decodeEntry(bytes as Bytes, sha256)) count++
      return count
    },
    async writeOwn(entries) {
      for (const entry of entries) insertOwn.run(entry.seq, encodeEntry(entry))
    },
    async close() {
      safe.close()
      fast.close()
    },
  }
}

function finding(samples: readonly Sample[], note: string): Finding {
  const of = (kind: Kind, side: Sample['side'], rate: keyof Rates) =>
    samples.filter((sample) => sample.kind === kind && sample.side === side).map((sample) => sample[rate])
  const row = (kind: Kind, what: string, rate: keyof Rates, bar: number): Row => {
    const [ours, plain] = [of(kind, 'ours', rate), of(kind, 'plain', rate)]
    const value = median(plain) / median(ours)
    return { what: `${kind}, ${what}, a second`, ours: spread(ours), control: spread(plain), value, bar, unit: '×' }
  }
  const own = (kind: Kind): Row => {
    const [ours, plain] = (['ours', 'plain'] as const).map((side) => of(kind, side, 'own').map((rate) => 1_000 / rate))
    const value = median(ours ?? []) - median(plain ?? [])
    const cells = { ours: spread(ours ?? []), control: spread(plain ?? []) }
    return { what: `${kind}, an own entry, ms`, ...cells, value, bar: OWN_ADDED_BAR_MS, unit: ' ms more' }
  }
  const rows = [
    row('IndexedDB', 'entries stored', 'stored', 0.1),
    row('IndexedDB', 'entries written', 'written', 0.25),
    row('IndexedDB', 'entries loaded', 'loaded', 1),
    own('IndexedDB'),
    row('SQLite', 'entries stored', 'stored', 0.25),
    row('SQLite', 'entries written', 'written', 1.5),
    row('SQLite', 'entries loaded', 'loaded', 1),
    own('SQLite'),
  ]
  const notes = [
    `${ENTRIES} entries a round, ${FEW_ENTRIES} for the control in IndexedDB, and ${OWN} own ones; sides in turns. ${note}`,
    'The value is how many times as long ours takes: the rate of the control by ours. Encoding, decoding and SHA-256 are part of it on both sides, except of what is stored, which was encoded before; signatures are not.',
    `Ours: the log over the store, in pieces of 1,000 entries as they come from a peer; segments of 1,024, of which the last is rewritten as it grows. Control: each entry by itself, ${INSERTS_A_TRANSACTION} in a transaction, with the same durability.`,
    'Own entries: each is on the disk before the next is made (`durability: strict`, `synchronous = FULL`). Ours also takes a lock that excludes other tabs and processes, and has the store check the writer and the number. Control: the bare write.',
  ]
  return { title: 'Keeping a ledger', rows, notes, samples }
}
