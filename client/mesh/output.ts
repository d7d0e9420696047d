/** What goes into a mesh and what it asks for, as types. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { GossipPolicy } from './gossip-policy.ts'
import type { Gossip } from './messages.ts'
import type { OverlayPolicy, PassivePolicy } from './overlay-policy.ts'
import type { Fault } from './reputation.ts'
import type { RoutePolicy } from './route-policy.ts'

/** What the mesh asks of its shell. Nothing here may call the mesh before it has returned; results come later, as events. */
export interface MeshOutput {
  /** Sends a message on channel 4 of the link, in order. */
  send(peer: PeerId, bytes: Bytes): void
  /** A link is wanted, over any carrier. The shell calls `linkUp`, also when there is a link, or `unreachable` as soon as it knows. */
  reach(peer: PeerId, announcement: Bytes): void
  /** This member seeks us, whom it knows by name only, and shows who it is: the shell checks that and makes a link to it. */
  met(announcement: Bytes, from: PeerId): void
  /** It is a neighbour: a direct path is worth its connection. */
  direct(peer: PeerId): void
  /** Neither the mesh nor, as far as it knows, an application needs the link any more. The shell ends it without `linkDown`. */
  release(peer: PeerId): void
  /** The peer with a link has acknowledged everything. */
  isSettled(peer: PeerId): boolean
  /** So many members are wanted, at random. The shell calls `members` if there is a room. */
  sample(count: number): void
  /** Checks announcements; the shell calls `proven` with the peer id that each proves, whatever happens. */
  prove(ticket: number, announcements: readonly Bytes[]): void
  /** Judges a message that this neighbour has passed on; the shell calls `judged`, whatever happens. Not called for the mesh's own topic. */
  validate(ticket: number, message: Gossip, from: PeerId): void
  /** Something that was said to everybody, once, in no order. */
  deliver(message: Gossip): void
  /** An envelope that neighbours have carried to us. */
  envelope(from: PeerId, kind: EnvelopeKind, body: Bytes): void
  /** Neighbours do not lead to somebody to whom an envelope was to go: as a room's `gone`. */
  lost(to: PeerId): void
  /** A neighbour did what honest ones do not do, or seldom. */
  blamed(peer: PeerId, fault: Fault): void
  /** `tick` is due then, if not before. */
  wake(atMs: number): void
}

export interface MeshOptions {
  readonly self: PeerId
  /** Our own, as it is now. */
  readonly announcement: () => Bytes
  /** At least 0, below 1. Whoever foresees it knows whom we turn to. */
  readonly random: () => number
  /** The first 16 bytes of SHA-256. */
  readonly idOf: (bytes: Bytes) => Bytes
  readonly policy: MeshPolicy
}

export interface MeshPolicy {
  readonly overlay: OverlayPolicy
  readonly passive: PassivePolicy
  readonly gossip: GossipPolicy
  readonly route: RoutePolicy
}
