/**
 * One relay: a socket that Gun speaks through, watched by what it answers, never by what it says of itself, and opened again
 * after each loss. What it sends is read within bounds before Gun sees it.
 */
import { nowMs } from '../../clock.ts'
import type { Timer } from '../../timers.ts'
import { reconnectDelayMs } from '../backoff.ts'
import { probe } from '../probe.ts'
import type { GunGraph, GunSocket } from './gun-graph.ts'
import {
  RELAY_CONNECT_TIMEOUT_MS,
  RELAY_HIGH_WATER_BYTES,
  RELAY_IDLE_PING_MS,
  MAX_GREETINGS_PER_SECOND,
  MAX_GUN_CHARACTERS_PER_SECOND,
  RELAY_NUDGE_WAIT_MS,
  RELAY_PONG_WAIT_MS,
  RELAY_PROBE_MS,
} from './limits.ts'
import { readGunMessage, type ReadMessage } from './read-message.ts'

export interface RelayOutput {
  /** The nodes that we listen to. */
  readonly souls: ReadonlySet<string>
  /** It has answered, or was lost, or could not be reached. */
  changed(relay: Relay): void
  heard(message: ReadMessage): void
  /** A message was dropped unread. */
  dropped(): void
}

/** Relays are few and their clients many: as if each had this many, which spreads their return over a second. */
const CLIENTS_PER_RELAY = 1_000

export class Relay implements GunSocket {
  readonly url: string
  /** It has answered over the socket that is open. */
  isUp = false
  /** Whether it is there is not known yet. */
  isTrying = false
  onopen: GunSocket['onopen'] = null
  onclose: GunSocket['onclose'] = null
  onerror: GunSocket['onerror'] = null
  onmessage: GunSocket['onmessage'] = null
  readonly #output: RelayOutput
  #graph: GunGraph | undefined
  #socket: WebSocket | undefined
  #timer: Timer | undefined
  #failures = 0
  #isAsked = false
  #probing: AbortController | undefined
  /** Which second it is, and how much came in it. */
  #second = 0
  #characters = 0
  #greetings = 0

  constructor(url: string, output: RelayOutput) {
    this.url = url
    this.#output = output
  }

  connect(graph: GunGraph): void {
    this.#graph = graph
    this.isTrying = true
    this.#after(RELAY_CONNECT_TIMEOUT_MS, () => this.#lost())
    graph.connect(this.url)
    // Gun tells nobody that a socket could not even be made.
    if (!this.#socket) this.#lost()
  }

  /** Gun wants its socket. */
  open(): GunSocket {
    const socket = new WebSocket(this.url)
    this.#socket = socket
    socket.onopen = () => {
      if (socket !== this.#socket) return
      this.onopen?.({})
      this.#ping(RELAY_CONNECT_TIMEOUT_MS)
    }
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (socket === this.#socket) this.#received(data)
    }
    socket.onclose = () => {
      if (socket === this.#socket) this.#lost()
    }
    return this
  }

  send(text: string): void {
    const socket = this.#socket
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < RELAY_HIGH_WATER_BYTES) socket.send(text)
  }

  /** Called by Gun, too, when it lets go of a peer. */
  close(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  /** Finds out soon whether it is there; tries now when it is not. */
  nudge(): void {
    const graph = this.#graph
    if (this.isUp) {
      if (!this.#isAsked) this.#ping(RELAY_NUDGE_WAIT_MS)
    } else if (!this.#socket && graph) {
      this.#failures = 0
      this.connect(graph)
    }
  }

  /** Lets go of socket and timer. */
  end(): void {
    this.#graph = undefined
    this.isUp = this.isTrying = false
    clearTimeout(this.#timer)
    this.#letGo()
  }

  #received(data: unknown): void {
    this.#isAsked = false
    this.#after(RELAY_IDLE_PING_MS, () => this.#ping(RELAY_PONG_WAIT_MS))
    if (!this.isUp) {
      this.isUp = true
      this.isTrying = false
      this.#failures = 0
      this.#output.changed(this)
    }
    if (!this.#isAffordable(data)) return this.#output.dropped()
    const message = readGunMessage(data, this.#output.souls)
    for (const greeting of message.greetings) {
      if (this.#greetings++ < MAX_GREETINGS_PER_SECOND) this.onmessage?.({ data: greeting })
    }
    if (this.#socket && (message.values.length > 0 || message.rubbish > 0)) this.#output.heard(message)
  }

  #isAffordable(data: unknown): boolean {
    const second = Math.floor(nowMs() / 1_000)
    if (second !== this.#second) this.#characters = this.#greetings = 0
    this.#second = second
    this.#characters += typeof data === 'string' ? data.length : 0
    return this.#characters <= MAX_GUN_CHARACTERS_PER_SECOND
  }

  #ping(waitMs: number): void {
    this.#isAsked = true
    this.#after(waitMs, () => this.#lost())
    this.#graph?.ping(this.url)
  }

  #lost(): void {
    const graph = this.#graph
    this.isUp = this.isTrying = false
    this.#letGo()
    if (!graph) return
    const waitMs = reconnectDelayMs(this.#failures++, CLIENTS_PER_RELAY, Math.random())
    this.#after(waitMs, () => this.#tryAgain(graph))
    this.#output.changed(this)
  }

  /** One that is dead for good must not keep the room's socket waiting either. */
  #tryAgain(graph: GunGraph): void {
    const probing = new AbortController()
    this.#probing = probing
    const go = (isThere: boolean) => {
      // Let go of, or connected by a nudge, meanwhile.
      if (probing.signal.aborted || graph !== this.#graph || this.#socket) return
      probing.abort()
      if (isThere) this.connect(graph)
      else this.#lost()
    }
    // Some relays answer nothing but sockets.
    this.#after(RELAY_PROBE_MS, () => go(true))
    void probe(this.url, this.#failures, probing.signal).then(
      () => go(true),
      () => go(false),
    )
  }

  #letGo(): void {
    this.#probing?.abort()
    this.#isAsked = false
    this.#graph?.forget(this.url)
    this.close()
    // Gun drops the peer, and as it is forgotten does not reconnect.
    const { onclose } = this
    this.onopen = this.onclose = this.onerror = this.onmessage = null
    onclose?.({})
  }

  #after(waitMs: number, act: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(act, waitMs)
  }
}
