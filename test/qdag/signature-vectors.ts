/**
 * Signatures at the edges of Ed25519, on which verifiers differ. Each is made with the discrete logarithms known, so that it
 * is exactly what its name says: A = aB + iT and R = rB + jT, where T has order 8, and S = r + ha.
 *
 * The twelve kinds are those of table 5 in Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs", SSR 2020 (eprint
 * 2020/1244), made anew. Beside them stands each point of small order, in each of its forms, as A and as R.
 */
import { createHash } from 'node:crypto'
import type { Bytes } from '../../protocol/bytes.ts'
import {
  add,
  BASE,
  challenge,
  encode,
  encodePoint,
  IDENTITY,
  isSame,
  L,
  littleEndian,
  multiply,
  P,
  pointWith,
  type Point,
} from './edwards25519.ts'
import type { SignatureVector } from './vector-types.ts'

/** What is not said is as in an honest signature. */
interface Recipe {
  readonly name: string
  readonly holds?: boolean
  /** The secret scalar of A, and how much of T there is in it. */
  readonly a?: bigint
  readonly i?: number
  readonly r?: bigint
  readonly j?: number
  /** Other forms of the points, as they are sent. */
  readonly sentA?: Bytes
  readonly sentR?: Bytes
  /** The one form goes into the hash, whatever is sent. */
  readonly isHashedInOneForm?: boolean
  /** Added to S: so often the order. */
  readonly excess?: bigint
  /** Which challenges will do. Default: those with which the equation holds without the cofactor. */
  readonly suits?: (h: bigint) => boolean
}

/** Scalars that nobody uses for anything else. */
const SECRET = scalarOf('secret')
const NONCE = scalarOf('nonce')
const T = pointOfOrder8()

/** The point of order 2 with the sign of its zero set. */
const MINUS_1_WITH_SIGN = encode(P - 1n, 1)

const KINDS: readonly Recipe[] = [
  { name: 'kind 0: S = 0, small A and R', a: 0n, i: 1, r: 0n, j: 7 },
  { name: 'kind 1: small A, mixed R', a: 0n, i: 1, j: 7 },
  { name: 'kind 2: mixed A, small R', i: 1, r: 0n, j: 7 },
  { name: 'kind 3: mixed A and R', i: 1, j: 7, holds: true },
  { name: 'kind 4: mixed A and R, only with the cofactor', i: 1, j: 7, suits: (h) => (7n + h) % 8n !== 0n },
  {
    name: 'kind 5: mixed A, only with a cofactor that is not multiplied into the challenge first',
    i: 1,
    suits: (h) => h % 8n !== 0n && ((8n * h) % L) % 8n !== 0n,
  },
  { name: 'kind 6: S + L', excess: 1n },
  { name: 'kind 7: S + 15 L, which needs the highest bit', excess: 15n },
  {
    name: 'kind 8: R in a second form, hashed in the first',
    i: 1,
    r: 0n,
    j: 4,
    sentR: MINUS_1_WITH_SIGN,
    isHashedInOneForm: true,
  },
  { name: 'kind 9: R in a second form', i: 1, r: 0n, j: 4, sentR: MINUS_1_WITH_SIGN },
  {
    name: 'kind 10: A in a second form, hashed in the first',
    a: 0n,
    i: 4,
    j: 4,
    sentA: MINUS_1_WITH_SIGN,
    isHashedInOneForm: true,
  },
  { name: 'kind 11: A in a second form', a: 0n, i: 4, j: 4, sentA: MINUS_1_WITH_SIGN },
]

export function signatureVectors(): SignatureVector[] {
  const small = smallPoints().flatMap(({ name, multiple, form }): Recipe[] => [
    { name: `A is ${name}`, a: 0n, i: multiple, sentA: form },
    { name: `R is ${name}`, i: 1, r: 0n, j: multiple, sentR: form },
  ])
  return [{ name: 'honest', holds: true }, ...KINDS, ...small].map(cook)
}

/** Tries messages until one suits. */
function cook(recipe: Recipe): SignatureVector {
  const { name, holds = false, a = SECRET, i = 0, r = NONCE, j = 0, excess = 0n, isHashedInOneForm = false } = recipe
  const [formOfA, formOfR] = [encodePoint(mixed(a, i)), encodePoint(mixed(r, j))]
  const [sentA, sentR] = [recipe.sentA ?? formOfA, recipe.sentR ?? formOfR]
  const hashed = isHashedInOneForm ? [formOfR, formOfA] : [sentR, sentA]
  const { suits = (h: bigint) => (BigInt(j) + h * BigInt(i)) % 8n === 0n } = recipe
  for (let attempt = 0; ; attempt++) {
    const message = createHash('sha256').update(`${name}, ${attempt}`).digest()
    const h = challenge(...hashed, message)
    if (!suits(h)) continue
    const s = ((r + h * a) % L) + excess * L
    const signature = Buffer.concat([sentR, littleEndian(s)])
    return { name, publicKey: hex(sentA), message: hex(message), signature: hex(signature), holds }
  }
}

/** The points of small order: eight in their one form, and the second forms that platforms may take for them. */
function smallPoints(): { name: string; multiple: number; form: Bytes }[] {
  const firsts = Array.from({ length: 8 }, (_, multiple) => encodePoint(multiply(BigInt(multiple), T)))
  const seconds = [
    { form: encode(1n, 1), first: encode(1n, 0) },
    { form: encode(P + 1n, 0), first: encode(1n, 0) },
    { form: encode(P + 1n, 1), first: encode(1n, 0) },
    { form: MINUS_1_WITH_SIGN, first: encode(P - 1n, 0) },
    { form: encode(P, 0), first: encode(0n, 0) },
    { form: encode(P, 1), first: encode(0n, 1) },
  ]
  const all = [...firsts.map((form) => ({ form, first: form })), ...seconds]
  return all.map(({ form, first }) => {
    const multiple = firsts.findIndex((other) => hex(other) === hex(first))
    return { name: hex(form), multiple, form }
  })
}

function mixed(scalar: bigint, multiple: number): Point {
  return add(multiply(scalar, BASE), multiply(BigInt(multiple), T))
}

/** What is left of a point when its part of large order is taken away; of the first point where all eight are left. */
function pointOfOrder8(): Point {
  for (let y = 2n; ; y++) {
    const point = pointWith(y, 0)
    const left = point && multiply(L, point)
    if (left && !isSame(multiply(4n, left), IDENTITY)) return left
  }
}

function scalarOf(name: string): bigint {
  return challenge(Buffer.from(`edge-net test vectors: ${name}`))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
