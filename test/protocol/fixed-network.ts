/** A private network and a consortium whose keys never change, and what their members sign. */
import { signApproval, type Approval } from '../../protocol/approval.ts'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, signGenesis, type Terms } from '../../protocol/genesis.ts'
import { acceptanceMessage, encodeInviteCode, signInvite } from '../../protocol/invite.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { signPetition, type Petition } from '../../protocol/petition.ts'
import { signRevocations, type Revocations } from '../../protocol/revocations.ts'
import { HOST, HOUR_MS, IDENTITY_SEED, ISSUED_AT_MS, signerOf } from './fixed-keys.ts'

const seedFrom = (first: number) => Uint8Array.from({ length: 32 }, (_, i) => first + i)

export const INVITE_SEED = seedFrom(64)
export const MEMBER_SEED = seedFrom(96)
/** In the order of their public keys, as a genesis has them. */
export const APPROVER_SEEDS = [seedFrom(128), seedFrom(160), seedFrom(192)].toSorted((a, b) =>
  compareBytes(signerOf(a).key, signerOf(b).key),
)

export const creator = signerOf(IDENTITY_SEED)
export const inviteKeys = signerOf(INVITE_SEED)
export const member = signerOf(MEMBER_SEED)
export const approvers = APPROVER_SEEDS.map(signerOf)

export const TERMS: Terms = {
  policy: 'private',
  createdAtMs: ISSUED_AT_MS,
  creator: creator.key,
  name: 'Lesegruppe ✓',
  description: 'Those who read on Thursdays',
  parameters: { ...DEFAULT_PARAMETERS, entryGapMs: 1_000 },
  approvers: [],
  threshold: 0,
}
export const CONSORTIUM_TERMS: Terms = {
  ...TERMS,
  policy: 'consortium',
  approvers: approvers.map(({ key }) => key),
  threshold: 2,
}
export const ENDS_AT_MS = ISSUED_AT_MS + 24 * HOUR_MS

export const privateGenesis = await signGenesis(TERMS, creator.sign)
export const consortium = await signGenesis(CONSORTIUM_TERMS, creator.sign)
export const publicGenesis = await signGenesis({ ...TERMS, policy: 'public' }, creator.sign)

export const INVITE = { inviteKey: inviteKeys.key, expiresAtMs: ENDS_AT_MS, uses: 3 }

export function certificate(change: Partial<typeof INVITE> = {}, signer = creator) {
  return signInvite(privateGenesis.id, { ...INVITE, ...change }, signer.sign)
}

export async function inviteCode(): Promise<string> {
  return encodeInviteCode(privateGenesis.id, await certificate(), INVITE_SEED)
}

/** The member's chain, unless somebody else accepts or another certificate is given. */
export async function inviteChain({ identity = member.key, invite = certificate(), acceptor = inviteKeys } = {}) {
  const acceptance = await acceptor.sign(acceptanceMessage(privateGenesis.id, identity))
  return encodeChain({ kind: 'invite', invite: await invite, acceptance })
}

export function approval(approver: number, expiresAtMs = ENDS_AT_MS, of = member.key): Promise<Approval> {
  const signer = approvers[approver]
  if (!signer) throw new Error(`there is no approver ${approver}`)
  return signApproval(consortium, { member: of, approver, expiresAtMs }, signer.sign)
}

export async function approvalsChain(by: readonly number[], endsAtMs: readonly number[] = []): Promise<Bytes> {
  const approvals = await Promise.all(by.map((approver, i) => approval(approver, endsAtMs[i])))
  return encodeChain({ kind: 'approvals', approvals })
}

export function revocations(keys: readonly Bytes[] = [member.key], latest?: Revocations): Promise<Revocations> {
  return signRevocations(privateGenesis, latest, keys, ISSUED_AT_MS, creator.sign)
}

export function petition(change: Partial<Petition> = {}): Promise<string> {
  const fields = {
    purpose: 'wait' as const,
    network: privateGenesis.id,
    identity: member.key,
    issuedAtMs: ISSUED_AT_MS,
    host: HOST,
    name: 'Ada ✓',
    note: 'from the library',
    subject: new Uint8Array(0),
  }
  return signPetition({ ...fields, ...change }, member.sign)
}
