/**
 * A simulated network: the real mesh of every peer, with links, a room and a clock that are none. Links deliver once and in
 * order, as real ones do; they end by a goodbye, or are noticed to be dead after five seconds.
 */
import { Mesh, type MeshPolicy } from '../../../client/mesh/mesh.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'
import { Random } from '../../sim/random.ts'
import { Calendar } from './calendar.ts'
import { announcementOf, ANNOUNCEMENT_BYTES, idOf, prove } from './identity.ts'
import { isValid, numberOf, payloadOf } from './payload.ts'
import { Places } from './places.ts'
import { Room } from './room.ts'
import { corrupted, type Vice } from './vices.ts'

export interface Link {
  readonly a: SimPeer
  readonly b: SimPeer
  readonly delayMs: number
}

export interface SimPeer {
  readonly index: number
  readonly id: PeerId
  readonly announcement: Bytes
  readonly vice: Vice | undefined
  readonly mesh: Mesh
  readonly links: Map<PeerId, Link>
  readonly joinedAtMs: number
  /** To whom it has introduced itself by way of neighbours, without an answer. */
  readonly greeted: Set<PeerId>
  leftAtMs: number
  group: number
  wakeAtMs: number
  /** What the mesh is to hear when it has returned. */
  readonly answers: (() => void)[]
  /** Connections that were begun: as a neighbour, here or there. */
  connections: number
  received: number
  sentBytes: number
  readonly faults: string[]
}

/** A message of the simulation. */
export interface Said {
  readonly number: number
  readonly origin: SimPeer
  readonly atMs: number
  /** When each peer heard it, by its index. */
  readonly heardAtMs: Map<number, number>
}

interface Delivery {
  readonly link: Link
  readonly to: SimPeer
  readonly bytes: Bytes
}

type Event = Delivery | SimPeer | (() => void)

const TOPIC = 1
const GOSSIP_CODE = 7
/** Links judge death by frames: see DESIGN, "Death is judged by frames". */
const DEATH_MS = 5_000
const GRACE_MS = 8_000
/** As a link introduces itself again while nobody answers. */
const GREETED_AGAIN_MS = [1_000, 3_000, 7_000]
/** To the room and back: it is at an edge near everybody. */
const ROOM_MS = 30
/** Header of a frame, DTLS and UDP. */
const FRAME_BYTES = 100

export interface WorldOptions {
  readonly seed: number
  readonly policy: MeshPolicy
  /** Whether those who want a link to somebody find him by the room. Otherwise neighbours carry their introductions. */
  readonly roomIntroduces?: boolean
}

export class World {
  readonly calendar = new Calendar<Event>()
  readonly random: Random
  readonly places: Places
  readonly room: Room
  readonly peers: SimPeer[] = []
  readonly said: Said[] = []
  readonly byId = new Map<PeerId, SimPeer>()
  readonly accomplices: number[] = []
  /** Envelopes that arrived over neighbours, and that got lost. */
  carried = 0
  lost = 0
  reaches = 0
  roomIntroduces: boolean
  readonly #policy: MeshPolicy

  constructor({ seed, policy, roomIntroduces = true }: WorldOptions) {
    this.random = new Random(seed)
    this.places = new Places(this.random)
    this.room = new Room(this.random)
    this.roomIntroduces = roomIntroduces
    this.#policy = policy
  }

  get nowMs(): number {
    return this.calendar.nowMs
  }

