/** Byte strings as keys of a `Map`, whose hash has a secret seed, so that nobody can choose bytes that make it slow. */
import type { Bytes } from '../../protocol/bytes.ts'

/** One character a byte. For a few hundred bytes at most: engines limit arguments. */
export function mapKeyOf(bytes: Bytes): string {
  // Spread would go through an iterator, ten times as slowly.
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}
