/** The stores that run in Node, held to what all stores promise, and to what is said of each. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { ledgerPath } from '../../client/node/ledger/ledger-file.ts'
import { SqliteStore } from '../../client/node/ledger/sqlite-store.ts'
import { nodeSqlite } from '../../client/node/ledger/sqlite.ts'
import type { LedgerStore } from '../../client/qdag/store.ts'
import { MemoryPlace, MemoryStore } from '../../client/qdag/stores/memory-store.ts'
import { filled } from './support/fake-entries.ts'
import { STORE_PROMISES } from './support/store-acceptance.ts'

const ADA = filled(32, 1)
const opened: LedgerStore[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-net-stores-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  rmSync(folder, { recursive: true, force: true })
})

function opening<T extends LedgerStore>(store: T): T {
  opened.push(store)
  return store
}

const open = (path = join(folder, 'ledger.sqlite')) => opening(new SqliteStore(path))

describe('the memory store', () => {
  it.each(Object.entries(STORE_PROMISES))('%s', async (_, promised) => {
    const place = new MemoryPlace()
    await promised({ open: async () => opening(new MemoryStore(place)) })
  })
})

describe('the SQLite store', () => {
  it.each(Object.entries(STORE_PROMISES))('%s', async (_, promised) => {
    await promised({ open: async () => open() })
  })

  it('is made with its folders, for its owner alone', async () => {
    const path = ledgerPath(join(folder, 'new', 'data'), 'net-abc')
    const store = open(path)
    await store.writeOwn(ADA, { writer: await store.writer(ADA), seq: 0, bytes: filled(10, 1) })
    await store.writeSegments(0, [filled(10, 1)])
    await store.becomeKeeper()
    for (const suffix of ['', '-wal', '-shm', '.turn', '.keeper'])
      expect(statSync(path + suffix).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700)
  })

  it('takes rights away that others should not have', () => {
    const path = join(folder, 'ledger.sqlite')
    writeFileSync(path, '')
    chmodSync(path, 0o644)
    open(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('leaves nothing but the file when it is closed, which holds everything', async () => {
    const path = join(folder, 'ledger.sqlite')
    const store = open(path)
    await store.writeSegments(0, [filled(10, 1)])
    await store.close()
    expect(existsSync(`${path}-wal`)).toBe(false)
    expect(await open(path).readSegment(0)).toEqual(filled(10, 1))
  })

  it('gets new writers when its file is a copy, and keeps what is in it', async () => {
    const path = join(folder, 'ledger.sqlite')
    const store = open(path)
    const writer = await store.writer(ADA)
    await store.writeOwn(ADA, { writer, seq: 0, bytes: filled(10, 1) })
    await store.writeSegments(0, [filled(10, 2)])
    await store.close()
    copyFileSync(path, join(folder, 'copy.sqlite'))
    const copy = open(join(folder, 'copy.sqlite'))
    const copyWriter = await copy.writer(ADA)
    expect(copyWriter).not.toEqual(writer)
    expect(await copy.allOwn()).toHaveLength(1)
    expect(await copy.segmentCount()).toBe(1)
    await copy.close()
    expect(await open(join(folder, 'copy.sqlite')).writer(ADA)).toEqual(copyWriter)
    expect(await open(path).writer(ADA)).toEqual(writer)
  })

  it('gets new writers when a copy was put in its place', async () => {
    const path = join(folder, 'ledger.sqlite')
    const writer = await open(path).writer(ADA)
    await opened.pop()?.close()
    copyFileSync(path, `${path}.backup`)
    rmSync(path)
    renameSync(`${path}.backup`, path)
    expect(await open(path).writer(ADA)).not.toEqual(writer)
  })

  it('keeps its writer when it is moved', async () => {
    const path = join(folder, 'ledger.sqlite')
    const writer = await open(path).writer(ADA)
    await opened.pop()?.close()
    renameSync(path, join(folder, 'moved.sqlite'))
    expect(await open(join(folder, 'moved.sqlite')).writer(ADA)).toEqual(writer)
  })

  it.each<[string, (path: string) => void]>([
    [
      'is something else',
      (path) => writeFileSync(path, 'This is no database, but a text that is long enough. '.repeat(100)),
    ],
    ['is another database', makeAnotherDatabase],
    ['has been cut short', (path) => truncateSync(path, 5_000)],
    ['is overwritten in the middle', (path) => writeFileSync(path, overwritten(readFileSync(path)))],
  ])('says clearly that its file %s', async (_, harm) => {
    const path = join(folder, 'ledger.sqlite')
    const store = open(path)
    await store.writeSegments(0, [filled(100_000, 1)])
    await store.close()
    if (harm === makeAnotherDatabase) rmSync(path)
    harm(path)
    const outcome = await failureOf(async () => {
      const again = open(path)
      await again.writer(ADA)
      await again.writeOwn(ADA, { writer: await again.writer(ADA), seq: 0, bytes: filled(10, 1) })
      await again.readSegment(0)
    })
    expect(outcome).toMatchObject({ code: 'ledger-failed', reason: 'damaged', hint: expect.stringContaining('away') })
    expect(outcome.message).toContain(path)
  })

  it('says clearly that a newer version has made its file', () => {
    const path = join(folder, 'ledger.sqlite')
    const database = new (nodeSqlite().DatabaseSync)(path)
    database.exec('PRAGMA user_version = 2')
    database.close()
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'ledger-failed', reason: 'outdated' }))
  })

  it('says clearly that it may not write there', () => {
    writeFileSync(join(folder, 'file'), '')
    const failure = expect.objectContaining({ code: 'ledger-failed', reason: 'denied' })
    expect(() => open(join(folder, 'file', 'ledger.sqlite'))).toThrow(failure)
  })

  it('says clearly that Node has no SQLite', () => {
    const lookingUp = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    try {
      expect(() => open()).toThrow(expect.objectContaining({ code: 'unsupported', reason: 'sqlite' }))
    } finally {
      lookingUp.mockRestore()
    }
  })
})

async function failureOf(act: () => Promise<unknown>): Promise<EdgeNetError> {
  const outcome = await act().catch((error: unknown) => error)
  if (!(outcome instanceof EdgeNetError)) throw new Error(`no EdgeNetError, but ${String(outcome)}`)
  return outcome
}

function makeAnotherDatabase(path: string): void {
  const database = new (nodeSqlite().DatabaseSync)(path)
  database.exec('CREATE TABLE recipes (name TEXT)')
  database.close()
}

/** All pages but the first. */
function overwritten(file: Uint8Array): Uint8Array {
  return file.fill(0xa5, 4_096)
}
