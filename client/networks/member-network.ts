/**
 * A network as one identity stands to it: its own membership, everybody else's, and what may be done about either. Invariant:
 * the chain that it shows is genuine, so that only time and revocations can change its standing.
 */
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { approversOf } from '../../protocol/approval.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { MAX_REVOKED, NEVER_MS } from '../../protocol/limits.ts'
import { membershipClaim, type Membership, type MembershipFault } from '../../protocol/membership.ts'
import { signRevocations, type Revocations } from '../../protocol/revocations.ts'
import type { MembershipHost, SharedMembership } from '../api.ts'
import type { Clock } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import { Emitter } from '../events.ts'
import type { Identity } from '../identity/identity.ts'
import type { RoomUrl } from '../room-url.ts'
import type { Invite, MemberNetwork, MembershipEvents, NetworkFacts, Standing, Waiting } from './api.ts'
import { approverIndex, chainWith, genuineApprovals, keyOf, makeApproval } from './approvals.ts'
import { EndWatch } from './end-watch.ts'
import { invalid } from './fault.ts'
import { fieldsOf } from './host.ts'
import { makeInvite } from './invites.ts'
import { Judge } from './judge.ts'
import { lookUp } from './look-up.ts'
import { Office } from './office.ts'
import type { RevocationBook } from './revocation-book.ts'
import { RevocationExchange } from './revocation-exchange.ts'
import { checkWords, untilDone, waitingIn } from './waiting.ts'

/** An owner's devices may remove members at the same time, but not for ever. */
const REVOKE_TRIES = 4

export interface NetworkOpening {
  readonly room: RoomUrl
  readonly networkId: Bytes
  readonly facts: NetworkFacts
  /** Absent behind a plain name. */
  readonly genesis: Genesis | undefined
  readonly identity: Identity
  readonly clock: Clock
  readonly book: RevocationBook
  readonly hostFault: EdgeNetError | undefined
}

const NOTHING = new Uint8Array(0)

type Words = { readonly name?: string; readonly note?: string }

export class OpenedNetwork implements MemberNetwork {
  readonly networkId: Bytes
  readonly facts: NetworkFacts
  readonly hostFault: EdgeNetError | undefined
  chainBytes: Bytes = NOTHING
  readonly #opening: NetworkOpening
  readonly #book: RevocationBook
  readonly #judge: Judge | undefined
  readonly #office: Office
  readonly #emitter = new Emitter<MembershipEvents>((cause) => void Promise.reject(cause))
  readonly #ends = new EndWatch(() => this.#someEnded())
  #network: MembershipHost | undefined
  #exchange: RevocationExchange | undefined
  /** As it was told last. */
  #told: Standing

  constructor(opening: NetworkOpening) {
    const { networkId, facts, genesis, room, identity, clock, book, hostFault } = opening
    this.#opening = opening
    this.networkId = networkId
    this.facts = facts
    this.hostFault = hostFault
    this.#book = book
    this.#judge = genesis && genesis.policy !== 'public' ? new Judge(genesis, book) : undefined
    this.#office = new Office(room, networkId, identity, clock)
    this.#told = this.standing
  }

  // ---- what a network asks -----------------------------------------------------------------------------------------

  get expiresAtMs(): number {
    return this.#membership?.expiresAtMs ?? NEVER_MS
  }

  get degree(): number {
    return this.facts.parameters.maxDegree
  }

