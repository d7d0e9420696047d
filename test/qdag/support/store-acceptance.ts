/**
 * What every store promises. One list of scenes for all of them; plain functions, so that it runs in a page as well as here.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import { isStoreFailure, type StoreFailure } from '../../../client/qdag/store-failure.ts'
import type { LedgerStore } from '../../../client/qdag/store.ts'
import { filled } from './fake-entries.ts'

/** A place that nobody has used, each time the promise is checked. */
export interface Place {
  /** Another client of this place, as another tab or process would be. */
  open(): Promise<LedgerStore>
}

type Promised = (place: Place) => Promise<void>

const ADA = filled(32, 1)
const BOB = filled(32, 2)

export const STORE_PROMISES: Readonly<Record<string, Promised>> = {
  async 'begins empty, with a writer that stays'(place) {
    const store = await place.open()
    same(await store.segmentCount(), 0)
    same(await store.readSegment(0), undefined)
    same(await store.allOwn(), [])
    const writer = await store.writer(ADA)
    same(writer.length, 16)
    same(await store.lastOwn(writer), undefined)
    same(await store.writer(ADA), writer)
    await store.close()
    same(await (await place.open()).writer(ADA), writer)
  },

  async 'has another writer for another contributor'(place) {
    const store = await place.open()
    differs(await store.writer(ADA), await store.writer(BOB))
  },

  async 'agrees on one writer with whoever asks at the same time'(place) {
    const stores = await Promise.all([place.open(), place.open(), place.open()])
    const [first, ...others] = await Promise.all(stores.map((store) => store.writer(ADA)))
    for (const other of others) same(other, first)
  },

  async 'renews the writer for everybody'(place) {
    const [one, other] = [await place.open(), await place.open()]
    const before = await other.writer(ADA)
    const after = await one.renewWriter(ADA)
    differs(after, before)
    same(await other.writer(ADA), after)
  },

  async 'gives back segments as they were written'(place) {
    const store = await place.open()
    await store.writeSegments(0, [bytes(1, 300_000), bytes(2)])
    await store.writeSegments(2, [bytes(3)])
    same(await store.segmentCount(), 3)
    await store.close()
    const again = await place.open()
    same(await again.segmentCount(), 3)
    same(await again.readSegment(0), bytes(1, 300_000))
    same(await again.readSegment(2), bytes(3))
    same(await again.readSegment(3), undefined)
  },

  async 'replaces segments from a number on, and forgets those behind'(place) {
    const store = await place.open()
    await store.writeSegments(0, [bytes(1), bytes(2), bytes(3)])
    await store.writeSegments(1, [bytes(4)])
    same(await store.segmentCount(), 2)
    same(await store.readSegment(1), bytes(4))
    same(await store.readSegment(2), undefined)
    await store.writeSegments(0, [])
    same(await store.segmentCount(), 0)
  },

  async 'leaves no gap between segments'(place) {
    const store = await place.open()
    await store.writeSegments(0, [bytes(1)])
    await fails(store.writeSegments(2, [bytes(2)]), 'gone')
    same(await store.segmentCount(), 1)
    same(await store.readSegment(0), bytes(1))
  },

  async 'shows segments to the other clients of the place'(place) {
    const [one, other] = [await place.open(), await place.open()]
    await one.writeSegments(0, [bytes(1), bytes(2)])
    same(await other.segmentCount(), 2)
    same(await other.readSegment(1), bytes(2))
  },

  async 'keeps own entries by writer and number'(place) {
    const store = await place.open()
    const [ada, bob] = [await store.writer(ADA), await store.writer(BOB)]
    for (const seq of [0, 1, 2, 255, 256, 70_000, 2 ** 32 - 1]) {
      await store.writeOwn(ADA, { writer: ada, seq, bytes: bytes(seq % 250) })
    }
    await store.writeOwn(BOB, { writer: bob, seq: 0, bytes: bytes(9) })
    same((await store.lastOwn(ada))?.seq, 2 ** 32 - 1)
    same((await store.lastOwn(bob))?.bytes, bytes(9))
    await store.close()
    const all = await (await place.open()).allOwn()
    const numbers = all.filter(({ writer }) => compareBytes(writer, ada) === 0).map(({ seq }) => seq)
    same(numbers, [0, 1, 2, 255, 256, 70_000, 2 ** 32 - 1])
    same(all.length, 8)
  },

  async 'keeps the own entries of former writers, and takes no more of them'(place) {
    const store = await place.open()
    const before = await store.writer(ADA)
    await store.writeOwn(ADA, { writer: before, seq: 0, bytes: bytes(1) })
    const after = await store.renewWriter(ADA)
    same(await store.lastOwn(after), undefined)
    await fails(store.writeOwn(ADA, { writer: before, seq: 1, bytes: bytes(2) }), 'number-taken')
    await fails(store.writeOwn(BOB, { writer: after, seq: 0, bytes: bytes(2) }), 'number-taken')
    same((await store.lastOwn(before))?.bytes, bytes(1))
    same((await store.allOwn()).length, 1)
  },

  async 'never replaces an own entry, whoever wrote it'(place) {
    const [one, other] = [await place.open(), await place.open()]
    const writer = await one.writer(ADA)
    await one.writeOwn(ADA, { writer, seq: 0, bytes: bytes(1) })
    await fails(other.writeOwn(ADA, { writer, seq: 0, bytes: bytes(2) }), 'number-taken')
    await fails(one.writeOwn(ADA, { writer, seq: 0, bytes: bytes(1) }), 'number-taken')
    same((await one.lastOwn(writer))?.bytes, bytes(1))
    // And goes on working.
    await other.writeOwn(ADA, { writer, seq: 1, bytes: bytes(2) })
  },

  async 'forgets own entries below a number, but never the last one'(place) {
    const store = await place.open()
    const [ada, bob] = [await store.writer(ADA), await store.writer(BOB)]
    for (let seq = 0; seq < 5; seq++) await store.writeOwn(ADA, { writer: ada, seq, bytes: bytes(seq) })
    await store.writeOwn(BOB, { writer: bob, seq: 0, bytes: bytes(9) })
    await store.forgetOwn(ada, 3)
    same(await ownNumbers(store), [0, 3, 4])
    await store.forgetOwn(ada, 100)
    await store.forgetOwn(bob, 100)
    await store.forgetOwn(bytes(77, 16), 100)
    same(await ownNumbers(store), [0, 4])
    await fails(store.writeOwn(ADA, { writer: ada, seq: 4, bytes: bytes(1) }), 'number-taken')
  },

  async 'lets one at a time act, over all clients'(place) {
    const stores = await Promise.all([place.open(), place.open(), place.open()])
    let acting = 0
    let most = 0
    let count = 0
    const act = async () => {
      most = Math.max(most, ++acting)
      const before = count
      await new Promise((resolve) => setTimeout(resolve, 1))
      count = before + 1
      acting--
      return 'done'
    }
    const turns = Array.from({ length: 5 }, () => stores.map((store) => store.exclusively(act))).flat()
    const outcomes = await Promise.all(turns)
    same(new Set(outcomes).size, 1)
    same([most, count], [1, 15])
  },

  async 'lets the next one act when one has failed'(place) {
    const store = await place.open()
    const failing = store.exclusively(() => Promise.reject(new Error('on purpose')))
    const next = store.exclusively(async () => 'next')
    same(await failing.catch((error: unknown) => String(error)), 'Error: on purpose')
    same(await next, 'next')
  },

  async 'has one keeper; when it goes, another one'(place) {
    const [one, other] = [await place.open(), await place.open()]
    same(await one.becomeKeeper(), true)
    let hasBecome: boolean | undefined
    const becoming = other.becomeKeeper().then((isKeeper) => (hasBecome = isKeeper))
    await new Promise((resolve) => setTimeout(resolve, 50))
    same(hasBecome, undefined)
    await one.close()
    same(await becoming, true)
  },

  async 'has another keeper when one resigns, who may ask again'(place) {
    const [one, other] = [await place.open(), await place.open()]
    same(await one.becomeKeeper(), true)
    const becoming = other.becomeKeeper()
    one.resign()
    same(await becoming, true)
    const again = one.becomeKeeper()
    other.resign()
    same(await again, true)
  },

  async 'tells those who wait to become the keeper when that is over'(place) {
    const [one, resigning, closing] = [await place.open(), await place.open(), await place.open()]
    await one.becomeKeeper()
    const waiting = [resigning.becomeKeeper(), closing.becomeKeeper()]
    await new Promise((resolve) => setTimeout(resolve, 20))
    resigning.resign()
    await closing.close()
    same(await Promise.all(waiting), [false, false])
    same(await closing.becomeKeeper(), false)
  },

  async 'does nothing any more when it is closed, and says so'(place) {
    const store = await place.open()
    await store.close()
    await store.close()
    await fails(store.writer(ADA), 'closed')
    await fails(store.writeSegments(0, [bytes(1)]), 'closed')
    await fails(store.allOwn(), 'closed')
    await fails(
      store.exclusively(async () => undefined),
      'closed',
    )
  },
}

