/**
 * A member's place in the room: what its socket's attachment remembers across evictions, and beside it what may be
 * forgotten, because an eviction comes after ten quiet seconds.
 */
import type { Bytes } from '../protocol/bytes.ts'
import { peerIdBytes, type PeerId } from '../protocol/peer-id.ts'
import type { Admission } from './door.ts'
import { SenderLimits, TargetLimits } from './room-limits.ts'

/** What the attachment holds; at most 16 KiB serialized, and an announcement has at most 3.4 KB of base64url. */
export interface PlaceRecord extends Admission {
  readonly joinedAtMs: number
  /** True once the room has taken the place away itself; the close event that follows is then no news. */
  readonly isVacated: boolean
}

export class Place {
  record: PlaceRecord
  readonly peerId: PeerId
  /** The peer id as it is stamped on envelopes. */
  readonly stamp: Bytes
  readonly sending: SenderLimits
  readonly receiving: TargetLimits
  /** When the last message came; pings are answered without waking and not seen here. */
  heardAtMs: number

  constructor(record: PlaceRecord, nowMs: number) {
    this.record = record
    this.peerId = record.peerId
    this.stamp = peerIdBytes(record.peerId)
    this.sending = new SenderLimits(nowMs)
    this.receiving = new TargetLimits(nowMs)
    this.heardAtMs = record.joinedAtMs
  }
}
