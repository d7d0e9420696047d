/**
 * The room's sockets and the places behind them. Each socket is tagged with its peer id, so that a peer is found without
 * touching any other socket; only {@link presentIds} goes through them all.
 */
import { encodeRoomMessage, type RefusalCode, type WireRoomMessage } from '../protocol/room-messages.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import { Place, type PlaceRecord } from './place.ts'
import { closeCodeOf, refusalText } from './refusal.ts'

export class RoomSockets {
  readonly #ctx: DurableObjectState
  /** Each restored from its attachment at most once per wake. */
  readonly #places = new WeakMap<WebSocket, Place>()

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx
  }

  /** Takes a socket in, hibernatable, and gives it its place. */
  accept(ws: WebSocket, record: PlaceRecord, nowMs: number): void {
    this.#ctx.acceptWebSocket(ws, [record.peerId])
    ws.serializeAttachment(record)
    this.#places.set(ws, new Place(record, nowMs))
  }

  placeOf(ws: WebSocket): Place {
    const known = this.#places.get(ws)
    if (known) return known
    const place = new Place(ws.deserializeAttachment() as PlaceRecord, Date.now())
    this.#places.set(ws, place)
    return place
  }

  /** The open socket of a peer. While an older one is closing, or a supersede is under way, the newest ticket counts. */
  openOf(peer: PeerId): WebSocket | undefined {
    let newest: WebSocket | undefined
    for (const ws of this.#ctx.getWebSockets(peer)) {
      if (ws.readyState !== WebSocket.OPEN) continue
      if (!newest || this.#ticketMs(ws) > this.#ticketMs(newest)) newest = ws
    }
    return newest
  }

  /** Every open socket: re-creates the object of each after a wake, so this is for sweeps. */
  allOpen(): WebSocket[] {
    return this.#ctx.getWebSockets().filter((ws) => ws.readyState === WebSocket.OPEN)
  }

  /** The ids of everybody with an open socket. */
  *presentIds(): Generator<PeerId> {
    for (const ws of this.allOpen()) for (const tag of this.#ctx.getTags(ws)) yield tag as PeerId
  }

  /** When the peer was last heard of: a message, or a ping that was answered without waking the room. */
  heardAtMs(ws: WebSocket): number {
    const pingedAtMs = this.#ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0
    return Math.max(pingedAtMs, this.placeOf(ws).heardAtMs)
  }

  /** Members as lists carry them; whoever has gone meanwhile is left out. */
  listed(peers: readonly PeerId[]): { announcement: string }[] {
    return peers.flatMap((peer) => {
      const ws = this.openOf(peer)
      return ws ? [{ announcement: this.placeOf(ws).record.announcement }] : []
    })
  }

  tell(peers: readonly PeerId[], message: WireRoomMessage): void {
    const text = encodeRoomMessage(message)
    for (const peer of peers) this.openOf(peer)?.send(text)
  }

  /** Changes what the attachment remembers. */
  update(ws: WebSocket, change: Partial<PlaceRecord>): void {
    const place = this.placeOf(ws)
    place.record = { ...place.record, ...change }
    ws.serializeAttachment(place.record)
  }

  /** Takes the place away and closes the socket. The attachment knows, so that a late close event is no news. */
  vacate(ws: WebSocket, closeCode: number, reason: string): void {
    this.update(ws, { isVacated: true })
    ws.close(closeCode, reason)
  }

  /** The same, and says why. */
  expel(ws: WebSocket, code: RefusalCode): void {
    ws.send(refusalText(code, Date.now()))
    this.vacate(ws, closeCodeOf(code), code)
  }

  #ticketMs(ws: WebSocket): number {
    return this.placeOf(ws).record.ticketIssuedAtMs
  }
}
