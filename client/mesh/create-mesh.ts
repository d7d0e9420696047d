/**
 * The shell around a mesh: it has the clock, the timer, randomness and the network, and knows nothing of overlays. What the
 * mesh asks for is done here, and what comes of it goes back in as an event, after the mesh has returned.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Peer, Sendable } from '../api.ts'
import { nowMs } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import { sha256 } from '../qdag/sha256.ts'
import { Timers, type Timer } from '../timers.ts'
import { Announcements } from './announcements.ts'
import type { Judgement, MeshHost, NetworkGossip, SharedMesh } from './api.ts'
import { Broadcasts } from './broadcasts.ts'
import { MAX_GOSSIP_BYTES, MESSAGE_ID_BYTES } from './limits.ts'
import { Mesh, meshPolicy, type GossipMessage } from './mesh.ts'
import { NeighbourCarrier } from './neighbour-carrier.ts'

export interface MeshOptionsOfUsers {
  /** How many neighbours to have in a network that is too large for a link to everybody: 3 to 32. Default: what the network's founder says, or 8. */
  readonly degree?: number
}

/** Of Edge-Net's own channels (1 to 255). */
const MESH_CHANNEL = 4
const BROADCAST_TOPIC = 1
const DEFAULT_DEGREE = 8
const MIN_DEGREE = 3
const MAX_DEGREE = 32
/** What waits for a neighbour whose link takes nothing: beyond, it hears from others what it missed. */
const MAX_WAITING_BYTES = 1_048_576
/** Members who turn to somebody that another carrier than the room told of: as many as the room tells of a newcomer. */
const GREETERS = 8
/** A seek is answered or not within five seconds, and a first contact takes some round trips. */
const REACH_MS = 10_000

/**
 * Makes a mesh for one network: `join(url, { mesh: createMesh() })`.
 *
 * @throws EdgeNetError `invalid-argument`
 */
export function createMesh({ degree }: MeshOptionsOfUsers = {}): SharedMesh {
  if (degree !== undefined && !(Number.isInteger(degree) && degree >= MIN_DEGREE && degree <= MAX_DEGREE)) {
    const hint = `Use ${MIN_DEGREE} to ${MAX_DEGREE}.`
    throw new EdgeNetError('invalid-argument', 'degree', `${String(degree)} is not a degree of a mesh.`, hint)
  }
  return new RunningMesh(degree)
}

type Judge = (payload: Bytes) => Judgement | Promise<Judgement>

interface Reaching {
  readonly promise: Promise<Peer>
  resolve(peer: Peer): void
  reject(error: EdgeNetError): void
}

class RunningMesh implements SharedMesh {
  readonly carrier: NeighbourCarrier
  readonly gossip: NetworkGossip = {
    publish: (topic, payload) => this.#publish(topic, payload),
    take: (topic, judge) => this.#take(topic, judge),
  }
  readonly #degree: number | undefined
  readonly #judges = new Map<number, Judge>()
  readonly #timers = new Timers()
  /** Peers whose link has a direct path. */
  readonly #direct = new Set<PeerId>()
  /** Bytes that wait for each peer's link to take them over. */
  readonly #waiting = new Map<PeerId, number>()
  readonly #reaching = new Map<PeerId, Reaching>()
  #mesh: Mesh | undefined
  #host: MeshHost | undefined
  #announcements: Announcements | undefined
  #broadcasts: Broadcasts | undefined
  #timer: Timer | undefined
  #timerAtMs = Infinity
  #total = 0
  #hasLostRoom = false
  #isOver = false

  constructor(degree: number | undefined) {
    this.#degree = degree
    const [canCarry, bulkAtMs] = [() => this.#canCarry, () => this.#mesh?.bulkAtMs ?? 0]
    this.carrier = new NeighbourCarrier({
      get canCarry() {
        return canCarry()
      },
      get bulkAtMs() {
        return bulkAtMs()
      },
      carry: (to, kind, body) => this.#tell((mesh) => mesh.carry(to, kind, body, nowMs())),
    })
  }

  get isComplete(): boolean {
    return this.#mesh?.isComplete ?? true
  }

  get isLacking(): boolean {
    return this.#mesh?.isLacking ?? true
  }

  get neighbours(): ReadonlySet<PeerId> {
    return new Set(this.#mesh?.neighbours)
  }

  // ---- the network ---------------------------------------------------------------------------------------------------

  attach(host: MeshHost): void {
    this.#host = host
    this.#announcements = new Announcements(host, idOf)
    this.#broadcasts = new Broadcasts(host, this.#announcements)
    const degree = this.#degree ?? host.degree ?? DEFAULT_DEGREE
    this.#mesh = new Mesh(this.#output(host), {
      self: host.peerId,
      announcement: () => host.announcement(),
      random,
      idOf,
      policy: meshPolicy(degree),
    })
    const broadcasts = this.#broadcasts
    this.#take(BROADCAST_TOPIC, (payload) => broadcasts.judge(payload))
    this.#follow(host)
  }

