/**
 * A founded network at a host that does as it is told: it answers like an honest one until a test changes what it holds or
 * replaces an answer. Its room lets everybody in, as a lying one does.
 */
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { decodeApproval } from '../../protocol/approval.ts'
import { DEFAULT_PARAMETERS, signGenesis, type Genesis, type Policy } from '../../protocol/genesis.ts'
import { networkIdText } from '../../protocol/network.ts'
import { provePetition, type PetitionPurpose } from '../../protocol/petition.ts'
import type { RefusalCode } from '../../protocol/refusal.ts'
import { proveRevocations, type Revocations } from '../../protocol/revocations.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import { refusal, ScriptedRoom, type HttpAnswer, type HttpRequest } from './scripted-room.ts'

export interface FoundingPlan {
  readonly policy: Policy
  /** How many approvers, of whom the creator is none. */
  readonly approvers?: number
  readonly threshold?: number
}

export class ScriptedOffice {
  readonly room: ScriptedRoom
  readonly genesis: Genesis
  readonly creator: Identity
  /** In the order of the genesis. */
  readonly approvers: readonly Identity[]
  /** What it serves as the genesis, base64url. */
  servedGenesis: string
  /** What it serves as the latest list, base64url. */
  servedRevocations: string | undefined
  /** Approvals by `siteId`, base64url. */
  readonly approvals = new Map<string, string[]>()
  readonly waiting = new Map<string, { name: string; note: string; sinceMs: number }>()
  readonly declined = new Set<string>()
  /** How far its clock is ahead. */
  clockAheadMs = 0
  /** Every request, oldest first. */
  readonly requests: HttpRequest[] = []
  /** Replaces an answer. */
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined
  /** Kept as an honest host keeps it. */
  latest: Revocations | undefined

  private constructor(room: ScriptedRoom, genesis: Genesis, creator: Identity, approvers: readonly Identity[]) {
    this.room = room
    this.genesis = genesis
    this.creator = creator
    this.approvers = approvers
    this.servedGenesis = toBase64Url(genesis.bytes)
    room.answer = (request) => this.#asked(request)
  }

  static async open({ policy, approvers: count = 0, threshold = 0 }: FoundingPlan): Promise<ScriptedOffice> {
    const creator = await createIdentity()
    const approvers = await Promise.all(Array.from({ length: count }, () => createIdentity()))
    approvers.sort((a, b) => compareBytes(a.publicKey, b.publicKey))
    const genesis = await foundedBy(creator, { policy, approvers, threshold })
    return new ScriptedOffice(await ScriptedRoom.open(networkIdText(genesis.id)), genesis, creator, approvers)
  }

  get roomUrl(): string {
    return this.room.roomUrl
  }

  async close(): Promise<void> {
    await this.room.close()
  }

  async #asked(request: HttpRequest): Promise<HttpAnswer | undefined> {
    const { method, path, body } = request
    this.requests.push(request)
    const instead = this.instead(request)
    if (instead) return instead
    const key = networkIdText(this.genesis.id)
    if (path === `/n/${key}`) return ok(this.#description(key))
    if (method !== 'POST') return undefined
    switch (path) {
      case `/n/${key}/waiting`:
        return this.#petitioned('wait', body)
      case `/n/${key}/reviews`:
        return this.#petitioned('review', body)
      case `/n/${key}/declines`:
        return this.#petitioned('decline', body)
      case `/n/${key}/approvals`:
        return this.#approved(body)
      case `/n/${key}/revocations`:
        return this.#revoked(body)
      default:
        return undefined
    }
  }

  #description(key: string): object {
    const { name, description, policy, creator } = this.genesis
    const revocations = this.servedRevocations
    return {
      name,
      description,
      policy,
      id: key,
      url: this.roomUrl,
      members: this.room.members.size,
      creator: toBase64Url(creator),
      genesis: this.servedGenesis,
      ...(revocations !== undefined && { revocations }),
    }
  }

  async #petitioned(purpose: PetitionPurpose, body: string): Promise<HttpAnswer> {
    const { host } = this.room
    const nowMs = Date.now() + this.clockAheadMs
    const petition = await provePetition(body, { purpose, network: this.genesis.id, host }, nowMs)
    if (typeof petition === 'string') return no(petition, nowMs)
    const siteId = toBase64Url(petition.identity)
    if (purpose === 'decline') {
      this.declined.add(toBase64Url(petition.subject))
      return { status: 204, body: '' }
    }
    if (purpose === 'review') {
      const waiting = [...this.waiting].map(([member, words]) => ({
        member,
        ...words,
        approvals: this.#approvalsOf(member),
      }))
      return ok({ waiting })
    }
    if (this.declined.has(siteId)) return no('declined', nowMs)
    this.waiting.set(siteId, { name: petition.name, note: petition.note, sinceMs: nowMs })
    return ok({ approvals: this.#approvalsOf(siteId) })
  }

  #approvalsOf(siteId: string): readonly string[] {
    return this.approvals.get(siteId) ?? []
  }

  #approved(body: string): HttpAnswer {
    const approval = decodeApproval(bytesOf(body))
    if (!approval) return no('approval-malformed', Date.now())
    const member = toBase64Url(approval.member)
    this.approvals.set(member, [...this.#approvalsOf(member), body])
    return { status: 204, body: '' }
  }

  async #revoked(body: string): Promise<HttpAnswer> {
    const list = await proveRevocations(this.genesis, bytesOf(body))
    if (typeof list === 'string') return no(list, Date.now())
    if (list.number <= (this.latest?.number ?? 0)) return no('revocations-stale', Date.now(), 409)
    this.latest = list
    this.servedRevocations = body
    return ok({ number: list.number })
  }
}

/** A genesis with these terms. */
export function foundedBy(
  creator: Identity,
  { policy, approvers = [], threshold = 0 }: { policy: Policy; approvers?: readonly Identity[]; threshold?: number },
): Promise<Genesis> {
  const terms = { policy, createdAtMs: Date.now(), creator: creator.publicKey, name: 'Friends', description: 'Of Ada.' }
  const keys = approvers.map(({ publicKey }) => publicKey).toSorted(compareBytes)
  return signGenesis({ ...terms, parameters: DEFAULT_PARAMETERS, approvers: keys, threshold }, (bytes) =>
    creator.sign(bytes),
  )
}

export function ok(value: object): HttpAnswer {
  return { status: 200, body: JSON.stringify(value) }
}

export function no(code: RefusalCode, serverTimeMs = Date.now(), status = 403): HttpAnswer {
  return { status, body: JSON.stringify({ error: refusal(code, { serverTimeMs }) }) }
}

function bytesOf(text: string): Bytes {
  return fromBase64Url(text) ?? new Uint8Array(0)
}
