/** What PROTOCOL.md says of entries, held against the code. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as limits from '../../client/qdag/entry-limits.ts'
import { toJsonLine } from '../../client/qdag/json-lines.ts'
import { decodeEntry } from '../../client/qdag/entry.ts'
import { sha256 } from '../../client/qdag/sha256.ts'
import { fromHex } from './answers.ts'
import type { Vectors } from './vector-types.ts'
import { VECTORS_FILE } from './vectors.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const page = await readFile(join(ROOT, 'PROTOCOL.md'), 'utf8')
const words = page.replaceAll(/\s+/g, ' ')

test('the constants of the page are those of the code', () => {
  const [, table = ''] = /^\| of an entry or batch \| value \|\n.*\n((?:\|.*\n)+)/m.exec(page) ?? []
  const rows = [...table.matchAll(/^\| `(\w+)` \| ([\d,]+) \|$/gm)].map(([, name, value]) => [name, value])
  const actual = Object.entries(limits).map(([name, value]) => [name, value.toLocaleString('en')])
  expect(new Map(rows as [string, string][])).toEqual(new Map(actual as [string, string][]))
  expect(rows).toHaveLength(actual.length)
})

test('the points and the order of the signature rule are those of the code', async () => {
  const code = await readFile(join(ROOT, 'client', 'qdag', 'signature-rule.ts'), 'utf8')
  const numbers = (text: string) => new Set(text.match(/\b\d{30,}\b/g))
  expect(numbers(page)).toEqual(numbers(code.replaceAll(/(?<=\d)n\b/g, '')))
})

test('the labels that are hashed and signed stand there', () => {
  for (const label of ['edge-net/qdag/entry/1', 'edge-net/qdag/1', 'edge-net/qdag/receipt/1']) {
    expect(words).toContain(`"${label}\\0" ‖`)
  }
})

test('the fields of a line of JSON are those that it names', async () => {
  const { entries } = JSON.parse(await readFile(VECTORS_FILE, 'utf8')) as Vectors
  const named = new Set(/byte strings as base64url: (.*?)\. `prev`/.exec(words)?.[1]?.match(/(?<=`)\w+(?=`)/g))
  const used = entries.flatMap(({ bytes }) => {
    const entry = decodeEntry(fromHex(bytes), sha256)
    const line = JSON.parse(entry ? toJsonLine(entry) : '{}') as { receipt?: object }
    return [...Object.keys(line), ...Object.keys(line.receipt ?? {})]
  })
  expect(named).toEqual(new Set(used))
})
