/**
 * Which Ed25519 signatures may hold, before the platform is asked. RFC 8032 leaves room at the edges, and platforms fill it
 * differently: Chromium and workerd accept points of small order that Node rejects. One such entry, and what builds on it,
 * would split the ledger by runtime. What passes here is judged alike by all of them, without the cofactor.
 *
 * Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs", SSR 2020 (eprint 2020/1244), on how verifiers differ.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'

const P = 2n ** 255n - 19n
/** The order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n
/** Of a point of order 8; the others of that order have it, or its negative, too. */
const Y_OF_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n

const SCALAR_LIMIT = littleEndian(L)
const COORDINATE_LIMIT = littleEndian(P)
/**
 * The y of all points whose order divides 8: order 4, 1, 2, 8, 8. Either sign of x is refused with them: that is another
 * such point, or, where x is 0, a negative zero, which some platforms take for zero.
 */
const SMALL_ORDER = [0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8].map(littleEndian)
/** Of the highest byte of a point: y's part. The bit above is the sign of x. */
const Y_BITS = 127

/** A public key that signatures may hold for. Whether it is on the curve at all, the platform says. */
export function isPermittedKey(publicKey: Bytes): boolean {
  return publicKey.length === KEY_BYTES && isPermittedPoint(publicKey)
}

/** A signature that may hold: its point R is permitted, and its scalar S in its one form. */
export function isPermittedSignature(signature: Bytes): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    isPermittedPoint(signature) &&
    compare(signature, KEY_BYTES, SCALAR_LIMIT, 255) < 0
  )
}

function isPermittedPoint(bytes: Bytes): boolean {
  return compare(bytes, 0, COORDINATE_LIMIT, Y_BITS) < 0 && SMALL_ORDER.every((y) => compare(bytes, 0, y, Y_BITS) !== 0)
}

/** Compares 32 bytes from `start`, as a number with its lowest byte first, with another; `topMask` is for the highest. */
function compare(bytes: Bytes, start: number, other: Bytes, topMask: number): number {
  let mask = topMask
  for (let i = KEY_BYTES - 1; i >= 0; i--) {
    const difference = ((bytes[start + i] ?? 0) & mask) - (other[i] ?? 0)
    if (difference !== 0) return difference
    mask = 255
  }
  return 0
}

function littleEndian(value: bigint): Bytes {
  return Uint8Array.from({ length: KEY_BYTES }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}