function bytes(value: number, length = 10): Bytes {
  return filled(length, value)
}

async function ownNumbers(store: LedgerStore): Promise<number[]> {
  return (await store.allOwn()).map(({ seq }) => seq).toSorted((a, b) => a - b)
}

/** Plain data, compared by content. */
function same(actual: unknown, expected: unknown): void {
  const [one, other] = [text(actual), text(expected)]
  if (one !== other) throw new Error(`expected ${short(other)}, got ${short(one)}`)
}

function differs(one: Bytes, other: Bytes): void {
  if (compareBytes(one, other) === 0) throw new Error(`expected something else than ${text(one)}`)
}

async function fails(promise: Promise<unknown>, reason: StoreFailure): Promise<void> {
  const outcome = await promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
  if (!isStoreFailure(outcome, reason)) throw new Error(`expected the failure ${reason}, got ${String(outcome)}`)
}

function text(value: unknown): string {
  const isBytes = (part: unknown): part is Uint8Array => part instanceof Uint8Array
  return JSON.stringify(value, (_, part: unknown) => (isBytes(part) ? `bytes ${part.join()}` : part)) ?? 'undefined'
}

function short(shown: string): string {
  return shown.length > 300 ? `${shown.slice(0, 300)}… (${shown.length})` : shown
}
