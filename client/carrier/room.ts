/**
 * The room as a carrier: one WebSocket at a time, opened with a fresh ticket, watched by pings that the room answers
 * without waking, and opened again after every loss until the carrier is closed or refused for good.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { encodeEnvelope, readEnvelope, type Envelope, type EnvelopeKind } from '../../protocol/envelope.ts'
import { PING_TEXT, PONG_TEXT, SUBPROTOCOL } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { BYE_TEXT, parseRoomMessage, type Refusal, type RoomMessage } from '../../protocol/room-messages.ts'
import { nowMs } from '../clock.ts'
import type { Timer } from '../timers.ts'
import { reconnectDelayMs } from './backoff.ts'

/** What a carrier tells its network. */
export interface RoomCarrierEvents {
  /** A socket is being opened. */
  connecting(): void
  message(message: RoomMessage): void
  envelope(envelope: Envelope): void
  /** The room answered a message with an error, or refused a ticket for a reason that passes. */
  refused(refusal: Refusal): void
  /** The socket is gone; the carrier will try again. `failures` counts tries in a row that brought no welcome. */
  down(failures: number, cause?: unknown): void
  /** The door or the room refused for good. The carrier is closed. */
  rejected(refusal: Refusal): void
}

/** Codes after which another ticket would be refused just the same. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'announcement-malformed',
  'announcement-network',
  'announcement-signature',
  'host-mismatch',
  'network-name',
  'network-unknown',
  'origin-refused',
  'superseded',
  'ticket-malformed',
  'ticket-missing',
  'ticket-purpose',
  'ticket-signature',
])

/** Keeps address translations alive (RFC 4787 REQ-5: TCP mappings last for minutes) and the room's ghosts away. */
const IDLE_PING_MS = 25_000
/** While something was sent lately, a dead socket matters more. */
const ACTIVE_PING_MS = 5_000
/** A ping is answered by the edge within a round trip; after two without an answer the socket is dead. */
const PONG_WAIT_MS = 2_500
/** A connection that takes longer will not come: TCP and TLS over a satellite need 3 s. */
const CONNECT_TIMEOUT_MS = 10_000
/** A normal close handshake takes a round trip; nobody waits longer for a socket that may be dead. */
const CLOSE_WAIT_MS = 500
/** Whatever a room asks for: somebody mends it, and nobody restarts a page for that. */
const MAX_RETRY_AFTER_MS = 300_000
/** Above this the socket is behind; what waits here can neither be reordered nor taken back. */
const HIGH_WATER_BYTES = 1_048_576

export class RoomCarrier {
  readonly #url: string
  readonly #ticket: () => Promise<string>
  readonly #events: RoomCarrierEvents
  #socket: WebSocket | undefined
  #isOpen = false
  #closed = false
  #failures = 0
  #members = 1
  #timer: Timer | undefined
  #unanswered = 0
  #sentAtMs = 0
  #pausedUntilMs = 0
  /** The last refusal on the current socket: what its close means. */
  #refusal: Refusal | undefined
  /** Called when the socket's close handshake is over. */
  #onClosed: (() => void) | undefined

  /**
   * @param url ws: or wss: URL of the room
   * @param ticket makes a fresh ticket for each socket
   */
  constructor(url: string, ticket: () => Promise<string>, events: RoomCarrierEvents) {
    this.#url = url
    this.#ticket = ticket
    this.#events = events
  }

  /** Opens the socket. */
  connect(): void {
    // No ticket could be signed, or no socket may be opened from here: a try that failed like any other.
    this.#connect().catch((cause: unknown) => this.#failed(cause))
  }