  async judge(
    { identity, chain, expiresAtMs }: Parameters<SharedMembership['judge']>[0],
    atMs: number,
  ): Promise<MembershipFault | undefined> {
    if (!this.#judge) return undefined
    const membership = await this.#judge.judge(identity, chain, atMs)
    if (typeof membership === 'string') return membership
    if (expiresAtMs > membership.expiresAtMs) return 'membership-expired'
    if (this.#network) this.#ends.note(membership.expiresAtMs, atMs)
    return undefined
  }

  attach(network: MembershipHost): void {
    if (this.#network)
      throw invalid(
        'membership',
        'This membership is in use.',
        'Await close() of the other network, or open one for each.',
      )
    const { genesis } = this.#opening
    const book = this.#book
    this.#network = network
    if (!genesis || !this.#judge) return
    this.#exchange = new RevocationExchange({ genesis, book, network, took: (list) => this.#took(list) })
    // The room may say that we were removed before anybody has shown us the list that proves it.
    network.on('state', ({ error }) => {
      if (error?.reason === 'membership-revoked') void this.#lookUpRevocations()
    })
    this.#noteOwnEnd()
  }

  detach(): void {
    this.#network = undefined
    this.#exchange?.close()
    this.#ends.stop()
  }

  // ---- our own membership ------------------------------------------------------------------------------------------

  get standing(): Standing {
    const claim = this.#claim
    if (claim === 'membership-revoked') return 'revoked'
    if (typeof claim === 'string') return 'stranger'
    return claim.expiresAtMs > this.#opening.clock.nowMs() ? 'member' : 'expired'
  }

  get role(): Membership['role'] | undefined {
    return this.#membership?.role
  }

  get endsAtMs(): number | undefined {
    const { expiresAtMs } = this
    return expiresAtMs === NEVER_MS ? undefined : expiresAtMs
  }

  get genesis(): string | undefined {
    const { genesis } = this.#opening
    return genesis && toBase64Url(genesis.bytes)
  }

  get chain(): string {
    return toBase64Url(this.chainBytes)
  }

  /** Takes a chain that is to be shown from now on. False when it is not genuine. */
  async show(chain: Bytes): Promise<boolean> {
    const isGenuine = (await this.#judge?.isGenuine(this.#opening.identity.publicKey, chain)) ?? false
    if (isGenuine) this.#setChain(chain)
    return isGenuine
  }

  async ask(words: Words = {}): Promise<{ readonly approvals: number }> {
    const genesis = this.#closedGenesis()
    checkWords(words)
    const { identity, clock } = this.#opening
    const member = identity.publicKey
    const answer = await this.#office.petition({ purpose: 'wait', ...words })
    const approvers = approversOf(genesis)
    const genuine = await genuineApprovals(genesis, member, fieldsOf(answer)['approvals'])
    const counted = genuine.filter(({ approver }) => !this.#book.has(approvers[approver] ?? NOTHING))
    const { chain, count } = chainWith(this.chainBytes, member, counted, clock.nowMs())
    if (this.#lastsLonger(chain)) this.#setChain(chain)
    return { approvals: count }
  }

  async untilMember({
    signal,
    onProgress,
    ...words
  }: Words & { readonly signal?: AbortSignal; readonly onProgress?: (approvals: number) => void } = {}): Promise<void> {
    let known = 0
    await untilDone(async () => {
      if (this.standing === 'member') return true
      const { approvals } = await this.ask(words)
      if (approvals !== known) onProgress?.(approvals)
      known = approvals
      return (this.standing as Standing) === 'member'
    }, signal)
  }

  // ---- other people's ----------------------------------------------------------------------------------------------

  async invite(options: { readonly expiresAtMs?: number; readonly uses?: number } = {}): Promise<Invite> {
    const { room, identity, clock } = this.#opening
    return makeInvite(this.#closedGenesis(), identity, room, options, clock.nowMs())
  }

  async waiting(): Promise<readonly Waiting[]> {
    const genesis = this.#closedGenesis()
    approverIndex(genesis, this.#opening.identity)
    return waitingIn(genesis, await this.#office.petition({ purpose: 'review' }))
  }

  async approve(siteId: string, { expiresAtMs = NEVER_MS }: { readonly expiresAtMs?: number } = {}): Promise<void> {
    const { identity, clock } = this.#opening
    const approval = await makeApproval(this.#closedGenesis(), identity, siteId, expiresAtMs, clock.nowMs())
    await this.#office.handIn('approvals', approval)
  }

  async decline(siteId: string): Promise<void> {
    approverIndex(this.#closedGenesis(), this.#opening.identity)
    await this.#office.petition({ purpose: 'decline', subject: keyOf(siteId, 'siteId') })
  }

  get revoked(): readonly string[] {
    return this.#book.keys.map(toBase64Url)
  }

  get revocations(): string | undefined {
    const { latest } = this.#book
    return latest && toBase64Url(latest.bytes)
  }

  async revoke(...texts: readonly string[]): Promise<number> {
    const genesis = this.#closedGenesis()
    const { identity } = this.#opening
    if (compareBytes(genesis.creator, identity.publicKey) !== 0) {
      throw invalid('not-creator', 'Only the founder may remove members.', 'Ask the founder.')
    }
    const keys = texts.map((text) => keyOf(text, 'keys'))
    if (keys.some((key) => compareBytes(key, genesis.creator) === 0)) {
      throw invalid('creator', 'The founder cannot be removed.', 'Leave the network instead.')
    }
    for (let tries = 1; ; tries++) {
      // Another device of ours may have removed somebody. If the host does not answer now, it says so soon.
      await this.#lookUpRevocations()
      const list = await this.#signed(genesis, keys)
      // Peers need no host to know.
      this.#took(list)
      try {
        await this.#office.handIn('revocations', toBase64Url(list.bytes))
        return list.number
      } catch (error) {
        const isStale = error instanceof EdgeNetError && error.reason === 'revocations-stale'
        if (!isStale || tries >= REVOKE_TRIES) throw error
      }
    }
  }

  on<Type extends keyof MembershipEvents>(type: Type, handler: (event: MembershipEvents[Type]) => unknown): () => void {
    return this.#emitter.on(type, handler)
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  get #claim(): Membership | MembershipFault {
    return this.#claimBy(this.chainBytes)
  }

  get #membership(): Membership | undefined {
    const claim = this.#claim
    return typeof claim === 'string' ? undefined : claim
  }

  #claimBy(chain: Bytes): Membership | MembershipFault {
    const { genesis, identity } = this.#opening
    if (!genesis) return { role: 'everybody', expiresAtMs: NEVER_MS }
    return membershipClaim(genesis, identity.publicKey, chain, this.#book)
  }

  /** Whether a chain is of more use than the one that is shown. */
  #lastsLonger(chain: Bytes): boolean {
    const before = this.#claim
    const after = this.#claimBy(chain)
    if (typeof before === 'string') return true
    return typeof after !== 'string' && after.expiresAtMs > before.expiresAtMs
  }

  #setChain(chain: Bytes): void {
    if (compareBytes(chain, this.chainBytes) === 0) return
    this.chainBytes = chain
    this.#network?.renew()
    this.#noteOwnEnd()
    this.#tellStanding()
  }

  /** @throws EdgeNetError `invalid-argument` (`policy`) where everybody is a member */
  #closedGenesis(): Genesis {
    const { genesis } = this.#opening
    if (genesis && this.#judge) return genesis
    throw invalid('policy', 'Everybody is a member of a public network.', 'Join it; nobody is let in or removed.')
  }

  /** Takes the host's list of revocations, if it has one and answers. */
  async #lookUpRevocations(): Promise<void> {
    const { room, networkId } = this.#opening
    const known = await lookUp(room, networkId).catch(() => undefined)
    if (known?.revocations) this.#took(known.revocations)
  }

  async #signed(genesis: Genesis, keys: readonly Bytes[]): Promise<Revocations> {
    const { identity, clock } = this.#opening
    const all = [...this.#book.keys, ...keys]
    if (new Set(all.map(toBase64Url)).size > MAX_REVOKED) {
      const hint = 'Found the network anew with those who remain.'
      throw invalid('keys', `At most ${MAX_REVOKED} can be removed.`, hint)
    }
    return signRevocations(genesis, this.#book.latest, all, clock.nowMs(), (bytes) => identity.sign(bytes))
  }

  #took(list: Revocations): void {
    const before = this.#book.latest
    const added = this.#book.take(list)
    if (this.#book.latest !== before) this.#exchange?.tellAll()
    if (added.length === 0) return
    this.#network?.rejudge()
    this.#emitter.emit('revoked', { number: list.number, siteIdsAndInvites: added.map(toBase64Url) })
    this.#tellStanding()
  }

  /** A membership may be over: all are judged and noted anew. */
  #someEnded(): void {
    this.#network?.rejudge()
    this.#noteOwnEnd()
    this.#tellStanding()
  }

  #noteOwnEnd(): void {
    const leftMs = this.expiresAtMs - this.#opening.clock.nowMs()
    if (this.#network && leftMs > 0) this.#ends.note(this.expiresAtMs, this.expiresAtMs - leftMs)
  }

  #tellStanding(): void {
    const { standing } = this
    if (standing === this.#told) return
    this.#told = standing
    this.#emitter.emit('standing', { standing })
  }
}
