/**
 * The genesis of a founded network: what its founder signed once and nobody can change. The network id is the hash of all
 * of it, so whoever knows the id can tell the genesis from any other, wherever it came from.
 *
 *     policy u8 · created u48 · creator 32 · name u8+UTF-8 · description u16+UTF-8 · confirmations u8 · degree u8
 *     · entry gap u32 · threshold u8 · approver count u8 · (approver 32)* · signature 64
 *
 * The signature is the creator's over "edge-net/genesis/1\0" and everything before it. The first byte tells it from the
 * implicit genesis of a plain name, which has 0 there.
 */
import { areAscending, concat, type Bytes } from './bytes.ts'
import { appendSignature, sha256, verifySignature, type Verify } from './hash.ts'
import { fixed, layout, list, oneOf, text, uint } from './layout.ts'
import {
  KEY_BYTES,
  MAX_APPROVERS,
  MAX_CONFIRMATIONS,
  MAX_DEGREE,
  MAX_DESCRIPTION_BYTES,
  MAX_ENTRY_GAP_MS,
  MAX_GENESIS_BYTES,
  MAX_NAME_BYTES,
  MIN_DEGREE,
  MIN_ENTRY_GAP_MS,
  SIGNATURE_BYTES,
} from './limits.ts'
import { GENESIS_DOMAIN } from './network.ts'

/**
 * - `public`: everybody is a member.
 * - `private`: whom the creator has invited or approved.
 * - `consortium`: whom `threshold` of the approvers have approved.
 */
export type Policy = 'public' | 'private' | 'consortium'

/** What all members of a network do alike. */
export interface Parameters {
  /** How many distinct other contributors must have built on an entry until it counts as confirmed. */
  readonly confirmations: number
  /** Neighbours that a peer keeps in a large network. */
  readonly maxDegree: number
  /** Milliseconds between one entry of a writer and its next, at least. */
  readonly entryGapMs: number
}

/** What a plain name has, and a founder who says nothing. */
export const DEFAULT_PARAMETERS: Parameters = { confirmations: 3, maxDegree: 8, entryGapMs: MIN_ENTRY_GAP_MS }

export interface Terms {
  readonly policy: Policy
  readonly createdAtMs: number
  /** The founder's identity key. In a closed network he is a member, and alone may revoke. */
  readonly creator: Bytes
  /** A label for people, and no identifier: any number of networks may have the same. */
  readonly name: string
  readonly description: string
  readonly parameters: Parameters
  /** Identity keys, ascending; in a consortium only. They are members. */
  readonly approvers: readonly Bytes[]
  /** How many of the approvers must approve; 0 unless it is a consortium. */
  readonly threshold: number
}

export interface Genesis extends Terms {
  /** The network id. */
  readonly id: Bytes
  /** The encoding that was signed, and travels. */
  readonly bytes: Bytes
}

export type GenesisFault = 'genesis-malformed' | 'genesis-terms' | 'genesis-signature'

/**
 * Text that stays in its place when a page or a terminal shows it: no control characters, no line ends, nothing that
 * turns the direction of what follows (Unicode TR 36), no blanks at the ends.
 */
const LABEL = /^(?!\s)[^\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]*(?<!\s)$/u
const POLICIES: readonly (Policy | undefined)[] = [undefined, 'public', 'private', 'consortium']

type Fields = Omit<Terms, 'parameters'> & Parameters & { readonly signature: Bytes }

const LAYOUT = layout<Fields>({
  policy: oneOf(POLICIES),
  createdAtMs: uint(6),
  creator: fixed(KEY_BYTES),
  name: text(1, MAX_NAME_BYTES, LABEL),
  description: text(2, MAX_DESCRIPTION_BYTES, LABEL),
  confirmations: uint(1),
  maxDegree: uint(1),
  entryGapMs: uint(4),
  threshold: uint(1),
  approvers: list(fixed(KEY_BYTES), MAX_APPROVERS),
  signature: fixed(SIGNATURE_BYTES),
})

/** Whether a text may be a network's name or description, as far as its characters go. */
export function isLabel(value: string): boolean {
  return LABEL.test(value)
}

/** Encodes and signs. The terms must be in order: {@link termsFault}. */
export async function signGenesis(terms: Terms, sign: (message: Bytes) => Promise<Bytes>): Promise<Genesis> {
  const { parameters, ...others } = terms
  const body = LAYOUT.encode({ ...others, ...parameters, signature: new Uint8Array(0) })
  const bytes = await appendSignature(GENESIS_DOMAIN, body, sign)
  return { ...terms, bytes, id: await idOf(bytes) }
}

/** The genesis in these bytes, with its id, or what is wrong with it. The signature is checked last. */
export async function proveGenesis(bytes: Bytes, verify: Verify = verifySignature): Promise<Genesis | GenesisFault> {
  const fields = bytes.length > MAX_GENESIS_BYTES ? undefined : LAYOUT.decode(bytes)
  if (!fields) return 'genesis-malformed'
  const { signature, confirmations, maxDegree, entryGapMs, ...others } = fields
  const terms = { ...others, parameters: { confirmations, maxDegree, entryGapMs } }
  if (termsFault(terms)) return 'genesis-terms'
  const signed = concat(GENESIS_DOMAIN, bytes.slice(0, -SIGNATURE_BYTES))
  const [genuine, id] = await Promise.all([verify(terms.creator, signature, signed), idOf(bytes)])
  return genuine ? { ...terms, bytes, id } : 'genesis-signature'
}

/** Which of the terms is out of bounds or contradicts the policy; `undefined` when all are in order. */
export function termsFault({
  policy,
  name,
  description,
  parameters,
  approvers,
  threshold,
}: Terms): 'name' | 'description' | keyof Parameters | 'approvers' | 'threshold' | undefined {
  const { confirmations, maxDegree, entryGapMs } = parameters
  if (name === '' || !isLabel(name)) return 'name'
  if (!isLabel(description)) return 'description'
  if (!isWithin(confirmations, 1, MAX_CONFIRMATIONS)) return 'confirmations'
  if (!isWithin(maxDegree, MIN_DEGREE, MAX_DEGREE)) return 'maxDegree'
  if (!isWithin(entryGapMs, MIN_ENTRY_GAP_MS, MAX_ENTRY_GAP_MS)) return 'entryGapMs'
  if (policy !== 'consortium') return approvers.length > 0 ? 'approvers' : threshold > 0 ? 'threshold' : undefined
  if (!isWithin(approvers.length, 1, MAX_APPROVERS) || !areAscending(approvers)) return 'approvers'
  return isWithin(threshold, 1, approvers.length) ? undefined : 'threshold'
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

function idOf(bytes: Bytes): Promise<Bytes> {
  return sha256(concat(GENESIS_DOMAIN, bytes))
}
