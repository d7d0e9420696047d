/**
 * The room as a carrier: one WebSocket at a time, opened with a fresh ticket, watched by pings that the room answers
 * without waking, and opened again after every loss until the carrier is closed or refused for good.
 */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { encodeEnvelope, readEnvelope, type EnvelopeKind } from '../../protocol/envelope.ts'
import { PING_TEXT, PONG_TEXT, SUBPROTOCOL } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import {
  BYE_TEXT,
  encodeRenew,
  parseRoomMessage,
  type Refusal,
  type RoomMessage,
} from '../../protocol/room-messages.ts'
import { nowMs } from '../clock.ts'
import type { Timer } from '../timers.ts'
import { reconnectDelayMs } from './backoff.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from './carrier.ts'
import { probe } from './probe.ts'

/** What the room tells beyond what every carrier does. */
export interface RoomEvents {
  /** Another try to open a socket begins. */
  connecting(): void
  /** What the room said, before anything that every carrier tells of it. */
  message(message: RoomMessage): void
  /** The room answered a message with an error, or refused a ticket for a reason that passes. */
  refused(refusal: Refusal): void
  /** A socket is gone, or none could be had; the carrier will try again. `failures` counts the tries in a row that brought no welcome. */
  failed(failures: number, cause?: unknown): void
  /** The door or the room refused for good. The carrier is closed. */
  rejected(refusal: Refusal): void
}

/** Codes after which another ticket would be refused just the same. */
export const FINAL_CODES =
  /^(announcement-(malformed|network|signature)|host-mismatch|invite-used-up|membership-.+|network-(name|unknown)|origin-refused|superseded|ticket-(malformed|missing|purpose|signature))$/

/** Keeps address translations alive (RFC 4787 REQ-5: TCP mappings last for minutes) and the room's ghosts away. */
const IDLE_PING_MS = 25_000
/** After something was sent: whoever is there has acknowledged it by then, or the room's pong will. */
const ACTIVE_PING_MS = 750
/** The edge answers within a round trip; one segment lost there and back costs TCP 0.2 to 1.2 s more. */
const PONG_WAIT_MS = 1_750
/** Something has changed, so the socket is more likely to be dead than slow, and a new one costs three round trips. */
const NUDGE_WAIT_MS = 1_000
/** A thread that was busy has its timers run first: what arrived meanwhile comes in before the verdict. */
const LAST_LOOK_MS = 50
/** A connection that takes longer will not come: TCP and TLS over a satellite need 3 s. */
const CONNECT_TIMEOUT_MS = 10_000
/** After a nudge: begun on a network that may be gone, and older than a connection over a long distance takes. */
const STALE_CONNECTING_MS = 2_000
/** A room that welcomes us and drops us again within this time is not asked again at once. */
const STEADY_MS = 2_000
/** A normal close handshake takes a round trip; nobody waits longer for a socket that may be dead. */
const CLOSE_WAIT_MS = 500
/** Whatever a room asks for: somebody mends it, and nobody restarts a page for that. */
const MAX_RETRY_AFTER_MS = 300_000
/**
 * Above this, bulk waits with its link, where signals can overtake it: at 1 Mbit/s this much is half a second. The
 * system's own buffer, which nobody sees, comes on top.
 */
const HIGH_WATER_BYTES = 65_536
/**
 * A WebSocket has no event for having caught up, so while it is full somebody must look. At this rate the high water
 * makes 3.2 MB/s, more than a room takes for long; acknowledgements have links send sooner.
 */
const LOOK_AGAIN_MS = 20

/** What nothing has arrived since. */
const NOTHING = 0
const MESSAGE = 1
const PING = 2
const OVERDUE_PING = 3

export class RoomCarrier implements Carrier {
  readonly name = 'room'
  readonly carriesBulk = true
  readonly #url: string
  readonly #ticket: () => Promise<string>
  readonly #room: RoomEvents
  #self: CarrierSelf | undefined
  #events: CarrierEvents | undefined
  #socket: WebSocket | undefined
  #isOpen = false
  #closed = false
  #suspended = false
  /** Tells the current try from those that were given up while their ticket was signed. */
  #attempt = 0
  #startedAtMs = 0
  #probing: AbortController | undefined
  #welcomedAtMs = -Infinity
  /** A reconnection is planned, and nothing but prudence keeps it from being made now. */
  #isWaiting = false
  #failures = 0
  #members = 1
  #timer: Timer | undefined
  #unanswered = NOTHING
  #readyTimer: Timer | undefined
  #bulkPausedUntilMs = 0
  #signalsPausedUntilMs = 0
  /** The room dropped something, and asked for a pause. */
  #wasLimited = false
  /** The last refusal on the current socket: what its close means. */
  #refusal: Refusal | undefined
  /** Called when the socket's close handshake is over. */
  #onClosed: (() => void) | undefined

