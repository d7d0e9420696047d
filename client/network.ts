/**
 * Being in a network: joining, what applications call, and leaving. Carriers bring announcements and envelopes, and
 * everybody that is let in gets a link, or whom the mesh wants.
 */
import { toBase64Url } from '../protocol/bytes.ts'
import type { IceServer } from '../protocol/http.ts'
import { networkIdText } from '../protocol/network.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import type { Refusal, RoomMessage } from '../protocol/room-messages.ts'
import type {
  Applicant,
  Data,
  JoinPhase,
  MembershipHost,
  Network,
  NetworkEvents,
  NetworkState,
  Peer,
  Sendable,
  Sending,
  SendOptions,
} from './api.ts'
import { Carriers, ROOM } from './carrier/carriers.ts'
import { RoomCarrier } from './carrier/room.ts'
import { nowMs } from './clock.ts'
import { EdgeNetError } from './errors.ts'
import { Emitter, type ListenOptions } from './events.ts'
import { Failures, refusalError } from './failures.ts'
import { IceSupply } from './ice.ts'
import { followLifecycle } from './lifecycle.ts'
import { BYE_FLUSH_MS, Links } from './links.ts'
import { meshHost } from './mesh-host.ts'
import type { NetworkGossip, SharedMesh } from './mesh/api.ts'
import { MESH_CHANNEL } from './mesh/outbox.ts'
import type { NetworkParts } from './network-parts.ts'
import type { Contribution, LedgerEntry, SharedLedger } from './qdag/api.ts'
import { Timers, type Timer } from './timers.ts'

/** Welcomes that take longer come from far away. */
const PREPARE_WHILE_WAITING_MS = 20
/** How often joining tries before it says that the room is unreachable. */
const DEFAULT_ATTEMPTS = 3
/** A room that has not welcomed us by then is looked for elsewhere, if there is another carrier. */
const ROOM_LATE_MS = 500
/** A room that says nothing is waited for so long, while another carrier works and brings nobody: we may be the first. */
const ALONE_MS = 5_000
/** A port that is closed says so sooner than a relay that is far away, and what speaks to it may have to be loaded. */
const CARRIERS_LATE_MS = 10_000
/** What was sent before closing is acknowledged within a round trip and the other side's patience; a dead peer never does it. */
const FLUSH_MS = 500
const FLUSH_CHECK_MS = 10

/** Announcements are renewed at half of their life; the last one before a membership ends not for ever faster. */
const MIN_RENEWAL_MS = 60_000

export class JoinedNetwork implements Network, MembershipHost {
  readonly peers: ReadonlyMap<PeerId, Peer>
  readonly blocked: Set<string>
  readonly name: string
  readonly id: string
  readonly roomUrl: string
  readonly peerId: PeerId
  readonly siteId: string
  readonly ledger: SharedLedger | undefined
  readonly mesh: SharedMesh | undefined
  state: NetworkState = 'reconnecting'
  total = 0
  readonly #parts: NetworkParts
  readonly #room: RoomCarrier
  readonly #carriers: Carriers
  readonly #links: Links
  /** Absent when the application brought servers of its own, or none are needed. */
  #ice: IceSupply | undefined
  readonly #emitter = new Emitter<NetworkEvents>((cause, type) => this.#failures.handlerFailed(cause, type))
  readonly #failures = new Failures(this.#emitter)
  /** Who takes the messages of channels other than the application's. */
  readonly #channels = new Map<number, (event: NetworkEvents['message']) => unknown>()
  readonly #abort = new AbortController()
  readonly #timers = new Timers()
  /** Settles `enter`; absent before and after. */
  #entering: { resolve(): void; reject(error: EdgeNetError): void } | undefined
  /** The last one, for a reason that passes. */
  #refusal: Refusal | undefined
  #startedAtMs = 0
  /** It does not answer, or takes long: others may be looked for without it. */
  #isRoomLate = false
  /** Joining has tried to reach the room as often as it does; why the last try failed. */
  #roomFailure: { readonly cause: unknown } | undefined
  #closing: Promise<void> | undefined
  #stopFollowing: (() => void) | undefined
  #renewal: Timer | undefined

