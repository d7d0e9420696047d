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

/** The places behind sockets, each restored from its attachment at most once per wake. */
export class Places {
  readonly #places = new WeakMap<WebSocket, Place>()

  assign(ws: WebSocket, record: PlaceRecord, nowMs: number): void {
    ws.serializeAttachment(record)
    this.#places.set(ws, new Place(record, nowMs))
  }

  of(ws: WebSocket): Place {
    return this.#places.get(ws) ?? this.#restore(ws)
  }

  /** Changes what the attachment remembers. */
  update(ws: WebSocket, change: Partial<PlaceRecord>): void {
    const place = this.of(ws)
    place.record = { ...place.record, ...change }
    ws.serializeAttachment(place.record)
  }

  #restore(ws: WebSocket): Place {
    const place = new Place(ws.deserializeAttachment() as PlaceRecord, Date.now())
    this.#places.set(ws, place)
    return place
  }
}
