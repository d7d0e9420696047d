/**
 * Members whose meshes, keys and announcements are real, and whose links are none: what one says to another arrives soon, in
 * order. The room, if there is one, makes the links that are asked for; without it neighbours carry the introductions.
 */
import { decodeAnnouncement, proveAnnouncement, signAnnouncement } from '../../protocol/announcement.ts'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { peerIdOf, type Core, type PeerId } from '../../protocol/peer-id.ts'
import type { Applicant, Data, NetworkEvents, Path, Peer, Sending } from '../../client/api.ts'
import type { CarrierEvents, CarrierSelf } from '../../client/carrier/carrier.ts'
import { Emitter, type ListenOptions } from '../../client/events.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { MeshHost, ProvenMember, SharedMesh } from '../../client/mesh/api.ts'
import { createMesh } from '../../client/mesh/index.ts'

const HOUR_MS = 3_600_000
const DIRECT: Path = { kind: 'direct', local: 'host', remote: 'host', protocol: 'udp' }
const RELAY: Path = { kind: 'relay' }

/** One session of one identity. */
export interface Keys {
  readonly identity: Identity
  readonly core: Core
  readonly peerId: PeerId
  readonly announcement: Bytes
}

export async function keysIn(network: Bytes, name: string, identity?: Identity): Promise<Keys> {
  const own = identity ?? (await createIdentity())
  const pair = await crypto.subtle.generateKey('X25519', false, ['deriveBits'])
  const session = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const core = { identity: own.publicKey, session, network }
  const peerId = await peerIdOf(core)
  return { identity: own, core, peerId, announcement: await announcementOf(core, own, name) }
}

export function announcementOf(
  core: Core,
  identity: Identity,
  name: string,
  issuedAtMs = Date.now(),
  lifeMs = HOUR_MS,
): Promise<Bytes> {
  const profile = { rank: 0, rtc: true, name, capabilities: [], chain: new Uint8Array(0) }
  const times = { issuedAtMs, expiresAtMs: issuedAtMs + lifeMs }
  return signAnnouncement(core, { ...profile, ...times }, (message) => identity.sign(message))
}

/** What a member needs of whoever it is. */
export interface Self extends Pick<CarrierSelf, 'networkId' | 'peerId' | 'announcement'> {
  sign(message: Bytes): Promise<Bytes>
}

export function selfOf({ identity, core, peerId, announcement }: Keys): Self {
  return {
    networkId: core.network,
    peerId,
    announcement: () => announcement,
    sign: (message) => identity.sign(message),
  }
}

export class MeshWorld {
  readonly members = new Map<PeerId, MeshMember>()
  /** It tells everybody of some others, and makes the links that are asked for. */
  #hasRoom = true
  /** Nobody can be linked to who was not linked by the test. */
  isSealed = false

  get hasRoom(): boolean {
    return this.#hasRoom
  }

  /** Takes the room away from everybody, or gives it back. */
  set hasRoom(hasRoom: boolean) {
    this.#hasRoom = hasRoom
    for (const member of this.members.values()) member.tellOfRoom()
  }

  /** A member of this world, not linked to anybody. */
  add(self: Self, options: { readonly degree?: number; readonly founded?: number } = {}): MeshMember {
    const member = new MeshMember(this, self, options)
    this.members.set(member.peerId, member)
    return member
  }

  /** Lets everybody know how many they are. */
  tellTotal(): void {
    for (const member of this.members.values()) member.emit('total', { total: this.members.size })
  }

  remove(member: MeshMember): void {
    for (const id of member.peers.keys()) this.disconnect(member, this.members.get(id))
    this.members.delete(member.peerId)
    member.close()
  }

  connect(one: MeshMember, other: MeshMember, path: Path = DIRECT): void {
    if (one === other || one.peers.has(other.peerId)) return
    one.linked(other, path)
    other.linked(one, path)
  }

