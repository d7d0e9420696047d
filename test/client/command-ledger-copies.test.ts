/** Copies of a ledger: what `edge-net ledger` exports and imports. */
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportToFile, exportToStream } from '../../client/node/ledger-command/export.ts'
import { bytesOfFile, importLines } from '../../client/node/ledger-command/import.ts'
import { linesOf, MAX_LINE_CHARACTERS } from '../../client/node/ledger-command/lines.ts'
import type { LedgerEvent } from '../../client/node/ledger-command/report.ts'
import type { NetworkLedger } from '../../client/qdag/api.ts'
import { fakeLedger, STATISTICS } from '../support/fake-ledger.ts'

const SILENT = { show: () => undefined, clear: () => undefined }
const NEVER = new AbortController().signal
const aborted = () => AbortSignal.abort(new Error('told to end'))

let told: LedgerEvent[]
const tell = (event: LedgerEvent) => void told.push(event)
beforeEach(() => void (told = []))

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
  /** Takes those lines that say so, and lists the first of the others. What was an orphan first may fit in the end. */
  const importing = (): NetworkLedger => {
    const all: string[] = []
    const isIn = (line: string) => line === 'new' || line === 'orphan at first'
    return fakeLedger({
      statistics: () => ({ ...STATISTICS, entries: 7 + all.filter(isIn).length }),
      async import(lines) {
        for await (const line of lines) all.push(line)
        const counted = (kind: string) => all.filter((line) => line === kind).length
        const at = all.indexOf('wrong')
        const rejected = at < 0 ? [] : [{ line: at + 1, reason: 'signature' }]
        const orphans = counted('orphan') + counted('orphan at first')
        const rejectedMore = Math.max(0, counted('wrong') - 1)
        return { added: counted('new'), known: counted('known'), orphans, rejected, rejectedMore }
      },
    })
  }
  const bytes = (text: string) => Readable.from([Buffer.from(text)])

  it('hands on every line, and tells what became of them', async () => {
    expect(await importLines(importing(), bytes('new\n\nknown\nnew'), tell, SILENT, NEVER)).toBe(0)
    expect(told).toEqual([{ event: 'imported', added: 2, known: 1, orphans: 0, rejected: 0 }])
  })

  it('fails when something was not taken, and says which lines', async () => {
    expect(await importLines(importing(), bytes('new\nwrong\nwrong\n'), tell, SILENT, NEVER)).toBe(1)
    expect(told).toEqual([
      { event: 'rejected', line: 2, reason: 'signature' },
      { event: 'imported', added: 1, known: 0, orphans: 0, rejected: 2 },
    ])
    expect(await importLines(importing(), bytes('orphan\n'), tell, SILENT, NEVER)).toBe(1)
    expect(await importLines(importing(), bytes('orphan at first\nnew'), tell, SILENT, NEVER)).toBe(0)
    expect(told.at(-1)).toMatchObject({ added: 2, orphans: 0 })
  })

  it('ends when told to, and says what cannot be read', async () => {
    await expect(importLines(importing(), bytes('a\n'), tell, SILENT, aborted())).rejects.toThrow('told to end')
    const absent = bytesOfFile('/no/such/file', NEVER)
    await expect(importLines(importing(), absent, tell, SILENT, NEVER)).rejects.toThrow('/no/such/file cannot be read')
  })
})
