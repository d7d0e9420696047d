/**
 * The arithmetic of Ed25519 (RFC 8032 section 5.1), as the formulas say and as slow as they are, to make signatures that
 * no honest signer makes: with points of small order, points in a second form, and scalars that are too large.
 */
import { createHash } from 'node:crypto'

export const P = 2n ** 255n - 19n
/** The order of the base point. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n

/** x and y as fractions over z, and x * y over it as t. */
export interface Point {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
  readonly t: bigint
}

const D = mod(-121_665n * inverse(121_666n))
const SQRT_OF_MINUS_1 = power(2n, (P - 1n) / 4n)

export const IDENTITY: Point = { x: 0n, y: 1n, z: 1n, t: 0n }
/** The base point. */
export const BASE = affine(
  15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  46316835694926478169428394003475163141307993866256225615783033603165251855960n,
)

/** Complete: it doubles, too. */
export function add(one: Point, other: Point): Point {
  const a = mod((one.y - one.x) * (other.y - other.x))
  const b = mod((one.y + one.x) * (other.y + other.x))
  const c = mod(2n * D * one.t * other.t)
  const d = mod(2n * one.z * other.z)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) }
}

export function multiply(scalar: bigint, point: Point): Point {
  let sum = IDENTITY
  for (let rest = scalar, doubled = point; rest > 0n; rest >>= 1n, doubled = add(doubled, doubled)) {
    if (rest & 1n) sum = add(sum, doubled)
  }
  return sum
}

export function isSame(one: Point, other: Point): boolean {
  return mod(one.x * other.z - other.x * one.z) === 0n && mod(one.y * other.z - other.y * one.z) === 0n
}

/** The point with this y and this sign of x, if there is one. */
export function pointWith(y: bigint, sign: number): Point | undefined {
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n))
  const root = power(square, (P + 3n) / 8n)
  const x = mod(root * root - square) === 0n ? root : mod(root * SQRT_OF_MINUS_1)
  if (mod(x * x - square) !== 0n) return undefined
  return affine(Number(x & 1n) === sign ? x : mod(-x), y)
}

/** The one form of a point. */
export function encodePoint({ x, y, z }: Point): Uint8Array<ArrayBuffer> {
  const scale = inverse(z)
  return encode(mod(y * scale), Number(mod(x * scale) & 1n))
}

/** A y, which may be too large, and a sign, which may be of a zero. */
export function encode(y: bigint, sign: number): Uint8Array<ArrayBuffer> {
  return littleEndian(y + (BigInt(sign) << 255n))
}

export function littleEndian(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

/** SHA-512 of R, A and the message, modulo the order. */
export function challenge(...parts: readonly Uint8Array[]): bigint {
  const digest = createHash('sha512').update(Buffer.concat(parts)).digest()
  return BigInt(`0x${Buffer.from(digest.toReversed()).toString('hex')}`) % L
}

function affine(x: bigint, y: bigint): Point {
  return { x, y, z: 1n, t: mod(x * y) }
}

function power(base: bigint, exponent: bigint): bigint {
  let product = 1n
  for (let rest = exponent, square = mod(base); rest > 0n; rest >>= 1n, square = mod(square * square)) {
    if (rest & 1n) product = mod(product * square)
  }
  return product
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n)
}

function mod(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}