  async #connect(): Promise<void> {
    this.#refusal = undefined
    const ticket = await this.#ticket()
    if (this.#closed) return
    const socket = new WebSocket(this.#url, [SUBPROTOCOL, ticket])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#timer = setTimeout(() => this.#lost(), CONNECT_TIMEOUT_MS)
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#received(data)
    socket.onclose = () => {
      this.#onClosed?.()
      this.#lost()
    }
    this.#events.connecting()
  }

  /** False while bulk would only pile up. */
  get isReady(): boolean {
    const isBehind = (this.#socket?.bufferedAmount ?? 0) > HIGH_WATER_BYTES
    return this.#isOpen && !isBehind && nowMs() >= this.#pausedUntilMs
  }

  /** Sends an envelope. What cannot be sent now is dropped: the links above send it again. */
  sendEnvelope(kind: EnvelopeKind, peer: PeerId, body: Bytes): void {
    this.send(encodeEnvelope({ kind, home: 0, peer, body }))
  }

  send(message: Bytes | string): void {
    if (!this.#isOpen) return
    const wasIdle = !this.#isActive()
    this.#sentAtMs = nowMs()
    // A socket that was quiet for long is the likeliest to be dead.
    if (wasIdle && this.#unanswered === 0) this.#schedulePing()
    this.#socket?.send(message)
  }

  /** Says bye, closes the socket and never opens another. Resolves when the room has answered, or soon after. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (!socket) return
    if (this.#isOpen) socket.send(BYE_TEXT)
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
    const wasAsked = this.#unanswered > 0
    this.#unanswered = 0
    if (wasAsked) this.#schedulePing()
    if (data instanceof ArrayBuffer) {
      const envelope = readEnvelope(new Uint8Array(data))
      if (envelope) this.#events.envelope(envelope)
      return
    }
    if (typeof data !== 'string' || data === PONG_TEXT) return
    const message = parseRoomMessage(data)
    if (!message) return
    if (message.type === 'error') {
      this.#refusal = message
      if (FINAL_CODES.has(message.code)) this.#lost()
      else if (this.#isOpen) this.#events.refused(message)
      return
    }
    if (message.type === 'welcome') {
      this.#isOpen = true
      this.#failures = 0
      this.#schedulePing()
    }
    if (message.type === 'limited') this.#pausedUntilMs = nowMs() + Math.min(message.retryAfterMs, MAX_RETRY_AFTER_MS)
    if ('total' in message) this.#members = message.total
    this.#events.message(message)
  }

  #isActive(): boolean {
    return nowMs() - this.#sentAtMs < ACTIVE_PING_MS
  }

  #schedulePing(): void {
    clearTimeout(this.#timer)
    const waitMs = this.#unanswered > 0 ? PONG_WAIT_MS : this.#isActive() ? ACTIVE_PING_MS : IDLE_PING_MS
    this.#timer = setTimeout(() => {
      if (this.#unanswered >= 2) return this.#lost()
      this.#unanswered++
      this.#socket?.send(PING_TEXT)
      this.#schedulePing()
    }, waitMs)
  }

  /** The socket is gone or as good as gone. */
  #lost(): void {
    if (!this.#socket) return
    this.#detach()
    this.#failed()
  }

  #failed(cause?: unknown): void {
    if (this.#closed) return
    const refusal = this.#refusal
    if (refusal && FINAL_CODES.has(refusal.code)) {
      this.#closed = true
      return this.#events.rejected(refusal)
    }
    const failures = this.#failures++
    if (refusal) this.#events.refused(refusal)
    this.#events.down(this.#failures, cause)
    if (this.#closed) return
    // A wrong clock has just been corrected: the very next ticket is right.
    const isClock = refusal?.code === 'ticket-clock' && failures === 0
    const jitterMs = reconnectDelayMs(failures, this.#members, Math.random())
    this.#timer = setTimeout(
      () => this.connect(),
      isClock ? 0 : Math.max(jitterMs, Math.min(refusal?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)),
    )
  }

  /** Forgets the socket; whatever it still has to say is ignored. */
  #detach(): void {
    clearTimeout(this.#timer)
    this.#isOpen = false
    this.#unanswered = 0
    const socket = this.#socket
    this.#socket = undefined
    if (!socket) return
    socket.onmessage = socket.onclose = null
    socket.close()
  }
}
