/**
 * One side of a link under trial, in a page or in a Node process: it joins the room, sends numbered messages to the first
 * peer it meets, checks what arrives, and does to its own paths what it is told. Its methods take and give plain data,
 * since they are called from another process (remote-endpoint.ts).
 */
import type {
  Explanation,
  JoinOptions,
  Network,
  NetworkState,
  Path,
  Peer,
  PeerState,
  RtcEngine,
} from '../../client/api.ts'
import { ReachableEngine } from './engine.ts'
import { ArrivalCheck, numbered, type Tally } from './numbered.ts'
import type { Side } from './udp-air.ts'

export interface EndpointOptions {
  readonly roomUrl: string
  readonly side: Side
  /** Where stand-ins for candidates are given out. */
  readonly airUrl: string
  readonly name: string
}

/** What differs between the runtimes. */
export interface Runtime {
  readonly join: (roomUrl: string, options: JoinOptions) => Promise<Network>
  readonly engine: RtcEngine
}

export interface Status extends Tally {
  /** Of the link; `undefined` while there is no peer. */
  readonly path: Path['kind'] | undefined
  readonly state: PeerState | undefined
  readonly network: NetworkState
  /** How often the link has moved to each path. */
  readonly moved: Readonly<Record<Path['kind'], number>>
  /** WebSockets that have been open. */
  readonly sockets: number
  /** RTCPeerConnections that were made, and that have been open. */
  readonly connections: number
  readonly opened: number
  readonly sent: number
  /** Messages whose `delivered` has resolved. */
  readonly delivered: number
  /** Longest time without a delivery since `watchGap`, in milliseconds. */
  readonly gapMs: number
  /** What must not happen: messages that were not delivered, ends of the link, misbehaviour. */
  readonly faults: readonly string[]
}

export type PathFault = 'frames-channel' | 'probes-channel' | 'connection'

/** About 100 messages a second: enough to have some in flight at every moment, and time for all else on two cores. */
const PAUSE_MS = 10
/** Back on a direct path as soon as possible: the next move is waiting. */
const NEXT_ATTEMPT_MS = 50
const MAX_FAULTS = 20

export class Endpoint {
  readonly #network: Network
  readonly #reach: ReachableEngine
  readonly #sockets: WebSocket[]
  readonly #arrivals = new ArrivalCheck()
  readonly #moved = { relay: 0, direct: 0 }
  readonly #faults: string[] = []
  #peer: Peer | undefined
  #talk: Promise<void> | undefined
  #isTalking = false
  #sent = 0
  #delivered = 0
  #heardAtMs = 0
  #gapMs = 0

  private constructor(network: Network, reach: ReachableEngine, sockets: WebSocket[]) {
    this.#network = network
    this.#reach = reach
    this.#sockets = sockets
    network.on('peer', ({ peer }) => {
      if (this.#peer) this.#fault(`another peer: ${peer.name}`)
      this.#peer ??= peer
    })
    network.on('path', ({ path }) => void this.#moved[path.kind]++)
    network.on('message', ({ data }) => {
      this.#arrivals.take(data)
      this.#gapMs = this.#currentGapMs()
      this.#heardAtMs = performance.now()
    })
    network.on('peer-left', ({ reason, unconfirmed }) => {
      if (this.#isTalking) this.#fault(`peer-left: ${reason}, ${unconfirmed.length} unconfirmed`)
    })
    network.on('error', ({ error }) => {
      // What stays on the relay for a while is what this is about; everything else is a fault.
      if (error.code !== 'direct-failed') this.#fault(`${error.code} ${error.reason}: ${error.message}`)
    })
  }

  static async join({ roomUrl, side, airUrl, name }: EndpointOptions, { join, engine }: Runtime): Promise<Endpoint> {
    const reach = new ReachableEngine(engine, airUrl, side)
    const sockets = recordSockets()
    const network = await join(roomUrl, {
      name,
      rtc: reach.engine,
      iceServers: [],
      attemptPolicy: () => NEXT_ATTEMPT_MS,
    })
    return new Endpoint(network, reach, sockets)
  }

  status(): Status {
    return {
      ...this.#arrivals.tally,
      path: this.#peer?.path.kind,
      state: this.#peer?.state,
      network: this.#network.state,
      moved: { ...this.#moved },
      sockets: this.#sockets.length,
      connections: this.#reach.made,
      opened: this.#reach.opened,
      sent: this.#sent,
      delivered: this.#delivered,
      gapMs: this.#currentGapMs(),
      faults: this.#faults,
    }
  }

  explain(): Explanation | undefined {
    return this.#peer?.explain()
  }

  /** Sends one message after the other, as fast as the link takes them over and not faster than about 100 a second. */
  talk(): void {
    this.#isTalking = true
    this.#talk = this.#sendAll()
  }

  /** Sends no more. Resolves when the link has taken the last message over. */
  async fallSilent(): Promise<void> {
    this.#isTalking = false
    await this.#talk
  }

  watchGap(): void {
    this.#gapMs = 0
    this.#heardAtMs = performance.now()
  }

  hold(): void {
    this.#reach.hold()
  }

  release(): void {
    this.#reach.release()
  }

  /** False when there is no direct path at this moment. */
  breakPath(fault: PathFault): boolean {
    return this.#reach.close(fault)
  }

  /** Closes the WebSocket properly, but without `bye`. */
  closeSocket(): void {
    this.#sockets.at(-1)?.close()
  }

  nudge(): void {
    this.#network.nudge()
  }

  async leave(): Promise<void> {
    await this.#network.close()
  }

  async #sendAll(): Promise<void> {
    while (this.#isTalking) {
      if (this.#peer) await this.#send(this.#peer)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  async #send(peer: Peer): Promise<void> {
    const number = this.#sent + 1
    const sending = peer.send(numbered(number))
    this.#sent = number
    sending.delivered.then(
      () => this.#delivered++,
      (error: unknown) => this.#fault(`message ${number} not delivered: ${String(error)}`),
    )
    await sending.catch((error: unknown) => this.#fault(`message ${number} not accepted: ${String(error)}`))
  }

  #currentGapMs(): number {
    return Math.max(this.#gapMs, performance.now() - this.#heardAtMs)
  }

  #fault(text: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(text)
  }
}

/** Puts every WebSocket that opens from now on into a list. */
function recordSockets(): WebSocket[] {
  const sockets: WebSocket[] = []
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('open', () => sockets.push(this))
    }
  }
  return sockets
}
