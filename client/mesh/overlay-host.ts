/** What the overlay needs of its mesh, and what members say to it, as types. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Bodies, Kind } from './messages.ts'
import type { Fault } from './reputation.ts'

export interface OverlayHost {
  readonly self: PeerId
  readonly announcement: Bytes
  readonly nowMs: number
  readonly random: () => number
  send<K extends Kind>(peer: PeerId, kind: K, body: Bodies[K]): void
  reach(peer: PeerId, announcement: Bytes | undefined): void
  direct(peer: PeerId): void
  release(peer: PeerId): void
  /** The peer with a link has acknowledged everything. */
  isSettled(peer: PeerId): boolean
  sample(count: number): void
  /** Checks announcements; the peer ids that they prove come later. */
  prove(announcements: readonly Bytes[], take: (ids: readonly (PeerId | undefined)[]) => void): void
  neighbourUp(peer: PeerId): void
  neighbourDown(peer: PeerId): void
  /** A neighbour has become one again, without having been none here. */
  neighbourAnew(peer: PeerId): void
  blame(peer: PeerId, fault: Fault): void
}

type OverlayKind =
  'mesh_neighbour' | 'mesh_accept' | 'mesh_refuse' | 'mesh_part' | 'mesh_shuffle' | 'mesh_shuffle_reply'
export type OverlayMessage = {
  readonly [K in OverlayKind]: { readonly kind: K; readonly body: Bodies[K] }
}[OverlayKind]

/** Looks differ by this share, so that those who began together do not go on together. */
const JITTER = 0.5

export function jittered(ms: number, random: () => number): number {
  return ms * (1 - JITTER / 2 + JITTER * random())
}
