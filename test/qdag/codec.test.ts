/** What the encodings of entries and batches promise, whatever the entries are and whoever wrote the bytes. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { sha256 as sha256InBrowsers } from '../../client/qdag/sha256.ts'
import { decodeBatch, encodeBatch, inBatches } from '../../client/qdag/batch.ts'
import { decodeEntry, encodeBody, encodeEntry, entryId, idOfBody, type Entry } from '../../client/qdag/entry.ts'
import { MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_ENTRY_BYTES } from '../../client/qdag/entry-limits.ts'
import { fromJsonLine } from '../../client/qdag/json-lines.ts'
import { receiptOfText, signReceipt } from '../../client/qdag/receipt.ts'
import { entryChecks, webCryptoVerifier } from '../../client/qdag/verifier.ts'
import { bytesOf, LAYOUT_PROMISES, type Layout } from '../protocol/layout.ts'
import { entriesAtMost, entry, entryBody } from './arbitrary-entries.ts'
import { fixedIdentity } from './fixed-identities.ts'
import { signEntry } from './sign-entry.ts'

const NETWORK_ID = new Uint8Array(32).fill(9)

const oneEntry: Layout<Entry> = {
  content: entry,
  encode: encodeEntry,
  decode: (bytes) => decodeEntry(bytes, sha256),
  everyTruncationRefused: true,
}

describe('an entry by itself', () => {
  test.each(LAYOUT_PROMISES)('%s', (_, promise) => promise(oneEntry))

  test('has the id of its body, in every runtime', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(idOfBody(one, sha256)).toEqual(one.id)
        expect(entryId(encodeBody(one), sha256InBrowsers)).toEqual(one.id)
      }),
    )
  })

  test('is never longer than it may be, and not accepted when it is', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(encodeEntry(one).length).toBeLessThanOrEqual(MAX_ENTRY_BYTES)
      }),
    )
    expect(decodeEntry(new Uint8Array(MAX_ENTRY_BYTES + 1), sha256)).toBeUndefined()
  })

  test('does not survive the change of any bit', async () => {
    const [ada, requester] = [fixedIdentity(0), fixedIdentity(64)]
    const [taskId, computeUnits] = ['one', 300]
    const work = { contributor: ada.siteId, taskId, computeUnits, resultHash: 'A'.repeat(43) }
    const receipt = receiptOfText(await signReceipt(requester, NETWORK_ID, work))
    const [drawn] = fc.sample(
      entryBody.filter(({ seq }) => seq > 0),
      { numRuns: 1, seed: 1 },
    )
    if (!drawn) throw new Error('nothing drawn')
    const bytes = encodeEntry(await signEntry(ada, NETWORK_ID, { ...drawn, taskId, computeUnits, receipt }))
    const flips = Array.from({ length: bytes.length * 8 }, (_, bit) => withBitFlipped(bytes, bit))
    const verifier = webCryptoVerifier()
    const isAccepted = async (candidate: Bytes) => {
      const decoded = decodeEntry(candidate, sha256)
      return decoded !== undefined && (await verifier.verify(entryChecks(decoded, NETWORK_ID))).every((holds) => holds)
    }
    expect(await isAccepted(bytes)).toBe(true)
    const survivors = (await Promise.all(flips.map(isAccepted))).flatMap((accepted, bit) => (accepted ? [bit] : []))
    expect(survivors).toEqual([])
    verifier.close()
  })
})

describe('a batch', () => {
  test('returns the entries that were encoded', () => {
    fc.assert(
      fc.property(entriesAtMost(60), (entries) => {
        expect(decodeBatch(encodeBatch(entries), sha256)).toEqual(entries)
      }),
    )
  })

  test('takes entries in any order, and with some of them twice', () => {
    const shuffled = entriesAtMost(30).chain((entries) =>
      fc.shuffledSubarray([...entries, ...entries], { minLength: 1 }),
    )
    fc.assert(
      fc.property(shuffled, (entries) => {
        expect(decodeBatch(encodeBatch(entries), sha256)).toEqual(entries)
      }),
    )
  })

  test('brings entries as they are by themselves, or nothing, whatever was changed on the way', () => {
    const damaged = fc.tuple(
      entriesAtMost(12),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { minLength: 1, maxLength: 4 }),
    )
    fc.assert(
      fc.property(damaged, ([entries, flips]) => {
        const bytes = flips.reduce(
          (all, [at, bit]) => withBitFlipped(all, (at % all.length) * 8 + bit),
          encodeBatch(entries),
        )
        for (const one of decodeBatch(bytes, sha256) ?? []) {
          expect(decodeEntry(encodeEntry(one), sha256)).toEqual(one)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('is refused with a byte too few or too many', () => {
    fc.assert(
      fc.property(entriesAtMost(5), (entries) => {
        const bytes = encodeBatch(entries)
        for (let length = 0; length < bytes.length; length++) {
          expect(decodeBatch(bytes.slice(0, length), sha256)).toBeUndefined()
        }
        expect(decodeBatch(new Uint8Array([...bytes, 0]), sha256)).toBeUndefined()
      }),
      { numRuns: 10 },
    )
  })

  test('has from one to 1,024 entries and at most half a mebibyte', () => {
    const [one] = fc.sample(
      entry.filter(({ chain }) => chain.length === 0),
      1,
    )
    if (!one) throw new Error('nothing drawn')
    const full = encodeBatch(times(MAX_BATCH_ENTRIES, one))
    expect(decodeBatch(full, sha256)).toHaveLength(MAX_BATCH_ENTRIES)
    expect(decodeBatch(encodeBatch(times(MAX_BATCH_ENTRIES + 1, one)), sha256)).toBeUndefined()
    expect(decodeBatch(encodeBatch([]), sha256)).toBeUndefined()
    const long = { ...one, seq: 0, prev: undefined, chain: new Uint8Array(2_048) }
    const tooLong = encodeBatch(times(MAX_BATCH_BYTES / 2_048, long))
    expect(tooLong.length).toBeGreaterThan(MAX_BATCH_BYTES)
    expect(decodeBatch(tooLong, sha256)).toBeUndefined()
  })

  test('is as small as entries are many: little more than signatures and tasks', () => {
    const tasks = 32
    const made: Entry[] = []
    for (const drawn of fc.sample(entry, { numRuns: 1_000, seed: 5 })) {
      const author = made[made.length - 8]
      const [one, other] = [made.at(-1), made.at(-3)]
      if (!author || !one || !other) {
        made.push(drawn)
        continue
      }
      const body = {
        contributor: author.contributor,
        writer: author.writer,
        seq: author.seq + 1,
        prev: author.id,
        tsMs: one.tsMs + 700,
        computeUnits: 5_000,
        taskId: 't'.repeat(tasks),
        parents: [one.id, other.id].toSorted(compareBytes),
        receipt: undefined,
        chain: new Uint8Array(0),
      }
      made.push({ ...body, id: idOfBody(body, sha256), signature: drawn.signature })
    }
    expect(encodeBatch(made).length / made.length).toBeLessThan(1.25 * (64 + tasks + 8))
  })
})

describe('a long list of entries', () => {
  test('goes into batches that are full, each within its limits', () => {
    const limits = fc.constantFrom(2_500, 20_000, MAX_BATCH_BYTES)
    fc.assert(
      fc.property(entriesAtMost(100), limits, (entries, maxBytes) => {
        const batches = [...inBatches(entries, maxBytes)]
        expect(batches.flat()).toEqual(entries)
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0)
          expect(batch.length === 1 || encodeBatch(batch).length <= maxBytes).toBe(true)
        }
      }),
    )
    const [one] = fc.sample(
      entry.filter(({ chain }) => chain.length === 0),
      1,
    )
    if (!one) throw new Error('nothing drawn')
    expect([...inBatches(times(2_500, one))].map(({ length }) => length)).toEqual([1_024, 1_024, 452])
  })
})

describe('whatever comes', () => {
  const anything = fc.oneof(bytesOf(0, 400), bytesOf(0, 65_536), withGoodStart())

  test('is refused or understood, and never thrown over', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const alone = decodeEntry(bytes, sha256)
        if (alone) expect(encodeEntry(alone)).toEqual(bytes)
        for (const one of decodeBatch(bytes, sha256) ?? []) expect(idOfBody(one, sha256)).toEqual(one.id)
        fromJsonLine(Buffer.from(bytes).toString('latin1'), sha256)
      }),
      { numRuns: 1_000 },
    )
  })

  test('takes no more memory for claims than for what came', () => {
    const claims = new Uint8Array([1, 0xff, 7, 0xff, 7, ...new Uint8Array(60)])
    expect(decodeBatch(claims, () => expect.unreachable('nothing is hashed'))).toBeUndefined()
  })
})

/** The version of a batch, and a count that is there. */
function withGoodStart(): fc.Arbitrary<Bytes> {
  return bytesOf(200, 4_000).map((bytes) => new Uint8Array([1, 1 + (bytes.length % 5), 1, ...bytes]))
}

function withBitFlipped(bytes: Bytes, bit: number): Bytes {
  const changed = bytes.slice()
  const at = bit >> 3
  changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
  return changed
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value)
}