  disconnect(one: MeshMember, other: MeshMember | undefined): void {
    if (!other) return
    one.unlinked(other.peerId)
    other.unlinked(one.peerId)
  }

  close(): void {
    for (const member of this.members.values()) member.close()
  }
}

export class MeshMember implements MeshHost {
  readonly networkId: Bytes
  readonly peerId: PeerId
  readonly degree: number | undefined
  readonly peers = new Map<PeerId, Peer>()
  readonly mesh: SharedMesh
  readonly heardWords: { readonly from: Applicant; readonly data: Data }[] = []
  readonly blames: { readonly peer: PeerId; readonly reason: string }[] = []
  readonly failures: unknown[] = []
  /** Contributors whom this one does not let in. */
  readonly refused = new Set<string>()
  /** Those who are no members any more, as this one knows it. */
  readonly removed = new Set<PeerId>()
  /** Peers whose link takes nothing. */
  readonly stuck = new Set<PeerId>()
  /** Instead of a mesh, what is said on channel 4 is heard here. */
  onMeshMessage: ((from: PeerId, bytes: Bytes) => void) | undefined
  readonly #world: MeshWorld
  readonly #self: Self
  readonly #emitter = new Emitter<NetworkEvents>((error) => this.failures.push(error))
  readonly #channels = new Map<number, (event: NetworkEvents['message']) => unknown>()
  #isClosed = false

  constructor(world: MeshWorld, self: Self, { degree, founded }: { degree?: number; founded?: number }) {
    this.#world = world
    this.#self = self
    this.networkId = self.networkId
    this.peerId = self.peerId
    this.degree = founded
    this.mesh = createMesh({ ...(degree !== undefined && { degree }) })
  }

  /** Takes part. Without it, the member only links. */
  join(): this {
    this.mesh.attach(this)
    this.tellOfRoom()
    return this
  }

  /** Has the carrier of neighbours introduce this member to whom it wants to link to, as links do. */
  carry(): this {
    const events: CarrierEvents = {
      up: () => undefined,
      down: () => undefined,
      ready: () => undefined,
      unreachable: () => undefined,
      met: (announcement) => void this.link(announcement),
      envelope: ({ kind, peer }) => {
        const other = this.#world.members.get(peer)
        if (kind === 'intro' && other) this.#world.connect(this, other)
      },
    }
    const { networkId, peerId } = this
    this.mesh.carrier.start(
      { networkId, peerId, announcement: () => this.announcement(), nowMs: () => this.nowMs() },
      events,
    )
    return this
  }

