/** Entries of every shape that there may be, for properties. */
import * as fc from 'fast-check'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { MAX_CHAIN_BYTES } from '../../protocol/limits.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { idOfBody, type Entry, type EntryBody, type Receipt } from '../../client/qdag/entry.ts'
import { NO_CHAIN } from '../../client/qdag/entry-fields.ts'
import { MAX_COMPUTE_UNITS, MAX_TASK_BYTES, SEQ_LIMIT, TS_LIMIT_MS } from '../../client/qdag/entry-limits.ts'
import { isEntryBody } from '../../client/qdag/entry-rules.ts'
import { bytesOf, textOfAtMost } from '../protocol/layout.ts'

const id = bytesOf(32, 32)

const receipt: fc.Arbitrary<Receipt> = fc.record({ requester: id, resultHash: id, signature: bytesOf(64, 64) })

const common = {
  contributor: id,
  writer: bytesOf(16, 16),
  tsMs: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: TS_LIMIT_MS - 1 })),
  computeUnits: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: MAX_COMPUTE_UNITS })),
  taskId: textOfAtMost(MAX_TASK_BYTES).filter((text) => text !== ''),
  parents: fc.uniqueArray(id, { minLength: 1, maxLength: 2, comparator: isSame }).map(ascending),
  receipt: fc.option(receipt, { nil: undefined }),
}

const firstBody: fc.Arbitrary<EntryBody> = fc.record({
  ...common,
  seq: fc.constant(0),
  prev: fc.constant(undefined),
  chain: fc.oneof(fc.constant(NO_CHAIN), bytesOf(0, 40), bytesOf(MAX_CHAIN_BYTES, MAX_CHAIN_BYTES)),
})

const laterBody: fc.Arbitrary<EntryBody> = fc.record({
  ...common,
  seq: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: SEQ_LIMIT - 1 })),
  prev: id,
  chain: fc.constant(NO_CHAIN),
})

/** Of a contributor who has nothing but the own entries to build on. */
const loneBody = laterBody.map((body) => ({ ...body, parents: body.prev ? [body.prev] : [] }))

export const entryBody: fc.Arbitrary<EntryBody> = fc.oneof(firstBody, laterBody, loneBody).filter(isEntryBody)

/** With a signature that nobody made. */
export const entry: fc.Arbitrary<Entry> = fc
  .tuple(entryBody, bytesOf(64, 64))
  .map(([body, signature]) => ({ ...body, id: idOfBody(body, sha256), signature }))

/** A few writers' entries, parents first, that build on each other and on some that are elsewhere. */
export function entriesAtMost(maxLength: number): fc.Arbitrary<Entry[]> {
  const plan = fc.record({
    entry,
    author: fc.nat({ max: 4 }),
    back: fc.array(fc.nat({ max: 40 }), { maxLength: 2 }),
    gap: fc.constantFrom(0, 0, 0, 1, 70_000),
  })
  return fc.array(plan, { minLength: 1, maxLength }).map((plans) => {
    const made: Entry[] = []
    const last = new Map<number, Entry>()
    for (const { entry: drawn, author, back, gap } of plans) {
      const before = last.get(author)
      const inside = back.flatMap((distance) => made.at(-1 - distance)?.id ?? [])
      const body: EntryBody = before
        ? {
            ...drawn,
            contributor: before.contributor,
            writer: before.writer,
            seq: Math.min(before.seq + 1 + gap, SEQ_LIMIT - 1),
            prev: before.id,
            chain: NO_CHAIN,
            parents: ascending(inside.length > 0 ? inside : drawn.parents),
          }
        : drawn
      const right = isEntryBody(body) ? body : drawn
      const whole = { ...right, id: idOfBody(right, sha256), signature: drawn.signature }
      made.push(whole)
      last.set(author, whole)
    }
    return made
  })
}

function isSame(a: Bytes, b: Bytes): boolean {
  return compareBytes(a, b) === 0
}

function ascending(ids: readonly Bytes[]): Bytes[] {
  return ids.toSorted(compareBytes)
}