  #follow(host: MeshHost): void {
    host.channel(MESH_CHANNEL, ({ peer, data }) => {
      // No mesh sends texts: an empty message is malformed, too.
      const bytes = typeof data === 'string' ? new Uint8Array(0) : data
      this.#tell((mesh) => mesh.message(peer.id, bytes, nowMs()))
    })
    host.on('peer', ({ peer }) => this.#linked(peer))
    host.on('peer-left', ({ peer }) => {
      this.#direct.delete(peer.id)
      this.#waiting.delete(peer.id)
      this.#tell((mesh) => mesh.linkDown(peer.id, nowMs()))
    })
    host.on('path', ({ peer }) => this.#path(peer))
    host.on('peer-state', ({ peer }) => this.#path(peer))
    host.on('quality', ({ peer, quality }) => {
      const isPoor = quality.level === 'poor' || quality.level === 'lost'
      this.#tell((mesh) => mesh.quality(peer.id, isPoor, nowMs()))
    })
    host.on('total', ({ total }) => {
      this.#total = total
      this.#tell((mesh) => mesh.size(total, nowMs()))
    })
    host.on('carrier-down', ({ carrier }) => void (this.#hasLostRoom ||= carrier === 'room'))
    host.on('carrier-up', ({ carrier }) => {
      if (carrier !== 'room' || !this.#hasLostRoom) return
      this.#hasLostRoom = false
      this.#tell((mesh) => mesh.returned(nowMs()))
    })
  }

  #linked(peer: Peer): void {
    const announcement = this.#host?.announcementOf(peer.id)
    if (!announcement) return
    this.#tell((mesh) => mesh.linkUp(peer.id, announcement, nowMs()))
    this.#path(peer)
    this.#reaching.get(peer.id)?.resolve(peer)
  }

  #path({ id, path, state }: Peer): void {
    const isDirect = path.kind === 'direct' && state === 'verified'
    if (this.#direct.has(id) === isDirect) return
    if (isDirect) this.#direct.add(id)
    else this.#direct.delete(id)
    this.#tell((mesh) => mesh.path(id, isDirect, nowMs()))
  }

  told(announcement: Bytes, isFromRoom: boolean): void {
    void this.#told(announcement, isFromRoom)
  }

  async #told(announcement: Bytes, isFromRoom: boolean): Promise<void> {
    const member = await this.#announcements?.prove(announcement)
    if (!member || member.id === this.#host?.peerId) return
    this.#tell((mesh) => mesh.members([{ id: member.id, announcement }], nowMs()))
    // The room tells some members of a newcomer, so that it has somebody to turn to. Here those who hear of it see to that.
    const members = Math.max(this.#total, this.neighbours.size + 1)
    if (!isFromRoom && random() < GREETERS / members) void this.#host?.link(announcement)
  }

  used(peer: PeerId): void {
    this.#tell((mesh) => mesh.used(peer, nowMs()))
  }

  suspend(): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = Infinity
  }

  resume(): void {
    this.#tell((mesh) => mesh.tick(nowMs()))
  }

  detach(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#timers.clear()
    for (const [peer, reaching] of this.#reaching) reaching.reject(unreachable(peer))
  }

  // ---- what applications use -----------------------------------------------------------------------------------------

  reach(id: PeerId): Promise<Peer> {
    const known = this.#host?.peers.get(id)
    if (known) return Promise.resolve(known)
    const running = this.#reaching.get(id)
    if (running) return running.promise
    const { promise, resolve, reject } = Promise.withResolvers<Peer>()
    this.#reaching.set(id, { promise, resolve, reject })
    const giveUp = this.#timers.after(REACH_MS, () => reject(unreachable(id)))
    const isTaken = this.#tell((mesh) => mesh.demand(id, nowMs()))
    if (!isTaken) reject(unreachable(id))
    return promise.finally(() => {
      clearTimeout(giveUp)
      this.#reaching.delete(id)
    })
  }

  async broadcast(data: Sendable): Promise<void> {
    const payload = await this.#broadcasts?.encode(data)
    if (payload) this.#publish(BROADCAST_TOPIC, payload)
  }

  #publish(topic: number, payload: Bytes): void {
    if (payload.length > MAX_GOSSIP_BYTES || !Number.isInteger(topic) || topic < 1 || topic > 255) {
      const hint = `Topics are 1 to 255, and at most ${MAX_GOSSIP_BYTES} bytes are said at once.`
      throw new EdgeNetError('invalid-argument', 'gossip', 'This cannot be said to everybody.', hint)
    }
    this.#tell((mesh) => mesh.publish(topic, payload.slice(), nowMs()))
  }

  #take(topic: number, judge: Judge): () => void {
    this.#judges.set(topic, judge)
    return () => {
      if (this.#judges.get(topic) === judge) this.#judges.delete(topic)
    }
  }

  // ---- what the mesh asks for ----------------------------------------------------------------------------------------

  #tell<T>(act: (mesh: Mesh) => T): T | undefined {
    if (this.#isOver || !this.#mesh) return undefined
    const result = act(this.#mesh)
    this.carrier.look()
    return result
  }

  get #canCarry(): boolean {
    const neighbours = this.#mesh?.neighbours ?? []
    for (const id of neighbours) if (this.#direct.has(id)) return true
    return false
  }

  #output(host: MeshHost): ConstructorParameters<typeof Mesh>[0] {
    return {
      send: (peer, bytes) => this.#send(host, peer, bytes),
      reach: (peer, announcement) => void this.#reach(host, peer, announcement),
      met: (announcement) => void host.link(announcement),
      direct: (peer) => later(() => host.direct(peer)),
      release: (peer) => later(() => host.release(peer)),
      sample: (count) => host.sample(count),
      prove: (ticket, announcements) => void this.#prove(ticket, announcements),
      validate: (ticket, message) => void this.#validate(ticket, message),
      // Whoever judged it has had it.
      deliver: () => undefined,
      envelope: (peer, kind, body) => later(() => this.#carried(peer, kind, body)),
      lost: (peer) =>
        later(() => {
          this.carrier.events?.unreachable(peer)
          this.#tell((mesh) => mesh.unreachable(peer, nowMs()))
          if (!host.peers.has(peer)) this.#reaching.get(peer)?.reject(unreachable(peer))
        }),
      blamed: (peer, fault) => later(() => host.blame(peer, `mesh-${fault}`)),
      wake: (atMs) => this.#wake(atMs),
    }
  }

  #send(host: MeshHost, peer: PeerId, bytes: Bytes): void {
    const waiting = this.#waiting.get(peer) ?? 0
    if (waiting + bytes.length > MAX_WAITING_BYTES) return
    this.#waiting.set(peer, waiting + bytes.length)
    const taken = () => {
      const left = (this.#waiting.get(peer) ?? 0) - bytes.length
      if (left > 0) this.#waiting.set(peer, left)
      else this.#waiting.delete(peer)
    }
    // A link that is over says so as an event.
    host.send(peer, bytes, { channel: MESH_CHANNEL }).then(taken, taken)
  }

  async #reach(host: MeshHost, peer: PeerId, announcement: Bytes): Promise<void> {
    const known = host.peers.get(peer)
    const isLinked = await (known !== undefined || host.link(announcement))
    if (!isLinked) this.#tell((mesh) => mesh.unreachable(peer, nowMs()))
    else if (known) this.#linked(known)
  }

  async #prove(ticket: number, announcements: readonly Bytes[]): Promise<void> {
    const members = await Promise.all(announcements.map(async (bytes) => this.#announcements?.prove(bytes)))
    this.#tell((mesh) =>
      mesh.proven(
        ticket,
        members.map((member) => member?.id),
        nowMs(),
      ),
    )
    if (!this.isComplete) return
    // In a small network everybody is linked to everybody, whoever tells of them.
    for (const announcement of announcements) this.carrier.events?.met(announcement)
  }

  async #validate(ticket: number, { topic, payload }: GossipMessage): Promise<void> {
    let verdict: Judgement = 'ignore'
    try {
      verdict = (await this.#judges.get(topic)?.(payload)) ?? 'accept'
    } finally {
      this.#tell((mesh) => mesh.judged(ticket, verdict, nowMs()))
    }
  }

  #carried(peer: PeerId, kind: EnvelopeKind, body: Bytes): void {
    this.carrier.events?.envelope({ kind, home: 0, peer, body })
  }

  #wake(atMs: number): void {
    if (this.#isOver || atMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = this.#timers.after(Math.max(0, atMs - nowMs()), () => {
      this.#timerAtMs = Infinity
      this.#tell((mesh) => mesh.tick(nowMs()))
    })
  }
}

/** The mesh is not to be called before it has returned. */
function later(act: () => void): void {
  queueMicrotask(act)
}

function idOf(bytes: Bytes): Bytes {
  return sha256(bytes).slice(0, MESSAGE_ID_BYTES)
}

/** At least 0, below 1, and not to be foreseen. */
function random(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1))
  return value / 2 ** 32
}

function unreachable(peer: PeerId): EdgeNetError {
  const hint = 'It may have left, or nobody who can be asked knows a way. Try again later.'
  return new EdgeNetError('peer-unknown', 'unreachable', `Nobody leads to peer ${peer}.`, hint)
}
