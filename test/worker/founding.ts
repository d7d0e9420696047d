/** Founded networks for tests of the service: real terms, real signatures, and whoever is in them. */
import { expect } from 'vitest'
import { encodeApproval, signApproval } from '../../protocol/approval.ts'
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, signGenesis, type Genesis, type Terms } from '../../protocol/genesis.ts'
import { acceptanceMessage, signInvite, type InviteTerms } from '../../protocol/invite.ts'
import { NEVER_MS } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { networkIdText } from '../../protocol/network.ts'
import { signPetition, type Petition } from '../../protocol/petition.ts'
import type { RefusalCode } from '../../protocol/refusal.ts'
import { signRevocations, type Revocations } from '../../protocol/revocations.ts'
import type { HttpError } from '../../protocol/http.ts'
import { HOST, newSession, newSigner, request, type Session, type Signer } from './scenario.ts'

export interface Founded {
  /** `net-…` */
  readonly network: string
  readonly genesis: Genesis
  readonly creator: Signer
  /** In the order of the genesis. */
  readonly approvers: readonly Signer[]
}

/** Signs a genesis, without registering it. */
export async function sketch(
  policy: Terms['policy'],
  change: Partial<Terms> = {},
  { approvers: count = policy === 'consortium' ? 3 : 0 } = {},
): Promise<Founded> {
  const creator = await newSigner()
  const approvers = (await Promise.all(Array.from({ length: count }, newSigner))).toSorted((a, b) =>
    compareBytes(a.key, b.key),
  )
  const terms: Terms = {
    policy,
    createdAtMs: Date.now(),
    creator: creator.key,
    name: 'Night shift',
    description: 'Those who fold proteins while others sleep',
    parameters: DEFAULT_PARAMETERS,
    approvers: approvers.map(({ key }) => key),
    threshold: policy === 'consortium' ? 2 : 0,
    ...change,
  }
  const genesis = await signGenesis(terms, creator.sign)
  return { network: networkIdText(genesis.id), genesis, creator, approvers }
}

export async function found(...how: Parameters<typeof sketch>): Promise<Founded> {
  const founded = await sketch(...how)
  expect((await register(founded.genesis.bytes)).status).toBe(201)
  return founded
}

export function register(genesis: Bytes, headers: Record<string, string> = {}): Promise<Response> {
  return request('/networks', { method: 'POST', body: toBase64Url(genesis), headers })
}

export function describeNetwork(network: string): Promise<Response> {
  return request(`/n/${network}`, { headers: { Accept: 'application/json' } })
}

/** The code of a refusal over HTTP, with its status. */
export async function refusedAs(response: Response): Promise<readonly [RefusalCode, number]> {
  const { error } = await response.json<HttpError>()
  return [error.code, response.status]
}

// ---- chains --------------------------------------------------------------------------------------------------------

export interface MadeInvite {
  readonly key: Bytes
  /** What somebody with this invite shows. */
  readonly chainFor: (identity: Bytes) => Promise<Bytes>
}

export async function invite(
  { genesis, creator }: Founded,
  terms: Partial<InviteTerms> = {},
  signer: Signer = creator,
): Promise<MadeInvite> {
  const pair = await newSigner()
  const certificate = await signInvite(
    genesis.id,
    { inviteKey: pair.key, expiresAtMs: NEVER_MS, uses: 1, ...terms },
    signer.sign,
  )
  return {
    key: pair.key,
    chainFor: async (identity) => {
      const acceptance = await pair.sign(acceptanceMessage(genesis.id, identity))
      return encodeChain({ kind: 'invite', invite: certificate, acceptance })
    },
  }
}

/** An approval as it is sent. */
export async function approval(
  { genesis, creator, approvers }: Founded,
  member: Bytes,
  approver = 0,
  expiresAtMs = NEVER_MS,
  signer = genesis.policy === 'private' ? creator : approvers[approver],
) {
  if (!signer) throw new Error(`there is no approver ${approver}`)
  const signed = await signApproval(genesis, { member, approver, expiresAtMs }, signer.sign)
  return { ...signed, text: toBase64Url(encodeApproval(signed)) }
}

/** A chain of approvals by these approvers. */
export async function approvals(
  founded: Founded,
  member: Bytes,
  by: readonly number[],
  expiresAtMs = NEVER_MS,
): Promise<Bytes> {
  const signed = await Promise.all(by.map((approver) => approval(founded, member, approver, expiresAtMs)))
  return encodeChain({ kind: 'approvals', approvals: signed })
}

/** A session of somebody who shows this chain. */
export async function sessionWith(
  { network }: Founded,
  chainFor: (identity: Bytes) => Promise<Bytes> | Bytes,
  who?: Signer,
): Promise<Session> {
  const signer = who ?? (await newSigner())
  return newSession(network, { who: signer, profile: { chain: await chainFor(signer.key) } })
}

// ---- what is sent to a charter -------------------------------------------------------------------------------------

export function send(network: string, part: string, body: string, headers: Record<string, string> = {}) {
  return request(`/n/${network}/${part}`, { method: 'POST', body, headers })
}

export function petition(
  { genesis }: Pick<Founded, 'genesis'>,
  purpose: Petition['purpose'],
  who: Signer,
  change: Partial<Petition> = {},
): Promise<string> {
  const usual = { issuedAtMs: Date.now(), host: HOST, name: '', note: '', subject: new Uint8Array(0) }
  return signPetition({ purpose, network: genesis.id, identity: who.key, ...usual, ...change }, who.sign)
}

export async function revoke(
  { network, genesis, creator }: Founded,
  keys: readonly Bytes[],
  latest?: Revocations,
): Promise<{ list: Revocations; response: Response }> {
  const list = await signRevocations(genesis, latest, keys, Date.now(), creator.sign)
  return { list, response: await send(network, 'revocations', toBase64Url(list.bytes)) }
}
