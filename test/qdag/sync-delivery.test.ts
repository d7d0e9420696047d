/** How what a peer lacks is cut into messages: along the log's own batches, where that is possible. */
import { expect, test } from 'vitest'
import { Delivery } from '../../client/qdag/sync/delivery.ts'

/** What is read for a push of these, one slice after the other; the log has a batch from each of `ends` to the next. */
function slicesOf(indexes: readonly number[], ends: readonly number[]): [number, number][] {
  const slices: [number, number][] = []
  const delivery = new Delivery({
    send: () => 0,
    isCongested: false,
    read: (slice) => {
      slices.push([slice[0] ?? -1, slice.length])
      return undefined
    },
    batchEnd: (index) => ends.find((end) => end > index) ?? Infinity,
    encode: () => [],
    pushTaken: () => undefined,
    progressed: () => undefined,
    overflowed: () => undefined,
    readFailed: () => undefined,
  })
  delivery.push(indexes, false)
  for (let before = -1; before < slices.length;) {
    before = slices.length
    delivery.pump(false)
    delivery.readDone(new Uint8Array(0))
    delivery.pump(false)
  }
  return slices
}

const from = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i)

test('whole batches are read whole', () => {
  expect(slicesOf(from(0, 2_500), [1_024, 2_048, 2_500])).toEqual([
    [0, 1_024],
    [1_024, 1_024],
    [2_048, 452],
  ])
})

test('a slice that begins in the middle of a batch ends with it, so that the next ones are whole', () => {
  expect(slicesOf(from(700, 3_072), [1_024, 2_048, 3_072])).toEqual([
    [700, 324],
    [1_024, 1_024],
    [2_048, 1_024],
  ])
})

test('very short batches are not sent one by one', () => {
  const ends = from(1, 101).map((i) => i * 10)
  expect(slicesOf(from(0, 1_000), ends).map(([, length]) => length)).toEqual([...Array(14).fill(70), 20])
})

test('what has gaps is read by the thousand, whatever the batches', () => {
  const even = from(0, 3_000).map((i) => 2 * i)
  expect(slicesOf(even, [1_024, 2_048, 3_072, 4_096, 5_120, 6_000])).toEqual([
    [0, 1_024],
    [2_048, 1_024],
    [4_096, 952],
  ])
})

test('the end of the log is no end of a slice before its time', () => {
  expect(slicesOf(from(0, 1_500), [])).toEqual([
    [0, 1_024],
    [1_024, 476],
  ])
})
