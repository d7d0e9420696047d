/** A mesh as networks, ledgers and applications see it, as types. `edge-net/mesh` makes one; `join` takes it. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Applicant, Network, Peer, Sendable, SendOptions } from '../api.ts'
import type { Carrier } from '../carrier/carrier.ts'

/** `accept`: it is passed on. `ignore`: it is not, and nobody is to blame. `reject`: whoever sent it is to blame. */
export type Judgement = 'accept' | 'ignore' | 'reject'

/** How something reaches every member, whether or not there is a link to it: at most once, in no order. */
export interface NetworkGossip {
  /**
   * Says something to everybody. Once the network is closed, to nobody.
   *
   * @param topic 1 to 255; 1 to 15 are Edge-Net's own
   * @param payload at most 16 KiB
   * @throws EdgeNetError `invalid-argument` when there is no such topic, `message-too-large`
   */
  publish(topic: number, payload: Bytes): void
  /**
   * Takes a topic: `judge` gets every message of it once, with the neighbour that passed it on, and says what becomes of it. What
   * nobody takes is passed on unjudged.
   *
   * @returns stops taking it
   * @throws EdgeNetError `invalid-argument` when there is no such topic
   */
  take(topic: number, judge: (payload: Bytes, from: PeerId) => Judgement | Promise<Judgement>): () => void
  /** Somebody with a link hears what is said to everybody: it has a mesh, too. */
  reaches(peer: PeerId): boolean
}

/** Decides whom a client is connected to, in networks that are too large for a link to everybody. */
export interface SharedMesh {
  /** Moves envelopes over neighbours. */
  readonly carrier: Carrier
  readonly gossip: NetworkGossip
  /** The network is so small that everybody is linked to everybody, at once. */
  readonly isComplete: boolean
  /** There are too few neighbours: other carriers are to look for members. */
  readonly isLacking: boolean
  /** Members with whom we gossip. */
  readonly neighbours: ReadonlySet<PeerId>
  /** Called once, when the network has been made. */
  attach(host: MeshHost): void
  /**
   * A carrier told of a member, and there is no link to it. The announcement is not proven.
   *
   * @param via the carrier's place in the order of resort; 0 is the room's
   */
  told(announcement: Bytes, via: number): void
  /** An application uses the link to this peer. */
  used(peer: PeerId): void
  /** The peer's link, or a link that is made now. Rejects with EdgeNetError `peer-unknown` when nobody knows a way. */
  reach(peer: PeerId): Promise<Peer>
  /** Says something to all members, in our name. Rejects with EdgeNetError `message-too-large`. */
  broadcast(data: Sendable): Promise<void>
  /** Somebody is not blocked any more. */
  unblock(): void
  suspend(): void
  resume(): void
  /** The network is over. */
  detach(): void
}

/** What a mesh needs of its network. Links come and go as the network's events: `peer`, `peer-left`, `path`, `quality`, `total`. */
export interface MeshHost extends Pick<Network, 'on' | 'channel' | 'peers' | 'peerId'> {
  readonly networkId: Bytes
  /**
   * Resolves when the link to this peer has taken it over, and rejects when that is over; `undefined` when there is none. Takes
   * what there is to say until the mesh is detached, when an application can send nothing any more.
   */
  send(peer: PeerId, bytes: Bytes, options: SendOptions): Promise<void> | undefined
  /** What the network's founder says. */
  readonly degree: number | undefined
  /** Milliseconds since 1970, corrected by what the room said. */
  nowMs(): number
  /** Our own, as it is now. */
  announcement(): Bytes
  /** That of a peer with a link. */
  announcementOf(peer: PeerId): Bytes | undefined
  /** A signature of our identity's. */
  sign(message: Bytes): Promise<Bytes>
  /** Whose announcement it is, if it verifies, is still valid and shows membership; `undefined` otherwise. Never rejects. */
  prove(announcement: Bytes): Promise<ProvenMember | undefined>
  /** Whether the application lets a member be seen and heard. Never rejects. */
  authorize(applicant: Applicant): Promise<boolean>
  /**
   * Begins a link; `peer` follows when the other side answers. False when there will be none. Never rejects.
   *
   * @param via the carrier that told of the peer, if one did: it is turned to first, after the room
   */
  link(announcement: Bytes, via?: number): Promise<boolean>
  /** A direct path to this peer is worth its connection. */
  direct(peer: PeerId): void
  /** Ends a link that nobody needs. */
  release(peer: PeerId): void
  /** Asks the room for members, at random; {@link SharedMesh.told} follows if it is there. */
  sample(count: number): void
  /** Reports a peer that did what honest ones do not do. */
  blame(peer: PeerId, reason: string): void
  /** Hands the application what a member said to all. */
  heard(from: Applicant, data: string | Bytes): void
  /** Something that the application brought has thrown. */
  failed(cause: unknown): void
}

export interface ProvenMember extends Applicant {
  /** Ed25519 public key. */
  readonly identity: Bytes
}