  run(ms: number): void {
    this.calendar.run(this.nowMs + ms, (event) => this.#happen(event))
  }

  after(delayMs: number, action: () => void): void {
    this.calendar.at(this.nowMs + delayMs, action)
  }

  get present(): SimPeer[] {
    return this.peers.filter(({ leftAtMs }) => leftAtMs === Infinity)
  }

  get honest(): SimPeer[] {
    return this.present.filter(({ vice }) => vice === undefined)
  }

  neighboursOf = (index: number): number[] => {
    const peer = this.peers[index]
    if (!peer) return []
    return [...peer.mesh.neighbours].flatMap((id) => {
      const other = this.byId.get(id)
      return other?.leftAtMs === Infinity && other.mesh.isNeighbour(peer.id) && other.group === peer.group
        ? other.index
        : []
    })
  }

  // ---- peers -------------------------------------------------------------------------------------------------------

  join(vice?: Vice, group = 0): SimPeer {
    const peer = this.#make(vice, group)
    this.#tellAway(peer)
    if (this.room.isOpen && group === 0) this.enterRoom(peer)
    else if (!this.room.isOpen) this.#knowOne(peer)
    return peer
  }

  /** Is told of others, as after a welcome. */
  enterRoom(peer: SimPeer): void {
    const { told, notified } = this.room.join(peer.index)
    const total = this.room.size
    this.after(ROOM_MS, () => {
      this.#tellMembers(peer, told)
      peer.mesh.size(total, this.nowMs)
      this.#settle(peer)
    })
    for (const index of notified) {
      const other = this.peers[index]
      this.after(ROOM_MS, () => {
        if (!other || other.leftAtMs !== Infinity) return
        this.#tellMembers(other, [peer.index])
        other.mesh.size(total, this.nowMs)
        this.#settle(other)
      })
    }
  }

  /** Without a room a newcomer has a link to the one member that it knows, over whatever carrier. */
  #knowOne(peer: SimPeer): void {
    this.after(ROOM_MS, () => {
      const others = this.honest.filter((other) => other !== peer && other.group === peer.group)
      if (others.length > 0) this.#meet(peer, this.random.pick(others))
    })
  }

  leave(peer: SimPeer, saysBye: boolean): void {
    if (peer.leftAtMs !== Infinity) return
    peer.leftAtMs = this.nowMs
    this.after(saysBye ? ROOM_MS : GRACE_MS, () => this.room.leave(peer.index))
    for (const [id, link] of peer.links) {
      const other = this.byId.get(id)
      if (other) this.after(saysBye ? link.delayMs : DEATH_MS, () => this.#down(other, link))
    }
    peer.links.clear()
  }

  /** The network falls apart: nothing goes from one group to another any more. */
  split(groupOf: (peer: SimPeer) => number): void {
    for (const peer of this.present) {
      peer.group = groupOf(peer)
      if (peer.group === 0) continue
      this.room.leave(peer.index)
      this.after(DEATH_MS, () => this.#tellAway(peer))
    }
    for (const peer of this.present) {
      for (const [id, link] of peer.links) {
        if (this.byId.get(id)?.group !== peer.group) this.after(DEATH_MS, () => this.#down(peer, link))
      }
    }
  }

  /** For good. */
  closeRoom(): void {
    this.room.isOpen = false
    for (const peer of this.present) this.after(DEATH_MS, () => this.#tellAway(peer))
  }

  #tellAway(peer: SimPeer): void {
    if (peer.leftAtMs !== Infinity || (peer.group === 0 && this.room.isOpen)) return
    peer.mesh.away(this.nowMs)
    this.#settle(peer)
  }

  heal(): void {
    for (const peer of this.present) {
      if (peer.group === 0) continue
      peer.group = 0
      this.after(this.random.between(0, 5_000), () => {
        if (peer.leftAtMs !== Infinity) return
        this.enterRoom(peer)
        peer.mesh.returned(this.nowMs)
        this.#settle(peer)
      })
    }
  }

  say(origin: SimPeer, isGenuine = true): Said {
    const number = this.said.length
    const said: Said = { number, origin, atMs: this.nowMs, heardAtMs: new Map([[origin.index, this.nowMs]]) }
    this.said.push(said)
    origin.mesh.publish(TOPIC, payloadOf(number, isGenuine), this.nowMs)
    this.#settle(origin)
    return said
  }

  demand(peer: SimPeer, other: SimPeer): boolean {
    const isTaken = peer.mesh.demand(other.id, this.nowMs)
    this.#settle(peer)
    return isTaken
  }

  // ---- events ------------------------------------------------------------------------------------------------------

  #happen(event: Event): void {
    if (typeof event === 'function') return event()
    if (!('link' in event)) return this.#wake(event)
    const { link, to, bytes } = event
    const from = link.a === to ? link.b : link.a
    if (to.leftAtMs !== Infinity || to.links.get(from.id) !== link || to.group !== from.group) return
    if (bytes[0] === GOSSIP_CODE && bytes[1] === TOPIC) to.received++
    to.mesh.message(from.id, bytes, this.nowMs)
    this.#settle(to)
  }

  #wake(peer: SimPeer): void {
    if (peer.leftAtMs !== Infinity || peer.wakeAtMs > this.nowMs) return
    peer.wakeAtMs = Infinity
    peer.mesh.tick(this.nowMs)
    this.#settle(peer)
  }

  #settle(peer: SimPeer): void {
    for (let answer = peer.answers.shift(); answer; answer = peer.answers.shift()) answer()
  }