  constructor(parts: NetworkParts) {
    const { room, session, options, manager, ledger, membership } = parts
    this.#parts = parts
    this.ledger = ledger
    this.mesh = options.mesh
    this.name = room.network
    this.id = networkIdText(session.core.network)
    this.roomUrl = room.http
    this.peerId = session.peerId
    this.siteId = toBase64Url(session.core.identity)
    this.blocked = new Set(options.blocked)
    this.#room = new RoomCarrier(room.webSocket, () => session.ticket('join', room.host), {
      connecting: () => {
        this.#refusal = undefined
        this.#phase('connecting')
        // Over a distance the wait for the welcome is time to prepare the first direct path. Nearby, preparing would only
        // delay the welcome: making a connection keeps the thread busy for some milliseconds.
        this.#timers.after(PREPARE_WHILE_WAITING_MS, () => this.#entering && manager?.prepare())
      },
      message: (message) => this.#message(message),
      refused: (refusal) => this.#refusedFor(refusal),
      failed: (failures, cause) => this.#roomFailed(failures, cause),
      rejected: (refusal) => this.#fail(refusalError(refusal)),
    })
    const { mesh, carriers = [] } = options
    this.#carriers = new Carriers([this.#room, ...(mesh ? [mesh.carrier] : []), ...carriers], {
      carrierUp: (carrier) => this.#emitter.emit('carrier-up', { carrier }),
      carrierDown: (carrier, error) => this.#carrierDown(carrier, error),
      met: (announcement, via) => this.#brought(via, () => this.#links.met(announcement, via)),
      envelope: (envelope, via) => this.#brought(via, () => this.#links.envelope(envelope, via)),
      relayUp: (peer, via) => this.#links.remotes.get(peer)?.relayUp(via),
      relayDown: (peer) => this.#links.remotes.get(peer)?.relayDown(),
      probe: (peer) => this.#links.remotes.get(peer)?.probe(),
      relayReady: (peer) => this.#links.remotes.get(peer)?.pump(),
      isSilent: (peer, sinceMs) => this.#links.isSilent(peer, sinceMs),
      look: () => this.#look(),
    })
    if (manager && !options.iceServers) this.#ice = new IceSupply(parts, manager, this.#timers, this.#abort.signal)
    this.#links = new Links(parts, {
      carriers: this.#carriers,
      emitter: this.#emitter,
      failures: this.#failures,
      timers: this.#timers,
      blocked: this.blocked,
      ice: this.#ice,
      authorize: (applicant) => this.authorize(applicant),
      deliver: (peer, channel, data) => this.#deliver(peer, channel, data),
    })
    this.peers = this.#links.peers
    membership?.attach(this)
    try {
      mesh?.attach(meshHost(this, parts, this.#links, this.#room, this.#failures))
    } catch (error) {
      membership?.detach()
      throw error
    }
    ledger?.attach(this)
  }

  // ---- joining and leaving -----------------------------------------------------------------------------------------

  /** Connects; resolves with the first welcome. */
  async enter(): Promise<this> {
    const { options, manager } = this.#parts
    const entered = new Promise<void>((resolve, reject) => (this.#entering = { resolve, reject }))
    options.signal?.addEventListener('abort', () => void this.close(), { signal: this.#abort.signal })
    if (manager && options.iceServers) manager.iceServers = options.iceServers
    this.#stopFollowing = followLifecycle({
      nudge: () => this.nudge(),
      leave: () => void (this.#closing ??= this.#leave(0)),
      suspend: () => {
        // It still says something.
        this.ledger?.suspend()
        this.#carriers.each((carrier) => carrier.suspend())
        manager?.suspend()
        this.mesh?.suspend()
      },
      resume: () => {
        this.#carriers.each((carrier) => carrier.resume())
        manager?.resume()
        this.ledger?.resume()
        this.mesh?.resume()
      },
    })
    this.#startedAtMs = nowMs()
    const { session, clock } = this.#parts
    const { peerId, core } = session
    try {
      this.#carriers.start({
        networkId: core.network,
        peerId,
        announcement: () => session.announcement,
        nowMs: () => clock.nowMs(),
      })
    } catch (error) {
      // One that the application brings.
      this.#fail(error as EdgeNetError)
    }
    this.#planRenewal()
    if (options.signal?.aborted) void this.close()
    await entered
    return this
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#leave())
  }

  /** @param flushMs how long to wait for acknowledgements; a page that goes away has no time, not even to seal */
  async #leave(flushMs = FLUSH_MS): Promise<void> {
    this.ledger?.flush()
    const links = this.#links
    links.isClosing = true
    const remotes = [...links.remotes.values()]
    const isUnsettled = () => remotes.some(({ isVerified, isSettled }) => isVerified && !isSettled)
    // What has been sent already arrives first, if the peer answers.
    for (let waitedMs = 0; waitedMs < flushMs && isUnsettled(); waitedMs += FLUSH_CHECK_MS) {
      await this.#timers.pause(FLUSH_CHECK_MS)
    }
    // Neighbours are the last: what others are told goes by them.
    for (const isDirect of [false, true]) {
      const told = remotes.filter((remote) => remote.isDirect === isDirect).map((remote) => remote.bye())
      if (flushMs) await Promise.all(told)
    }
    const carriersClosed = this.#carriers.close()
    this.mesh?.detach()
    this.#setState('closed')
    this.#abort.abort()
    this.#stopFollowing?.()
    this.#timers.clear()
    this.#entering?.reject(closedError())
    // Closing a connection discards what its channels have queued.
    if (remotes.some(({ isDirect }) => isDirect)) await this.#timers.pause(BYE_FLUSH_MS)
    for (const remote of links.remotes.values()) links.ended(remote, 'closed')
    this.#parts.manager?.close()
    this.#parts.membership?.detach()
    await Promise.all([carriersClosed, this.ledger?.close()])
    this.#emitter.clear()
  }

  #carrierDown(carrier: string, error: EdgeNetError | undefined): void {
    if (carrier === this.#room.name) this.#setState('reconnecting')
    this.#emitter.emit('carrier-down', { carrier, ...(error && { error }) })
  }

  #roomFailed(failures: number, cause: unknown): void {
    this.#isRoomLate = true
    if (failures >= (this.#parts.options.attempts ?? DEFAULT_ATTEMPTS)) this.#roomFailure = { cause }
    this.#look()
  }

  /** Joining does without the room, unless no other carrier works. */
  #doWithoutRoom(failure: { readonly cause: unknown }): void {
    const { options, room } = this.#parts
    // Members may come, or we may be the first one.
    if (this.#carriers.isAnyUp) return this.#entered()
    const isLate = nowMs() - this.#startedAtMs > CARRIERS_LATE_MS
    if (!isLate && options.carriers?.some((carrier) => !this.#carriers.hasTold(carrier))) return
    const hint = 'Check URL and network; proxies must pass WebSockets.'
    const message = `No answer from ${room.http}.`
    const unreachable = new EdgeNetError('room-unreachable', 'no-answer', message, hint, failure)
    this.#fail(this.#refusal ? refusalError(this.#refusal) : unreachable)
  }

  /** The end, for a reason that trying again does not mend. */
  #fail(error: EdgeNetError): void {
    this.#entering?.reject(error)
    this.#setState('closed', error)
    void this.close()
  }

  #refusedFor(refusal: Refusal): void {
    const { clock, session } = this.#parts
    this.#refusal = refusal
    if (refusal.code === 'ticket-clock' || refusal.code === 'announcement-expired') {
      clock.correct(refusal.serverTimeMs)
      session.ticketRefused()
      // The next ticket waits for it, and reports it if it fails.
      session.announce().catch(() => undefined)
    } else if (!this.#entering && !this.#closing) this.#failures.refused(refusal)
  }

  #planRenewal(): void {
    clearTimeout(this.#renewal)
    const afterMs = Math.max(this.#parts.session.lifeMs / 2, MIN_RENEWAL_MS)
    this.#renewal = this.#timers.after(afterMs, () => this.renew())
  }

  // ---- what membership uses ----------------------------------------------------------------------------------------

  rejudge(): void {
    // Who was judged a moment ago, by what was known then, has his link by then.
    this.#timers.after(0, () => this.#links.rejudge())
  }

  blame(peer: Peer, reason: string): void {
    this.#links.misbehaved(peer.id, reason)
  }

  async renew(): Promise<void> {
    if (this.#closing) return
    const { session, membership } = this.#parts
    try {
      const announcing = session.announce()
      this.#planRenewal()
      await announcing
      this.#carriers.each((carrier) => carrier.announce())
      // The room tells nobody, and peers judge us by what we showed them last.
      if (membership || this.mesh) for (const remote of this.#links.remotes.values()) remote.introduce()
    } catch (cause) {
      this.#failures.handlerFailed(cause)
    }
  }

  // ---- from carriers ---------------------------------------------------------------------------------------------

  /** Other carriers than the room bring nothing before we are in the network, unless the room lets us wait. */
  #brought(via: number, act: () => unknown): void {
    if (!this.#entering || via === ROOM) return void act()
    if (!this.#isRoomLate) return
    this.#entered()
    // Whoever called join() listens by then.
    this.#timers.after(0, act)
  }

  #entered(): void {
    this.#entering?.resolve()
    this.#entering = undefined
  }

  /** Sees whether other carriers are to look for members. */
  #look(): void {
    this.#isRoomLate ||= nowMs() - this.#startedAtMs > ROOM_LATE_MS
    this.#carriers.seek(this.#isRoomLate && !this.#carriers.isUp(ROOM) && (this.mesh?.isLacking ?? true))
    if (!this.#entering) return
    if (this.#roomFailure) this.#doWithoutRoom(this.#roomFailure)
    else if (this.#carriers.isAnyUp && nowMs() - this.#startedAtMs > ALONE_MS) this.#entered()
  }

  // ---- from the room -----------------------------------------------------------------------------------------------

  #message(message: RoomMessage): void {
    if ('total' in message) this.#setTotal(message.total)
    if (message.type === 'welcome') this.#welcomed(message)
    this.#links.told(message)
  }

  #welcomed({ serverTimeMs, ice }: Extract<RoomMessage, { type: 'welcome' }>): void {
    const { session, clock, manager } = this.#parts
    clock.correct(serverTimeMs)
    session.ticketAccepted()
    this.#setState('open')
    this.#ice?.welcomed(ice)
    if (this.#entering) this.#phase('welcome')
    this.#entered()
    manager?.prepareWhenIdle()
  }

  #setState(state: NetworkState, error?: EdgeNetError): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    this.#emitter.emit('state', { state, ...(error && { error }) })
  }

  #setTotal(total: number): void {
    if (this.total === total) return
    this.total = total
    this.#emitter.emit('total', { total })
  }

  #phase(phase: JoinPhase): void {
    try {
      this.#parts.options.onPhase?.(phase)
    } catch (cause) {
      this.#failures.handlerFailed(cause)
    }
  }

  // ---- what applications use ---------------------------------------------------------------------------------------

  get gossip(): NetworkGossip | undefined {
    return this.mesh?.gossip
  }

  get carriers(): readonly { readonly name: string; readonly isUp: boolean }[] {
    return this.#carriers.list
  }

  async reach(id: PeerId): Promise<Peer> {
    const peer = this.mesh ? await this.mesh.reach(id) : this.peers.get(id)
    if (!peer) throw unknownError(id)
    return peer
  }

  get iceServers(): readonly IceServer[] {
    return this.#parts.manager?.iceServers ?? []
  }

  on<Type extends keyof NetworkEvents>(
    type: Type,
    handler: (event: NetworkEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void {
    // What has waited for a listener comes after the caller has got what this returns.
    if (type === 'message') queueMicrotask(() => this.#links.remotes.forEach((remote) => remote.drain()))
    return this.#emitter.on(type, handler, options)
  }

  send(peer: PeerId, data: Sendable, options?: SendOptions): Sending {
    const remote = this.#links.remotes.get(peer)
    if (remote && !this.#closing) return remote.send(data, options)
    const failed = Promise.reject<void>(this.#closing ? closedError() : unknownError(peer))
    const delivered = failed.then(() => undefined)
    delivered.catch(() => undefined)
    return Object.assign(failed, { id: 0, delivered })
  }

  async broadcast(data: Sendable, options?: SendOptions): Promise<void> {
    if (this.mesh && !this.#closing) return this.mesh.broadcast(data)
    await Promise.all([...this.peers.values()].map((peer) => peer.send(data, options)))
  }

  channel(channel: number, handler: (event: NetworkEvents['message']) => unknown): () => void {
    this.#channels.set(channel, handler)
    return () => {
      if (this.#channels.get(channel) === handler) this.#channels.delete(channel)
    }
  }

  /** Hands a message to the application. False when nobody takes it now; what is for a channel without a taker is dropped. */
  #deliver(peer: Peer, channel: number, data: Data): boolean {
    const event = { peer, data }
    // Who leaves takes nothing more: the sender is to learn that it was not had.
    if (channel === 0) return !this.#closing && this.#emitter.emit('message', event)
    const taker = this.#channels.get(channel)
    if (taker && (!this.#closing || channel === MESH_CHANNEL)) this.#emitter.call(taker, event, 'message')
    return true
  }

  async contribute(contribution: Contribution): Promise<LedgerEntry> {
    if (this.ledger) return this.ledger.contribute(contribution)
    const hint = 'Give join() the option ledger.'
    throw new EdgeNetError('invalid-argument', 'ledger', 'This network was joined without a ledger.', hint)
  }

  nudge(): void {
    this.#carriers.each((carrier) => carrier.nudge())
    for (const remote of this.#links.remotes.values()) remote.nudge()
    this.#parts.manager?.nudge()
  }

  async authorize(peer: Applicant): Promise<boolean> {
    if (this.blocked.has(peer.id) || this.blocked.has(peer.siteId)) return false
    return (await this.#parts.options.authorize?.(peer)) ?? true
  }

  /** A member said something to all. */
  heard(from: Applicant, data: Data): void {
    const isBlocked = this.blocked.has(from.id) || this.blocked.has(from.siteId)
    if (!isBlocked && !this.#closing) this.#emitter.emit('broadcast', { from, data })
  }

  block(id: string): void {
    this.blocked.add(id)
    for (const remote of this.#links.remotes.values()) {
      if (remote.id === id || remote.siteId === id) this.#links.ended(remote, 'blocked')
    }
  }

  unblock(id: string): void {
    this.blocked.delete(id)
    this.mesh?.unblock()
    this.#links.reconsider()
  }
}

function closedError(): EdgeNetError {
  return new EdgeNetError('aborted', 'closed', 'The network was closed.', 'Call join() again.')
}

function unknownError(id: PeerId): EdgeNetError {
  return new EdgeNetError('peer-unknown', 'unknown', `No peer ${id} here.`, 'Send to one of network.peers.')
}
