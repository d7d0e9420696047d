/**
 * The shell around one network's mesh: it has the clock, the timer and the network, and decides nothing. What the mesh asks for
 * is done here, and what happens goes in, one after the other: the mesh is never called before it has returned.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { parsePeerId, peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import type { Peer, Sendable } from '../api.ts'
import { nowMs } from '../clock.ts'
import { random } from '../qdag/shell.ts'
import { AgingMap } from './aging-map.ts'
import { Announcements } from './announcements.ts'
import type { MeshHost } from './api.ts'
import { Broadcasts } from './broadcasts.ts'
import { BROADCAST_TOPIC } from './limits.ts'
import { LinkWatch } from './link-watch.ts'
import { Mesh, meshPolicy, type MeshOutput } from './mesh.ts'
import { idOf } from './message-id.ts'
import type { NeighbourCarrier, NeighbourRoutes } from './neighbour-carrier.ts'
import { Newcomers, type NewcomersHost } from './newcomers.ts'
import { MESH_CHANNEL, Outbox } from './outbox.ts'
import { Reaching, unreachableError } from './reaching.ts'
import { Topics } from './topics.ts'

const ROOM = 'room'
/** As many as the overlay has in mind, several times over, and as long as whoever showed himself is taken to be there. */
const MAX_TOLD = 256
const TOLD_MS = 600_000

export class MeshShell implements NeighbourRoutes, NewcomersHost {
  readonly topics: Topics
  readonly random = random
  readonly #host: MeshHost
  readonly #carrier: NeighbourCarrier
  readonly #mesh: Mesh
  readonly #announcements: Announcements
  readonly #broadcasts: Broadcasts
  readonly #newcomers: Newcomers
  readonly #outbox: Outbox
  readonly #reaching = new Reaching()
  /** Which carrier told of a member last. */
  readonly #toldVia = new AgingMap<PeerId, number>(MAX_TOLD, TOLD_MS)
  readonly #links: LinkWatch
  readonly #stops: readonly (() => void)[]
  readonly #turns: ((mesh: Mesh, nowMs: number) => unknown)[] = []
  #isInTurn = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #isSuspended = false
  #isOver = false
  /** Members, as the room said last. */
  #total = 0
  #isRoomUp = false
  #hasLostRoom = false

