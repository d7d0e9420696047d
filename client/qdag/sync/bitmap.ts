/** One bit for each item of a list that both sides know: bit `i % 8`, of value `2 ** (i % 8)`, of byte `i / 8`. */
import type { Bytes } from '../../../protocol/bytes.ts'

export function bitmapOf(count: number, isSet: (i: number) => boolean): Bytes {
  const bits = new Uint8Array(Math.ceil(count / 8))
  for (let i = 0; i < count; i++) if (isSet(i)) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7))
  return bits
}

export function hasBit(bits: Bytes, i: number): boolean {
  return (((bits[i >> 3] ?? 0) >> (i & 7)) & 1) === 1
}

/** It has a bit for each of so many items, and no others: the spare ones of its last byte are zero. */
export function isBitmapOf(count: number, bits: Bytes): boolean {
  return bits.length === Math.ceil(count / 8) && (count % 8 === 0 || (bits.at(-1) ?? 0) >> (count % 8) === 0)
}
