/**
 * Who has a place in the room: a state machine without clock, sockets or randomness of its own. Events and the time go
 * in, actions come out.
 *
 * Invariants: a peer is present or in grace, never both; whoever is present has an open socket, so the index can be
 * rebuilt from sockets after an eviction; a join causes at most `FULL_LIST_PEERS` messages, in a room of any size.
 */
import { FULL_LIST_PEERS, GRACE_MS, JOIN_NOTICE_PEERS } from '../protocol/limits.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import type { PeersWanted } from '../protocol/room-messages.ts'
import { MemberIndex, type Random } from './member-index.ts'
import { MAX_PEERS_IN_GRACE, MAX_ROOM_MEMBERS } from './room-limits.ts'

export type RosterAction =
  | {
      readonly type: 'welcome'
      readonly to: PeerId
      readonly peers: readonly PeerId[]
      readonly total: number
      readonly resumed: boolean
    }
  | {
      readonly type: 'tell-joined'
      readonly to: readonly PeerId[]
      readonly peer: PeerId
      readonly total: number
      readonly resumed: boolean
    }
  | {
      readonly type: 'tell-left'
      readonly to: readonly PeerId[]
      readonly peer: PeerId
      readonly total: number
      readonly end: PlaceEnd
    }

/** How a place ends: the peer `left` by its own word, or it was `lost` and may come back. */
export type PlaceEnd = 'left' | 'lost'

export interface JoinEvent {
  readonly peer: PeerId
  readonly ticketIssuedAtMs: number
  /** When the ticket behind the peer's open socket was issued, if it has one. */
  readonly presentTicketIssuedAtMs: number | undefined
}

export type JoinRefusal = 'ticket-replayed' | 'room-full'

interface Grace {
  readonly untilMs: number
  readonly ticketIssuedAtMs: number
}

export class Roster {
  readonly #random: Random
  /** Unknown after a wake, until a join or a list needs it: reading it means touching every socket. */
  #present: MemberIndex | undefined
  /** Oldest first: every grace is equally long. */
  readonly #grace = new Map<PeerId, Grace>()

  constructor(random: Random) {
    this.#random = random
  }

  get knowsMembers(): boolean {
    return this.#present !== undefined
  }

  /** Told once per wake who has an open socket, before the event that needs it is handled. */
  learnMembers(present: Iterable<PeerId>): void {
    this.#present ??= new MemberIndex(present)
  }

  /** Everybody with a place: present or in grace. */
  get total(): number {
    return this.#members().size + this.#grace.size
  }

  isInGrace(peer: PeerId, nowMs: number): boolean {
    return (this.#grace.get(peer)?.untilMs ?? 0) > nowMs
  }

  /** When the next grace ends. */
  get nextExpiryMs(): number | undefined {
    for (const { untilMs } of this.#grace.values()) return untilMs
    return undefined
  }

  join(event: JoinEvent, nowMs: number): JoinRefusal | RosterAction[] {
    const actions = this.expire(nowMs)
    const members = this.#members()
    const { peer } = event
    const lastTicketMs = event.presentTicketIssuedAtMs ?? this.#grace.get(peer)?.ticketIssuedAtMs
    if (lastTicketMs !== undefined && event.ticketIssuedAtMs <= lastTicketMs) return 'ticket-replayed'
    const resumed = lastTicketMs !== undefined
    if (!resumed && this.total >= MAX_ROOM_MEMBERS) return 'room-full'
    this.#grace.delete(peer)
    members.delete(peer)
    const peers = members.sample(FULL_LIST_PEERS, this.#random)
    const isSmall = members.size + this.#grace.size < FULL_LIST_PEERS
    const told = isSmall ? peers : members.sample(JOIN_NOTICE_PEERS, this.#random)
    members.add(peer)
    const { total } = this
    actions.push({ type: 'welcome', to: peer, peers, total, resumed })
    if (told.length > 0) actions.push({ type: 'tell-joined', to: told, peer, total, resumed })
    return actions
  }

  /** The last open socket of a peer broke: its place is kept for a while. Needs no index. */
  drop(peer: PeerId, ticketIssuedAtMs: number, nowMs: number): void {
    this.#present?.delete(peer)
    this.#grace.delete(peer)
    // Strangers can join and drop: the oldest graces end early rather than fill the memory.
    if (this.#grace.size >= MAX_PEERS_IN_GRACE) {
      for (const [oldest] of this.#grace) {
        this.#grace.delete(oldest)
        break
      }
    }
    this.#grace.set(peer, { untilMs: nowMs + GRACE_MS, ticketIssuedAtMs })
  }

  /** A member's place is free. After a wake the index may be without it already, since its socket is closed. */
  leave(peer: PeerId, end: PlaceEnd): RosterAction[] {
    const members = this.#members()
    members.delete(peer)
    this.#grace.delete(peer)
    // In a large room nobody is told: a missing target answers `gone`.
    const { total } = this
    const wasSmall = total < FULL_LIST_PEERS
    return wasSmall && members.size > 0 ? [{ type: 'tell-left', to: [...members.all()], peer, total, end }] : []
  }

  /** Ends the graces that are over. */
  expire(nowMs: number): RosterAction[] {
    const actions: RosterAction[] = []
    for (const [peer, { untilMs }] of this.#grace) {
      if (untilMs > nowMs) break
      actions.push(...this.leave(peer, 'lost'))
    }
    return actions
  }

  /** Whom a `peers` request should be answered with, and the cursor of the next page if there may be one. */
  list(want: PeersWanted, asking: PeerId): { peers: PeerId[]; cursor?: PeerId } {
    const members = this.#members()
    if ('ids' in want) return { peers: want.ids.filter((id) => members.has(id)) }
    if ('sample' in want) {
      const isMember = members.has(asking)
      members.delete(asking)
      const peers = members.sample(want.sample, this.#random)
      if (isMember) members.add(asking)
      return { peers }
    }
    const peers = members.page(want.cursor, FULL_LIST_PEERS)
    const last = peers.length === FULL_LIST_PEERS ? peers.at(-1) : undefined
    return { peers, ...(last && { cursor: last }) }
  }

  #members(): MemberIndex {
    if (!this.#present) throw new Error('the roster was asked before it was told who is present')
    return this.#present
  }
}
