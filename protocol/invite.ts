/**
 * An invite to a private network is a capability: a key pair whose public half the creator signed, with an expiry and a
 * number of uses. Who holds the private half signs members in with it. The half never reaches a server: what a newcomer
 * shows is the certificate and the invite key's signature over his own identity key, which is of no use to anybody else.
 *
 *     certificate   invite key 32 · expires u48 · uses u16 · signature 64
 *                   by the creator over "edge-net/invite/1\0" ‖ network id ‖ what stands before it
 *     acceptance    signature 64 by the invite key over "edge-net/acceptance/1\0" ‖ network id ‖ identity key
 *     code          version u8 = 1 · first 8 bytes of the network id · private half 32 · expires u48 · uses u16
 *                   · the certificate's signature 64 · first 4 bytes of SHA-256 over "edge-net/invite-code/1\0" ‖ all of it
 *
 * A code travels as base64url in the fragment of a room URL, `#invite=…`, which browsers do not send.
 */
import { compareBytes, concat, fromBase64Url, toBase64Url, utf8, type Bytes } from './bytes.ts'
import type { Genesis } from './genesis.ts'
import { appendSignature, sha256, verifySignature, type SignatureCheck, type Verify } from './hash.ts'
import { fixed, layout, uint } from './layout.ts'
import { KEY_BYTES, MAX_INVITE_USES, SIGNATURE_BYTES } from './limits.ts'

export interface InviteTerms {
  /** Public half of the invite's key pair: what it is revoked by. */
  readonly inviteKey: Bytes
  /** It ends the memberships that the invite grants, too. {@link NEVER_MS} for no end. */
  readonly expiresAtMs: number
  /** How many identities may come in with it: only the host counts them. */
  readonly uses: number
}

export interface InviteCertificate extends InviteTerms {
  readonly signature: Bytes
}

/** What an invite link carries. */
export interface InviteCode extends Omit<InviteCertificate, 'inviteKey'> {
  /** The first bytes of the network id: tells a link to another network from a forged one. */
  readonly networkHint: Bytes
  /** Ed25519 private key. */
  readonly secret: Bytes
}

export type InviteCodeFault = 'invite-malformed' | 'invite-damaged'

const VERSION = 1
const NETWORK_HINT_BYTES = 8
const CHECK_BYTES = 4
const INVITE_DOMAIN = utf8('edge-net/invite/1\0')
const ACCEPTANCE_DOMAIN = utf8('edge-net/acceptance/1\0')
const CODE_DOMAIN = utf8('edge-net/invite-code/1\0')

export const INVITE_FIELDS = {
  inviteKey: fixed(KEY_BYTES),
  expiresAtMs: uint(6),
  uses: uint(2),
  signature: fixed(SIGNATURE_BYTES),
}
const CERTIFICATE = layout<InviteCertificate>(INVITE_FIELDS)
const CODE = layout<{ version: number; check: Bytes } & InviteCode>({
  version: uint(1),
  networkHint: fixed(NETWORK_HINT_BYTES),
  secret: fixed(KEY_BYTES),
  expiresAtMs: uint(6),
  uses: uint(2),
  signature: fixed(SIGNATURE_BYTES),
  check: fixed(CHECK_BYTES),
})
const CODE_CHARACTERS = Math.ceil(
  ((1 + NETWORK_HINT_BYTES + KEY_BYTES + 6 + 2 + SIGNATURE_BYTES + CHECK_BYTES) * 4) / 3,
)

type Sign = (message: Bytes) => Promise<Bytes>

/** The creator's signature under an invite. */
export async function signInvite(network: Bytes, terms: InviteTerms, sign: Sign): Promise<InviteCertificate> {
  const { inviteKey, expiresAtMs, uses } = terms
  const body = CERTIFICATE.encode({ inviteKey, expiresAtMs, uses, signature: new Uint8Array(0) })
  const signed = await appendSignature(concat(INVITE_DOMAIN, network), body, sign)
  return { inviteKey, expiresAtMs, uses, signature: signed.slice(-SIGNATURE_BYTES) }
}

/** Whether the network's creator signed the invite. */
export function inviteIsGenuine(genesis: Genesis, invite: InviteCertificate, verify: Verify = verifySignature) {
  const { publicKey, signature, message } = inviteCheck(genesis, invite)
  return verify(publicKey, signature, message)
}

export function inviteCheck(genesis: Genesis, invite: InviteCertificate): SignatureCheck {
  const body = CERTIFICATE.encode(invite).slice(0, -SIGNATURE_BYTES)
  return { publicKey: genesis.creator, signature: invite.signature, message: concat(INVITE_DOMAIN, genesis.id, body) }
}

/** What the invite's key signs for a newcomer. */
export function acceptanceMessage(network: Bytes, identity: Bytes): Bytes {
  return concat(ACCEPTANCE_DOMAIN, network, identity)
}

/** The code of an invite, as it stands behind `#invite=`. */
export async function encodeInviteCode(network: Bytes, invite: InviteCertificate, secret: Bytes): Promise<string> {
  const { expiresAtMs, uses, signature } = invite
  const networkHint = network.slice(0, NETWORK_HINT_BYTES)
  const fields = { version: VERSION, networkHint, secret, expiresAtMs, uses, signature }
  const body = CODE.encode({ ...fields, check: new Uint8Array(0) })
  return toBase64Url(concat(body, await checkOf(body)))
}

/** The invite in a code. A code of another length is none; one of which a character was changed is damaged. */
export async function decodeInviteCode(text: string): Promise<InviteCode | InviteCodeFault> {
  const bytes = text.length === CODE_CHARACTERS ? fromBase64Url(text) : undefined
  const fields = bytes && CODE.decode(bytes)
  if (!bytes || fields?.version !== VERSION) return 'invite-malformed'
  const { version: _, check, ...code } = fields
  const isWhole = compareBytes(check, await checkOf(bytes.slice(0, -CHECK_BYTES))) === 0
  if (!isWhole) return 'invite-damaged'
  return code.uses >= 1 && code.uses <= MAX_INVITE_USES ? code : 'invite-malformed'
}

/** Whether a code was made for this network, as far as its hint says. */
export function isForNetwork({ networkHint }: InviteCode, network: Bytes): boolean {
  return compareBytes(networkHint, network.slice(0, NETWORK_HINT_BYTES)) === 0
}

async function checkOf(body: Bytes): Promise<Bytes> {
  return (await sha256(concat(CODE_DOMAIN, body))).slice(0, CHECK_BYTES)
}
