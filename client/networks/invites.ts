/** Making invites, and coming in by one. What an invite's private half signs is checked by everybody; nobody else ever sees it. */
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import {
  acceptanceMessage,
  decodeInviteCode,
  encodeInviteCode,
  inviteIsGenuine,
  isForNetwork,
  signInvite,
  type InviteCode,
} from '../../protocol/invite.ts'
import { MAX_INVITE_USES, NEVER_MS } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { EdgeNetError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { PKCS8_HEAD, SEED_BYTES } from '../identity/recoverable.ts'
import type { RoomUrl } from '../room-url.ts'
import type { Invite } from './api.ts'
import { invalid, membershipError } from './fault.ts'
import { verifyStrictly } from './strict-signature.ts'

/** What stands in front of a code in the fragment of a room URL. */
const FRAGMENT = '#invite='
const DEFAULT_USES = 1

/** @throws EdgeNetError `invalid-argument` (`not-creator`, `policy`, `expiresAtMs`, `uses`) */
export async function makeInvite(
  genesis: Genesis,
  identity: Identity,
  room: RoomUrl,
  { expiresAtMs = NEVER_MS, uses = DEFAULT_USES }: { readonly expiresAtMs?: number; readonly uses?: number },
  nowMs: number,
): Promise<Invite> {
  if (genesis.policy !== 'private') {
    throw invalid('policy', 'Only private networks have invites.', 'In a consortium the approvers let people in.')
  }
  if (compareBytes(genesis.creator, identity.publicKey) !== 0) {
    throw invalid('not-creator', 'Only the founder may invite.', 'Ask the founder for an invite.')
  }
  if (!Number.isSafeInteger(expiresAtMs) || expiresAtMs <= nowMs || expiresAtMs > NEVER_MS) {
    throw invalid('expiresAtMs', 'An invite expires in the future.', 'Give milliseconds since 1970.')
  }
  if (!Number.isInteger(uses) || uses < 1 || uses > MAX_INVITE_USES) {
    throw invalid('uses', 'An invite has some uses.', `Use 1 to ${MAX_INVITE_USES}.`)
  }
  const { secret, inviteKey } = await newInviteKey()
  const certificate = await signInvite(genesis.id, { inviteKey, expiresAtMs, uses }, (bytes) => identity.sign(bytes))
  const code = await encodeInviteCode(genesis.id, certificate, secret)
  secret.fill(0)
  return {
    url: `${room.http}${FRAGMENT}${code}`,
    code,
    inviteKey: toBase64Url(inviteKey),
    expiresAtMs: expiresAtMs === NEVER_MS ? undefined : expiresAtMs,
    uses,
  }
}

/** The code that a room URL carries, if any. */
export function inviteIn(url: string): string | undefined {
  const at = url.indexOf(FRAGMENT)
  return at < 0 ? undefined : url.slice(at + FRAGMENT.length)
}

/**
 * The chain by which an identity comes in with an invite.
 *
 * @param invite its link or its code
 * @throws EdgeNetError `membership`
 */
export async function acceptInvite(genesis: Genesis, identity: Bytes, invite: string, nowMs: number): Promise<Bytes> {
  const code = await decodeInviteCode((inviteIn(invite) ?? invite).trim())
  if (typeof code === 'string') throw membershipError(code)
  if (!isForNetwork(code, genesis.id)) throw membershipError('invite-foreign')
  if (genesis.policy !== 'private') throw membershipError('membership-malformed')
  const { privateKey, inviteKey } = await inviteKeysOf(code)
  const certificate = { inviteKey, expiresAtMs: code.expiresAtMs, uses: code.uses, signature: code.signature }
  if (!(await inviteIsGenuine(genesis, certificate, verifyStrictly))) throw membershipError('membership-signature')
  if (code.expiresAtMs <= nowMs) throw membershipError('invite-expired')
  const message = acceptanceMessage(genesis.id, identity)
  const acceptance = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message))
  return encodeChain({ kind: 'invite', invite: certificate, acceptance })
}

async function newInviteKey(): Promise<{ readonly secret: Bytes; readonly inviteKey: Bytes }> {
  const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const [raw, exported] = await Promise.all([
    crypto.subtle.exportKey('raw', keys.publicKey),
    crypto.subtle.exportKey('pkcs8', keys.privateKey),
  ])
  const pkcs8 = new Uint8Array(exported)
  const secret = pkcs8.slice(PKCS8_HEAD.length, PKCS8_HEAD.length + SEED_BYTES)
  pkcs8.fill(0)
  return { secret, inviteKey: new Uint8Array(raw) }
}

/** The pair that the code's private half makes. A JSON Web Key is the one form in which the platform tells the other half: RFC 8037. */
async function inviteKeysOf({ secret }: InviteCode): Promise<{ privateKey: CryptoKey; inviteKey: Bytes }> {
  const pkcs8 = new Uint8Array([...PKCS8_HEAD, ...secret])
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign'])
  pkcs8.fill(0)
  const { x = '' } = await crypto.subtle.exportKey('jwk', privateKey)
  const inviteKey = fromBase64Url(x)
  if (inviteKey) return { privateKey, inviteKey }
  const hint = 'Use a current browser, or Node 22 or newer.'
  throw new EdgeNetError('unsupported', 'keys', 'This runtime does not tell the public half of a key.', hint)
}