  // ---- links -------------------------------------------------------------------------------------------------------

  #reach(peer: SimPeer, id: PeerId): void {
    const other = this.byId.get(id)
    this.reaches++
    if (peer.links.has(id)) return void peer.answers.push(() => this.#up(peer, other, peer.links.get(id)))
    if (!this.roomIntroduces || !this.room.isOpen || peer.group !== 0) {
      return this.#greet(peer, id, () => this.#unreachable(peer, id))
    }
    // The room answers `gone`, or `away` while it keeps a place; somebody in another part does not answer at all.
    if (!other || !this.room.has(other.index)) return this.after(ROOM_MS, () => this.#unreachable(peer, id))
    this.after(2 * ROOM_MS, () => this.#meet(peer, other))
  }

  /** Introduces a peer to another by way of neighbours, as often as a link does. */
  #greet(peer: SimPeer, id: PeerId, isNoWay: () => void): void {
    const carry = () => peer.mesh.carry(id, 'intro', peer.announcement, this.nowMs)
    peer.greeted.add(id)
    peer.answers.push(() => void (carry() || isNoWay()))
    for (const atMs of GREETED_AGAIN_MS) {
      this.after(atMs, () => {
        if (peer.leftAtMs !== Infinity || !peer.greeted.has(id)) return
        carry()
        this.#settle(peer)
      })
    }
  }

  #unreachable(peer: SimPeer, id: PeerId): void {
    peer.greeted.delete(id)
    peer.mesh.unreachable(id, this.nowMs)
    this.#settle(peer)
  }

  /** The first envelope of a peer has come to another. */
  #meet(peer: SimPeer, other: SimPeer): void {
    const isPossible = peer.leftAtMs === Infinity && other.leftAtMs === Infinity && peer.group === other.group
    if (!isPossible || peer === other || other.links.has(peer.id)) return
    const link: Link = { a: peer, b: other, delayMs: this.places.delayMs(peer.index, other.index) }
    peer.links.set(other.id, link)
    other.links.set(peer.id, link)
    this.#up(other, peer, link)
    this.after(link.delayMs, () => this.#up(peer, other, link))
  }

