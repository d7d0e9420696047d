/**
 * Whom a closed network has removed: one list, signed and numbered by its creator. The highest number wins everywhere, and
 * each list holds all that were removed before it, so that nobody needs an older one.
 *
 *     number u32 · issued u48 · count u16 · (key 32)*, ascending · signature 64
 *
 * A key is a member's identity or the public half of an invite, which removes everybody who came in with it. The signature
 * is the creator's over "edge-net/revocations/1\0" ‖ network id ‖ everything before it.
 */
import { areAscending, compareBytes, concat, toBase64Url, utf8, type Bytes } from './bytes.ts'
import type { Genesis } from './genesis.ts'
import { appendSignature, verifySignature, type Verify } from './hash.ts'
import { fixed, layout, sized, uint } from './layout.ts'
import { KEY_BYTES, MAX_REVOKED, SIGNATURE_BYTES } from './limits.ts'

export interface Revocations {
  /** From 1. */
  readonly number: number
  readonly issuedAtMs: number
  readonly keys: readonly Bytes[]
  readonly bytes: Bytes
  has(key: Bytes): boolean
}

export type RevocationsFault = 'revocations-malformed' | 'revocations-signature'

const DOMAIN = utf8('edge-net/revocations/1\0')
const LAYOUT = layout<{ number: number; issuedAtMs: number; keys: Bytes; signature: Bytes }>({
  number: uint(4),
  issuedAtMs: uint(6),
  keys: sized(4, MAX_REVOKED * KEY_BYTES),
  signature: fixed(SIGNATURE_BYTES),
})

/** Signs the list that follows `latest`, with all of its keys and these. */
export async function signRevocations(
  genesis: Genesis,
  latest: Revocations | undefined,
  added: readonly Bytes[],
  nowMs: number,
  sign: (message: Bytes) => Promise<Bytes>,
): Promise<Revocations> {
  const byText = new Map([...(latest?.keys ?? []), ...added].map((key) => [toBase64Url(key), key]))
  const keys = [...byText.values()].toSorted(compareBytes)
  const number = (latest?.number ?? 0) + 1
  const body = LAYOUT.encode({ number, issuedAtMs: nowMs, keys: concat(...keys), signature: new Uint8Array(0) })
  const bytes = await appendSignature(concat(DOMAIN, genesis.id), body, sign)
  return revocations(number, nowMs, keys, bytes)
}

/** The list in these bytes, or what is wrong with it. */
export async function proveRevocations(
  genesis: Genesis,
  bytes: Bytes,
  verify: Verify = verifySignature,
): Promise<Revocations | RevocationsFault> {
  const fields = LAYOUT.decode(bytes)
  if (!fields || fields.keys.length % KEY_BYTES > 0 || fields.number === 0) return 'revocations-malformed'
  const { number, issuedAtMs, signature } = fields
  const keys = Array.from({ length: fields.keys.length / KEY_BYTES }, (_, i) =>
    fields.keys.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES),
  )
  if (!areAscending(keys)) return 'revocations-malformed'
  const signed = concat(DOMAIN, genesis.id, bytes.slice(0, -SIGNATURE_BYTES))
  if (!(await verify(genesis.creator, signature, signed))) return 'revocations-signature'
  return revocations(number, issuedAtMs, keys, bytes)
}

function revocations(number: number, issuedAtMs: number, keys: readonly Bytes[], bytes: Bytes): Revocations {
  const texts = new Set(keys.map(toBase64Url))
  return { number, issuedAtMs, keys, bytes, has: (key) => texts.has(toBase64Url(key)) }
}