  /** @param degree how many neighbours to have */
  constructor(host: MeshHost, carrier: NeighbourCarrier, degree: number) {
    this.#host = host
    this.#carrier = carrier
    this.#announcements = new Announcements(host)
    this.#newcomers = new Newcomers(this, this.#announcements)
    this.#outbox = new Outbox(host)
    this.topics = new Topics(
      (topic, payload) => this.#turn((mesh, now) => mesh.publish(topic, payload, now)),
      (cause) => host.failed(cause),
    )
    this.#broadcasts = new Broadcasts(host, this.#announcements)
    this.topics.take(BROADCAST_TOPIC, (payload, _from, origin) => this.#broadcasts.judge(payload, origin))
    const announcement = () => host.announcement()
    this.#mesh = new Mesh(this.#output(), {
      self: host.peerId,
      announcement,
      random,
      idOf,
      policy: meshPolicy(degree),
    })
    this.#stops = this.#follow(host)
    this.#links = new LinkWatch(host, (act) => this.#turn(act))
  }

  // ---- what networks and applications use --------------------------------------------------------------------------

  /** A peer with a link has a mesh, too. */
  reaches(peer: PeerId): boolean {
    return this.#mesh.hasSpoken(peer)
  }

  get isComplete(): boolean {
    return this.#mesh.isComplete
  }

  get isLacking(): boolean {
    return this.#mesh.isLacking
  }

  get neighbours(): ReadonlySet<PeerId> {
    return new Set(this.#mesh.neighbours)
  }

  told(announcement: Bytes, via: number): void {
    void this.#newcomers.told(announcement, via)
  }

  used(peer: PeerId): void {
    this.#turn((mesh, now) => mesh.used(peer, now))
  }

  reach(id: PeerId): Promise<Peer> {
    const known = this.#host.peers.get(id)
    if (known && this.#mesh.hasLink(id)) {
      this.used(id)
      return Promise.resolve(known)
    }
    if (!parsePeerId(id) || id === this.#host.peerId) return Promise.reject(unreachableError(id))
    const coming = this.#reaching.wait(id)
    const announcement = known && this.#host.announcementOf(id)
    // The link that there is is being ended, and has ended by then.
    if (announcement) this.#reaching.retry(id, () => void this.#host.link(announcement))
    else this.#demand(id)
    return coming
  }

  async broadcast(data: Sendable): Promise<void> {
    this.topics.publish(BROADCAST_TOPIC, await this.#broadcasts.encode(data))
  }

  unblock(): void {
    this.#announcements.unblock()
  }

  suspend(): void {
    this.#isSuspended = true
    clearTimeout(this.#timer)
  }

  resume(): void {
    this.#isSuspended = false
    this.#tick()
  }

  close(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#links.stop()
    for (const stop of this.#stops) stop()
    this.topics.clear()
    this.#reaching.close()
  }

  // ---- what the carrier uses ---------------------------------------------------------------------------------------

  get canCarry(): boolean {
    return this.#links.hasDirect(this.#mesh.neighbours)
  }

  get bulkAtMs(): number {
    return this.#mesh.bulkAtMs
  }

  carry(to: PeerId, kind: EnvelopeKind, body: Bytes): void {
    this.#turn((mesh, now) => mesh.carry(to, kind, body, now))
  }

  seek(isMissingSomebody: boolean): void {
    this.#turn((mesh, now) => mesh.seek(isMissingSomebody, now))
  }

  // ---- what newcomers are to know ----------------------------------------------------------------------------------

  /** Members, ourselves included, as far as is known: without a room more may come than it had counted. */
  get size(): number {
    return this.#isRoomUp ? this.#total : Math.max(this.#total, this.#announcements.count + 1)
  }

  counted(): void {
    if (!this.#isRoomUp) this.#turn((mesh, now) => mesh.heardOf(this.size, now))
  }

  member(id: PeerId, announcement: Bytes, via: number): void {
    this.#toldVia.set(id, via, nowMs())
    this.#turn((mesh, now) => mesh.members([{ id, announcement }], now))
  }

  link(announcement: Bytes, via: number): void {
    void this.#host.link(announcement, via)
  }

  // ---- what happens ------------------------------------------------------------------------------------------------

  #turn(act: (mesh: Mesh, nowMs: number) => unknown): void {
    if (this.#isOver) return
    this.#turns.push(act)
    if (this.#isInTurn) return
    this.#isInTurn = true
    try {
      for (let next = this.#turns.shift(); next; next = this.#turns.shift()) next(this.#mesh, nowMs())
    } finally {
      this.#isInTurn = false
    }
    this.#carrier.look()
  }

  #follow(host: MeshHost): (() => void)[] {
    return [
      host.channel(MESH_CHANNEL, ({ peer, data }) => {
        // No mesh sends texts; an empty message is as malformed as they are.
        const bytes = typeof data === 'string' ? new Uint8Array(0) : data
        this.#turn((mesh, now) => mesh.message(peer.id, bytes, now))
      }),
      host.on('peer', ({ peer }) => this.#reaching.came(peer)),
      host.on('peer-left', ({ peer, reason }) => {
        this.#outbox.forget(peer.id)
        if (reason === 'removed') this.#announcements.doubt()
      }),
      host.on('total', ({ total }) => {
        this.#total = total
        this.#turn((mesh, now) => mesh.size(total, now))
      }),
      host.on('carrier-up', ({ carrier }) => carrier === ROOM && this.#roomUp()),
      host.on('carrier-down', ({ carrier }) => carrier === ROOM && this.#roomDown()),
    ]
  }

  #roomUp(): void {
    const hadLost = this.#hasLostRoom
    this.#hasLostRoom = false
    this.#isRoomUp = true
    this.#turn((mesh, now) => {
      // The room tells how many there are only when it is not what it told last.
      if (this.#total > 0) mesh.size(this.#total, now)
      if (hadLost) mesh.returned(now)
    })
  }

  #roomDown(): void {
    this.#hasLostRoom = true
    this.#isRoomUp = false
    this.#turn((mesh, now) => mesh.away(now))
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  #wake(atMs: number): void {
    if (this.#isSuspended || this.#isOver) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, atMs - nowMs()))
  }

  #tick(): void {
    this.#links.renew()
    this.counted()
    this.#turn((mesh, now) => mesh.tick(now))
  }

  // ---- what the mesh asks for --------------------------------------------------------------------------------------

  #output(): MeshOutput {
    const host = this.#host
    return {
      send: (peer, bytes) => this.#outbox.send(peer, bytes),
      reach: (peer, announcement) => void this.#reach(peer, announcement),
      met: (announcement, from) => void this.#met(announcement, from),
      direct: (peer) => host.direct(peer),
      release: (peer) => host.release(peer),
      isSettled: (peer) => !host.peers.get(peer)?.explain().unacknowledgedBytes,
      sample: (count) => {
        if (this.#isRoomUp) host.sample(count)
      },
      prove: (ticket, announcements) => void this.#prove(ticket, announcements),
      validate: (ticket, { topic, payload, origin }, from) => {
        const judging = this.topics.judge(topic, payload, from, peerIdText(origin))
        void judging.then((verdict) => this.#turn((mesh, now) => mesh.judged(ticket, verdict, now)))
      },
      // Whoever judged it has had it.
      deliver: () => undefined,
      envelope: (from, kind, body) => this.#carrier.arrived(from, kind, body),
      lost: (to) => this.#lost(to),
      blamed: (peer, fault) => host.blame(peer, `mesh-${fault}`),
      wake: (atMs) => this.#wake(atMs),
    }
  }

  async #reach(id: PeerId, announcement: Bytes): Promise<void> {
    const known = this.#host.peers.get(id)
    if (known) this.#links.linked(known)
    else if (!(await this.#host.link(announcement, this.#toldVia.get(id, nowMs()))))
      this.#turn((mesh, now) => mesh.unreachable(id, now))
  }

  async #met(announcement: Bytes, from: PeerId): Promise<void> {
    const member = await this.#announcements.admit(announcement)
    // Nobody introduces others.
    if (member?.id === from) await this.#host.link(announcement)
  }

  async #prove(ticket: number, announcements: readonly Bytes[]): Promise<void> {
    const members = await Promise.all(announcements.map((announcement) => this.#announcements.admit(announcement)))
    const ids = members.map((member) => member?.id)
    this.#turn((mesh, now) => mesh.proven(ticket, ids, now))
    if (!this.isComplete) return
    // In a small network everybody is linked to everybody, whoever tells of them.
    for (const [i, announcement] of announcements.entries()) {
      const id = ids[i]
      const isKnown = id === undefined || id === this.#host.peerId || this.#host.announcementOf(id) !== undefined
      if (!isKnown) this.#carrier.met(announcement)
    }
  }

  #lost(to: PeerId): void {
    this.#carrier.lost(to)
    // Another carrier may lead there, and the link may have begun.
    if (this.#host.announcementOf(to)) return
    this.#turn((mesh, now) => mesh.unreachable(to, now))
    if (this.#reaching.has(to)) this.#demandAgain(to)
  }

  #demand(id: PeerId): void {
    this.#turn((mesh, now) => {
      if (!mesh.demand(id, now)) this.#reaching.gaveUp(id)
    })
  }

  /** Seeking is heard by all, and so it is rationed, and a way may have ended just now: whoever waits has some time. */
  #demandAgain(id: PeerId): void {
    if (this.#mesh.degree === 0) return this.#reaching.gaveUp(id)
    this.#reaching.retry(id, () => this.#demand(id))
  }
}