  #up(peer: SimPeer, other: SimPeer | undefined, link: Link | undefined): void {
    if (!other || !link || peer.leftAtMs !== Infinity || peer.links.get(other.id) !== link) return
    peer.greeted.delete(other.id)
    peer.mesh.linkUp(other.id, other.announcement, this.nowMs)
    this.#settle(peer)
  }

  /** A connection takes two round trips. */
  #direct(peer: SimPeer, id: PeerId): void {
    peer.connections++
    const link = peer.links.get(id)
    if (!link) return
    this.after(4 * link.delayMs, () => {
      if (peer.leftAtMs !== Infinity || peer.links.get(id) !== link) return
      peer.mesh.path(id, true, this.nowMs)
      this.#settle(peer)
    })
  }

  /** Somebody who knows its name only seeks this peer. */
  #sought(peer: SimPeer, announcement: Bytes): void {
    const id = prove(announcement)
    const other = id === undefined ? undefined : this.byId.get(id)
    if (other && !peer.links.has(other.id)) this.#greet(peer, other.id, () => undefined)
  }

  #down(peer: SimPeer, link: Link): void {
    const other = link.a === peer ? link.b : link.a
    if (peer.leftAtMs !== Infinity || peer.links.get(other.id) !== link) return
    peer.links.delete(other.id)
    peer.mesh.linkDown(other.id, this.nowMs)
    this.#settle(peer)
  }

  #release(peer: SimPeer, id: PeerId): void {
    peer.greeted.delete(id)
    const link = peer.links.get(id)
    if (!link) return
    peer.links.delete(id)
    const other = this.byId.get(id)
    if (other) this.after(link.delayMs, () => this.#down(other, link))
  }

  #send(peer: SimPeer, id: PeerId, bytes: Bytes): void {
    const link = peer.links.get(id)
    const to = this.byId.get(id)
    if (!link || !to || to.group !== peer.group) return
    const outgoing = peer.vice ? corrupted(peer.vice, bytes, this.random, this.accomplices) : [bytes]
    for (const each of outgoing) {
      peer.sentBytes += each.length + FRAME_BYTES + (each[0] === 5 || each[0] === 6 ? 8 * ANNOUNCEMENT_BYTES : 0)
      this.calendar.at(this.nowMs + link.delayMs, { link, to, bytes: each })
    }
  }

  #tellMembers(peer: SimPeer, indexes: readonly number[]): void {
    const told = indexes.flatMap((index) => this.peers[index] ?? [])
    peer.mesh.members(
      told.map(({ id, announcement }) => ({ id, announcement })),
      this.nowMs,
    )
  }

  // ---- making a peer -----------------------------------------------------------------------------------------------

  #make(vice: Vice | undefined, group: number): SimPeer {
    const index = this.peers.length
    const announcement = announcementOf(index)
    const id = prove(announcement)
    if (id === undefined) throw new Error('a genuine announcement proves an id')
    this.places.add()
    const answers: (() => void)[] = []
    const mesh: Mesh = new Mesh(
      {
        send: (to, bytes) => this.#send(peer, to, bytes),
        reach: (to) => this.#reach(peer, to),
        direct: (to) => this.#direct(peer, to),
        met: (bytes) => this.#sought(peer, bytes),
        release: (to) => this.#release(peer, to),
        isSettled: () => true,
        sample: () => this.#sample(peer),
        prove: (ticket, announcements) => answers.push(() => mesh.proven(ticket, announcements.map(prove), this.nowMs)),
        validate: (ticket, { payload }) =>
          answers.push(() => mesh.judged(ticket, isValid(payload) ? 'accept' : 'reject', this.nowMs)),
        deliver: ({ payload }) => this.#heard(peer, numberOf(payload)),
        envelope: (from, kind) => this.#envelope(peer, from, kind),
        lost: (to) => {
          this.lost++
          answers.push(() => this.#unreachable(peer, to))
        },
        blamed: (whom, fault) => void (peer.faults.length < 64 && peer.faults.push(`${fault} ${whom}`)),
        wake: (atMs) => {
          if (atMs === Infinity || atMs >= peer.wakeAtMs) return
          peer.wakeAtMs = atMs
          this.calendar.at(atMs, peer)
        },
      },
      { self: id, announcement: () => announcement, random: () => this.random.fraction(), idOf, policy: this.#policy },
    )
    const peer: SimPeer = {
      index,
      id,
      announcement,
      vice,
      mesh,
      links: new Map(),
      joinedAtMs: this.nowMs,
      greeted: new Set(),
      leftAtMs: Infinity,
      group,
      wakeAtMs: Infinity,
      answers,
      connections: 0,
      received: 0,
      sentBytes: 0,
      faults: [],
    }
    this.peers.push(peer)
    this.byId.set(id, peer)
    if (vice === 'eclipse') this.accomplices.push(index)
    return peer
  }

  #sample(peer: SimPeer): void {
    if (!this.room.isOpen || peer.group !== 0) return
    this.room.messages++
    const sample = this.room.sample(16, peer.index)
    this.after(ROOM_MS, () => {
      if (peer.leftAtMs !== Infinity) return
      this.#tellMembers(peer, sample)
      peer.mesh.size(this.room.size, this.nowMs)
      this.#settle(peer)
    })
  }

  #heard(peer: SimPeer, number: number): void {
    const said = this.said[number]
    if (!said) throw new Error('heard what nobody said')
    if (said.heardAtMs.has(peer.index)) throw new Error('heard twice')
    said.heardAtMs.set(peer.index, this.nowMs)
  }

  #envelope(peer: SimPeer, from: PeerId, kind: string): void {
    this.carried++
    const other = this.byId.get(from)
    if (kind === 'intro' && other) peer.answers.push(() => this.#meet(other, peer))
  }
}