  /**
   * @param url ws: or wss: URL of the room
   * @param ticket makes a fresh ticket for each socket
   */
  constructor(url: string, ticket: () => Promise<string>, room: RoomEvents) {
    this.#url = url
    this.#ticket = ticket
    this.#room = room
  }

  start(self: CarrierSelf, events: CarrierEvents): void {
    this.#self = self
    this.#events = events
    this.#begin()
  }

  #begin(): void {
    const attempt = ++this.#attempt
    this.#isWaiting = false
    this.#startedAtMs = nowMs()
    // No ticket could be signed, or no socket may be opened from here: a try that failed like any other.
    this.#timer = setTimeout(() => this.#lost(), CONNECT_TIMEOUT_MS)
    this.#connect(attempt).catch((cause: unknown) => attempt === this.#attempt && this.#lost(cause))
  }

  async #connect(attempt: number): Promise<void> {
    this.#refusal = undefined
    this.#room.connecting()
    this.#probing = new AbortController()
    await probe(this.#url, this.#failures, this.#probing.signal)
    const ticket = await this.#ticket()
    if (attempt !== this.#attempt) return
    const socket = new WebSocket(this.#url, [SUBPROTOCOL, ticket])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#received(data)
    socket.onclose = () => {
      this.#onClosed?.()
      this.#lost()
    }
  }

  /** Something may have changed: finds out soon whether the socket lives, and connects now if there is none. */
  nudge(): void {
    if (this.#isOpen) {
      if (this.#unanswered < PING) this.#ping(NUDGE_WAIT_MS)
    } else if (this.#isWaiting || (this.#socket && nowMs() - this.#startedAtMs > STALE_CONNECTING_MS)) {
      this.#failures = 0
      this.#detach()
      this.#begin()
    }
  }

  /** Closes the socket without a bye, so that the room keeps our place for its grace, and stays down until `resume()`. */
  suspend(): void {
    if (this.#closed || this.#suspended) return
    this.#suspended = true
    this.#detach()
  }

  resume(): void {
    if (this.#closed || !this.#suspended) return
    this.#suspended = false
    this.#failures = 0
    this.#begin()
  }

  /** False while bulk would only pile up or be dropped; `ready` follows while the socket is open. */
  get isReady(): boolean {
    const isFull = (this.#socket?.bufferedAmount ?? 0) > HIGH_WATER_BYTES
    return this.#isOpen && !isFull && nowMs() >= this.#bulkPausedUntilMs
  }

  /** Sends an envelope. What cannot be sent now is dropped: the links above send it again. */
  sendEnvelope(kind: EnvelopeKind, peer: PeerId, body: Bytes): void {
    if (kind !== 'relay' && nowMs() < this.#signalsPausedUntilMs) return
    this.send(encodeEnvelope({ kind, home: 0, peer, body }))
  }

  /** The room tells whom it has, and whoever comes tells it of himself: nobody has to look for anybody. */
  seek(): void {}

  announce(): void {
    if (this.#self) this.send(encodeRenew(toBase64Url(this.#self.announcement())))
  }

  send(message: Bytes | string): void {
    if (!this.#isOpen) return
    this.#socket?.send(message)
    if (!this.isReady) this.#awaitReady()
    if (this.#unanswered > NOTHING) return
    this.#unanswered = MESSAGE
    this.#watch(ACTIVE_PING_MS)
  }

  /** Says bye, closes the socket and never opens another. Resolves when the room has answered, or soon after. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (!socket) return this.#detach()
    // A page that goes away may find it closing already.
    if (socket.readyState === socket.OPEN) socket.send(BYE_TEXT)
    await new Promise<void>((resolve) => {
      const giveUp = setTimeout(resolve, CLOSE_WAIT_MS)
      this.#onClosed = () => {
        clearTimeout(giveUp)
        resolve()
      }
      socket.close(1000)
    })
    this.#detach()
  }

  #received(data: unknown): void {
    if (this.#unanswered > NOTHING) this.#answered()
    if (data instanceof ArrayBuffer) {
      const envelope = readEnvelope(new Uint8Array(data))
      if (envelope) this.#events?.envelope(envelope)
      return
    }
    if (typeof data !== 'string' || data === PONG_TEXT) return
    const message = parseRoomMessage(data)
    if (!message) return
    if (message.type === 'error') {
      this.#refusal = message
      if (FINAL_CODES.test(message.code)) this.#lost()
      else if (this.#isOpen) this.#room.refused(message)
      return
    }
    if (message.type === 'welcome') {
      this.#isOpen = true
      this.#wasLimited = false
      this.#failures = nowMs() - this.#welcomedAtMs < STEADY_MS ? 1 : 0
      this.#welcomedAtMs = nowMs()
      this.#answered()
    }
    if (message.type === 'limited') {
      this.#wasLimited = true
      const untilMs = nowMs() + Math.min(message.retryAfterMs, MAX_RETRY_AFTER_MS)
      if (message.scope === 'relay' || message.scope === 'target') {
        this.#bulkPausedUntilMs = untilMs
        this.#awaitReady()
      } else this.#signalsPausedUntilMs = untilMs
    }
    if ('total' in message) this.#members = message.total
    this.#room.message(message)
    this.#tell(message)
  }

  /** Tells of a message what every carrier tells. */
  #tell(message: RoomMessage): void {
    const events = this.#events
    if (message.type === 'welcome') events?.up()
    const isLost = message.type === 'peer-left' && message.lost
    // Away: the room keeps the peer's place. Gone: it knows no such peer. Either may come back.
    if (isLost || message.type === 'away' || message.type === 'gone') events?.unreachable(message.peerId)
    if ('peers' in message) for (const { announcement } of message.peers) events?.met(announcement)
    if (message.type === 'peer-joined') events?.met(message.peer.announcement)
  }

  /** Tells when bulk may be sent again. */
  #awaitReady(): void {
    this.#readyTimer ??= setTimeout(
      () => {
        this.#readyTimer = undefined
        if (!this.isReady) return this.#awaitReady()
        // What was sent meanwhile was dropped.
        if (this.#wasLimited) this.#events?.up()
        else this.#events?.ready()
        this.#wasLimited = false
      },
      Math.max(this.#bulkPausedUntilMs - nowMs(), LOOK_AGAIN_MS),
    )
  }

  // ---- whether the socket lives ------------------------------------------------------------------------------------

  #answered(): void {
    this.#unanswered = NOTHING
    this.#watch(IDLE_PING_MS)
  }

  #watch(waitMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#waited(), waitMs)
  }

  /** Nothing has arrived for as long as we wanted to wait for it. */
  #waited(): void {
    if (this.#unanswered === OVERDUE_PING) this.#lost()
    else if (this.#unanswered === PING) {
      this.#unanswered = OVERDUE_PING
      this.#watch(LAST_LOOK_MS)
    } else this.#ping(PONG_WAIT_MS)
  }

  #ping(waitMs: number): void {
    this.#unanswered = PING
    this.#socket?.send(PING_TEXT)
    this.#watch(waitMs)
  }

  /** The socket is gone or as good as gone, or will not come. */
  #lost(cause?: unknown): void {
    const refusal = this.#refusal
    const isFinal = refusal !== undefined && FINAL_CODES.test(refusal.code)
    this.#closed ||= isFinal
    this.#detach()
    if (isFinal) this.#room.rejected(refusal)
    else this.#failed(cause)
  }

  #failed(cause?: unknown): void {
    if (this.#closed) return
    const refusal = this.#refusal
    const failures = this.#failures++
    if (refusal) this.#room.refused(refusal)
    this.#room.failed(this.#failures, cause)
    if (this.#closed) return
    // A wrong clock has just been corrected: the very next ticket is right.
    const isClock = refusal?.code === 'ticket-clock' && failures === 0
    const jitterMs = reconnectDelayMs(failures, this.#members, Math.random())
    const askedMs = Math.min(refusal?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)
    this.#isWaiting = askedMs === 0
    this.#timer = setTimeout(() => this.#begin(), isClock ? 0 : Math.max(jitterMs, askedMs))
  }

  /** Forgets the socket; whatever it still has to say is ignored. */
  #detach(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#readyTimer)
    this.#readyTimer = undefined
    this.#probing?.abort()
    this.#attempt++
    const wasOpen = this.#isOpen
    this.#isOpen = this.#isWaiting = false
    this.#unanswered = NOTHING
    // The room measures each socket anew.
    this.#bulkPausedUntilMs = this.#signalsPausedUntilMs = 0
    const socket = this.#socket
    this.#socket = undefined
    if (socket) {
      socket.onmessage = socket.onclose = null
      socket.close()
    }
    if (wasOpen && !this.#closed) this.#events?.down()
  }
}