  tellOfRoom(): void {
    this.emit(this.#world.hasRoom ? 'carrier-up' : 'carrier-down', { carrier: 'room' })
  }

  get words(): Data[] {
    return this.heardWords.map(({ data }) => data)
  }

  emit<Type extends keyof NetworkEvents>(type: Type, event: NetworkEvents[Type]): void {
    if (!this.#isClosed) this.#emitter.emit(type, event)
  }

  close(): void {
    this.#isClosed = true
    this.mesh.detach()
    void this.mesh.carrier.close()
  }

  // ---- links -------------------------------------------------------------------------------------------------------

  linked(other: MeshMember, path: Path): void {
    const { name = '' } = decodeAnnouncement(other.announcement())?.profile ?? {}
    const peer = {
      id: other.peerId,
      siteId: other.siteId,
      name,
      capabilities: [],
      rtc: true,
      state: 'verified',
      path,
      send: (data: Bytes) => this.send(other.peerId, data),
      explain: () => ({ unacknowledgedBytes: 0 }),
    } as unknown as Peer
    this.peers.set(other.peerId, peer)
    this.emit('peer', { peer })
  }

  unlinked(id: PeerId): void {
    const peer = this.peers.get(id)
    if (!peer) return
    this.peers.delete(id)
    this.emit('peer-left', { peer, reason: 'lost', unconfirmed: [] })
  }

  /** The path of a link changes. */
  move(id: PeerId, path: 'direct' | 'relay'): void {
    const peer = this.peers.get(id)
    if (!peer) return
    const moved = Object.assign(peer, { path: path === 'direct' ? DIRECT : RELAY })
    this.emit('path', { peer: moved, path: moved.path })
  }

  arrived(from: PeerId, channel: number, data: Data): void {
    const peer = this.peers.get(from)
    if (!peer || this.#isClosed) return
    if (this.onMeshMessage && typeof data !== 'string') return this.onMeshMessage(from, data)
    this.#channels.get(channel)?.({ peer, data })
  }

  // ---- what a mesh needs of its network ----------------------------------------------------------------------------

  get siteId(): string {
    const core = decodeAnnouncement(this.announcement())?.core
    return core ? toBase64Url(core.identity) : ''
  }

  on<Type extends keyof NetworkEvents>(
    type: Type,
    handler: (event: NetworkEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void {
    return this.#emitter.on(type, handler, options)
  }

  channel(channel: number, handler: (event: NetworkEvents['message']) => unknown): () => void {
    this.#channels.set(channel, handler)
    return () => void this.#channels.delete(channel)
  }

  send(to: PeerId, data: unknown, { channel = 0 }: { channel?: number } = {}): Sending {
    const isStuck = this.stuck.has(to)
    const sent = typeof data === 'string' ? data : (data as Bytes).slice()
    if (!isStuck) setImmediate(() => this.#world.members.get(to)?.arrived(this.peerId, channel, sent))
    const taken = isStuck ? new Promise<void>(() => undefined) : Promise.resolve()
    return Object.assign(taken, { id: 0, delivered: taken })
  }

  nowMs(): number {
    return Date.now()
  }

  announcement(): Bytes {
    return this.#self.announcement()
  }

  announcementOf(peer: PeerId): Bytes | undefined {
    return this.peers.has(peer) ? this.#world.members.get(peer)?.announcement() : undefined
  }

  sign(message: Bytes): Promise<Bytes> {
    return this.#self.sign(message)
  }

  async prove(announcement: Bytes): Promise<ProvenMember | undefined> {
    const proven = await proveAnnouncement(announcement, this.networkId, this.nowMs())
    if (typeof proven === 'string' || this.removed.has(proven.peerId)) return undefined
    const { peerId: id, core, profile } = proven
    const { name, capabilities } = profile
    return { id, siteId: toBase64Url(core.identity), name, capabilities, identity: core.identity }
  }

  async authorize({ siteId }: Applicant): Promise<boolean> {
    return !this.refused.has(siteId)
  }

  async link(announcement: Bytes): Promise<boolean> {
    const member = await this.prove(announcement)
    const other = member && this.#world.members.get(member.id)
    if (!member || member.id === this.peerId) return false
    if (this.#world.isSealed || !other) return true
    if (this.#world.hasRoom) setImmediate(() => this.#world.connect(this, other))
    else this.mesh.carrier.sendEnvelope('intro', member.id, this.announcement())
    return true
  }

  direct(): void {}

  release(id: PeerId): void {
    setImmediate(() => this.#world.disconnect(this, this.#world.members.get(id)))
  }

  sample(count: number): void {
    const others = [...this.#world.members.values()].filter((other) => other !== this)
    for (let i = 0; i < count && others.length > 0; i++) {
      const [other] = others.splice(Math.floor(Math.random() * others.length), 1)
      if (other && !this.peers.has(other.peerId)) this.told(other)
    }
  }

  /** The room tells of somebody. */
  told(other: MeshMember): void {
    if (this.mesh.isComplete) void this.link(other.announcement())
    else this.mesh.told(other.announcement(), 0)
  }

  blame(peer: PeerId, reason: string): void {
    this.blames.push({ peer, reason })
  }

  heard(from: Applicant, data: Data): void {
    this.heardWords.push({ from, data })
  }

  failed(cause: unknown): void {
    this.failures.push(cause)
  }
}
