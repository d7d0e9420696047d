/** What PROTOCOL.md says of the sync, held against the code. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as limits from '../../client/qdag/sync/limits.ts'
import { decodeMessage } from '../../client/qdag/sync/messages.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', 'PROTOCOL.md'), 'utf8')

test('the constants of the page are those of the code', () => {
  const [, table = ''] = /^\| of a sync \| value \|\n.*\n((?:\|.*\n)+)/m.exec(page) ?? []
  const rows = [...table.matchAll(/^\| `(\w+)` \| ([\d,]+) \|$/gm)].map(([, name, value]) => [name, value])
  expect(rows).toEqual(Object.entries(limits).map(([name, value]) => [name, value.toLocaleString('en')]))
})

test('the kinds of the page are those of the code, and there are no others', () => {
  const rows = [...page.matchAll(/^\| (\d+) \| `(qdag_\w+)` \|/gm)].map(([, code, name]) => [Number(code), name])
  // Most kinds have a body of zeros of some length; a request has its version, and ranges are two or more.
  const bodies = [0, 1].flatMap((first) =>
    range(64).map((length) => [first, ...range(length).map(() => 0)].slice(0, length)),
  )
  const kinds = range(256).flatMap((code) => {
    const decoded = bodies.map((body) => decodeMessage(new Uint8Array([code, ...body])))
    const kind = decoded.find((message) => message !== undefined)?.kind
    return kind ? [[code, kind]] : []
  })
  expect(rows).toEqual(kinds)
})

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}
