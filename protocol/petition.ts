/**
 * A petition: what somebody who is not in a network asks of its office, signed for this one request. It opens nothing.
 *
 *     purpose u8: 1 wait, 2 review, 3 decline · network 32 · identity 32 · issued u48 · host u8+ASCII · name u8+UTF-8
 *     · note u8+UTF-8 · subject u8+bytes · signature 64
 *
 * The signature is the identity's over "edge-net/petition/1\0" and everything before it.
 */
import { compareBytes, concat, fromBase64Url, toBase64Url, utf8, type Bytes } from './bytes.ts'
import { isLabel } from './genesis.ts'
import { appendSignature, verifySignature } from './hash.ts'
import { fixed, layout, oneOf, sized, text, uint } from './layout.ts'
import {
  KEY_BYTES,
  MAX_HOST_BYTES,
  MAX_NAME_BYTES,
  MAX_NOTE_BYTES,
  MAX_PETITION_CHARACTERS,
  SIGNATURE_BYTES,
  TICKET_CLOCK_TOLERANCE_MS,
} from './limits.ts'

/**
 * - `wait`: let me in; the answer holds the approvals so far.
 * - `review`: an approver asks who waits.
 * - `decline`: an approver sends somebody away.
 */
export type PetitionPurpose = 'wait' | 'review' | 'decline'

export interface Petition {
  readonly purpose: PetitionPurpose
  readonly network: Bytes
  readonly identity: Bytes
  readonly issuedAtMs: number
  /** Host and port, as in tickets. */
  readonly host: string
  /** Who waits, in his own words; otherwise empty. */
  readonly name: string
  /** What he has to say to the approvers; otherwise empty. */
  readonly note: string
  /** Who is declined: an identity key; otherwise empty. */
  readonly subject: Bytes
}

export type PetitionFault = 'petition-malformed' | 'petition-host' | 'petition-clock' | 'petition-signature'

const DOMAIN = utf8('edge-net/petition/1\0')
const LAYOUT = layout<Petition & { signature: Bytes }>({
  purpose: oneOf([undefined, 'wait', 'review', 'decline']),
  network: fixed(KEY_BYTES),
  identity: fixed(KEY_BYTES),
  issuedAtMs: uint(6),
  host: text(1, MAX_HOST_BYTES),
  name: text(1, MAX_NAME_BYTES),
  note: text(1, MAX_NOTE_BYTES),
  subject: sized(1, KEY_BYTES),
  signature: fixed(SIGNATURE_BYTES),
})

/** Signs a petition and returns its text. */
export async function signPetition(petition: Petition, sign: (message: Bytes) => Promise<Bytes>): Promise<string> {
  const body = LAYOUT.encode({ ...petition, signature: new Uint8Array(0) })
  return toBase64Url(await appendSignature(DOMAIN, body, sign))
}

/** The petition in a text, or why it is none for this network, host, purpose and time. */
export async function provePetition(
  encoded: string,
  wanted: { readonly purpose: PetitionPurpose; readonly network: Bytes; readonly host: string },
  nowMs: number,
): Promise<Petition | PetitionFault> {
  const bytes = encoded.length > MAX_PETITION_CHARACTERS ? undefined : fromBase64Url(encoded)
  const fields = bytes && LAYOUT.decode(bytes)
  if (!bytes || !fields || !isLabel(fields.name) || !isLabel(fields.note)) return 'petition-malformed'
  const { signature, ...petition } = fields
  const isMeant = petition.purpose === wanted.purpose && compareBytes(petition.network, wanted.network) === 0
  if (!isMeant) return 'petition-malformed'
  if (petition.host !== wanted.host) return 'petition-host'
  if (Math.abs(petition.issuedAtMs - nowMs) > TICKET_CLOCK_TOLERANCE_MS) return 'petition-clock'
  const signed = concat(DOMAIN, bytes.slice(0, -SIGNATURE_BYTES))
  return (await verifySignature(petition.identity, signature, signed)) ? petition : 'petition-signature'
}
