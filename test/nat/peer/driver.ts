/**
 * What a peer in the laboratory does, in a page or in a Node process: joins through the public API, sends numbered
 * messages, and writes down what arrives. All data here is plain, since it travels between processes.
 */
import type { IceServer } from '../../../protocol/http.ts'
import type { Explanation, join as joinFromSdk, JoinOptions, Network, Peer } from '../../../client/index.ts'
import { answerBare, type BareConnection, type BareResult } from './bare.ts'
import { Tally, type TallyReport } from './tally.ts'

/** The options that can be sent to another process. */
export type PlainJoinOptions = Pick<JoinOptions, 'name' | 'direct' | 'iceTransportPolicy' | 'stalledMs'>

export interface PeerReport {
  readonly peerId: string
  readonly state: Network['state']
  readonly iceServers: readonly IceServer[]
  /** When joining was done, on the clock that all processes share. */
  readonly joinedAtMs: number
  readonly firstMessageAtMs: number | undefined
  readonly firstDirectAtMs: number | undefined
  readonly peers: readonly { readonly id: string; readonly state: Peer['state']; readonly explain: Explanation }[]
  readonly sent: number
  /** Promises of delivery that were kept, and broken. */
  readonly delivered: number
  readonly undelivered: number
  readonly tally: TallyReport
  /** What happened to links, with the time since joining. */
  readonly log: readonly string[]
}

/** What a runtime has to offer. */
export interface Runtime {
  join(roomUrl: string, options: JoinOptions): Promise<Network>
  readonly RTCPeerConnection: typeof RTCPeerConnection
  /** libdatachannel parses TURN credentials as part of a URL. */
  readonly encodeCredentials: boolean
}

const HELLO = 'hello'

export class Driver {
  readonly #runtime: Runtime
  #network: Network | undefined
  #joinedAtMs = 0
  #firstMessageAtMs: number | undefined
  #firstDirectAtMs: number | undefined
  #sent = 0
  #delivered = 0
  #undelivered = 0
  #timer: ReturnType<typeof setInterval> | undefined
  #tally = new Tally()
  #log: string[] = []
  #bare: BareConnection | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Joins; greets everybody who is announced. Resolves with the peer id. */
  async join(roomUrl: string, options: PlainJoinOptions = {}): Promise<string> {
    await this.leave()
    this.#firstMessageAtMs = this.#firstDirectAtMs = undefined
    this.#sent = this.#delivered = this.#undelivered = 0
    this.#tally = new Tally()
    this.#log = []
    const network: Awaited<ReturnType<typeof joinFromSdk>> = await this.#runtime.join(roomUrl, options)
    this.#network = network
    this.#joinedAtMs = nowMs()
    network.on('announced', ({ peer }) => void peer.send(HELLO).delivered.catch(ignore))
    network.on('message', ({ data }) => {
      this.#firstMessageAtMs ??= nowMs()
      if (typeof data === 'string' && data !== HELLO) this.#tally.arrived(Number(data), nowMs())
    })
    network.on('path', ({ path }) => {
      if (path.kind === 'direct') this.#firstDirectAtMs ??= nowMs()
      this.#note(path.kind === 'direct' ? `direct ${path.local}/${path.remote} ${path.protocol}` : 'relay')
    })
    network.on('peer', () => this.#note('verified'))
    network.on('peer-state', ({ state }) => this.#note(state))
    network.on('peer-left', ({ reason, unconfirmed }) =>
      this.#note(`gone: ${reason}, ${unconfirmed.length} unconfirmed`),
    )
    network.on('state', ({ state }) => this.#note(`room ${state}`))
    network.on('error', ({ error }) => this.#note(`error ${error.code} ${error.reason}`))
    return network.peerId
  }

  /** Sends a number to everybody every so many milliseconds, counting from 1. */
  startTraffic(everyMs: number): void {
    this.#timer = setInterval(() => {
      const [peer] = this.#network?.peers.values() ?? []
      if (!peer) return
      const sending = peer.send(String(++this.#sent))
      sending.catch((error: unknown) => this.#note(`send: ${String(error)}`))
      sending.delivered.then(
        () => this.#delivered++,
        () => this.#undelivered++,
      )
    }, everyMs)
  }

  stopTraffic(): void {
    clearInterval(this.#timer)
  }

  /** From here on gaps are measured anew. Returns the time on the clock that the log uses. */
  mark(note: string): number {
    this.#note(note)
    this.#firstDirectAtMs = undefined
    this.#tally.mark(nowMs())
    return nowMs() - this.#joinedAtMs
  }

  nudge(): void {
    this.#network?.nudge()
  }

  report(): PeerReport {
    const network = this.#network
    if (!network) throw new Error('not in a network')
    return {
      peerId: network.peerId,
      state: network.state,
      iceServers: network.iceServers,
      joinedAtMs: this.#joinedAtMs,
      firstMessageAtMs: this.#firstMessageAtMs,
      firstDirectAtMs: this.#firstDirectAtMs,
      peers: [...network.peers.values()].map((peer) => ({ id: peer.id, state: peer.state, explain: peer.explain() })),
      sent: this.#sent,
      delivered: this.#delivered,
      undelivered: this.#undelivered,
      tally: this.#tally.report(nowMs()),
      log: this.#log,
    }
  }

  async leave(): Promise<void> {
    this.stopTraffic()
    const network = this.#network
    this.#network = undefined
    await network?.close()
  }

  /** Makes a connection within the process, so that the first one that counts does not load the engine. */
  async warmUp(): Promise<void> {
    const { RTCPeerConnection: Connection } = this.#runtime
    const [here, there] = [new Connection(), new Connection()]
    here.createDataChannel('warm')
    await here.setLocalDescription(await here.createOffer())
    await there.setRemoteDescription({ type: 'offer', sdp: here.localDescription?.sdp ?? '' })
    await there.setLocalDescription(await there.createAnswer())
    await here.setRemoteDescription({ type: 'answer', sdp: there.localDescription?.sdp ?? '' })
    here.close()
    there.close()
  }

  // ---- the control -------------------------------------------------------------------------------------------------

  /** Opens the control's WebSocket. The answerer then waits for the offer. */
  async bareReady(url: string, role: 'offerer' | 'answerer', iceServers: readonly IceServer[]): Promise<void> {
    const servers = this.#runtime.encodeCredentials ? iceServers.map(encoded) : iceServers
    this.#bare = await answerBare(url, role, servers as RTCIceServer[], this.#runtime.RTCPeerConnection)
  }

  /** Resolves when the bare connection is open, or is not after so long. */
  bareResult(timeoutMs: number): Promise<BareResult> {
    if (!this.#bare) throw new Error('call bareReady first')
    return this.#bare.result(timeoutMs)
  }

  #note(event: string): void {
    this.#log.push(`${((nowMs() - this.#joinedAtMs) / 1_000).toFixed(2)} ${event}`)
  }
}

/** The methods that other processes call. */
export type DriverMethod = Exclude<keyof Driver, 'prototype'>

/** Milliseconds since the epoch, without jumps; the same for all processes of a machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

function encoded({ username = '', credential = '', ...server }: IceServer): IceServer {
  return { ...server, username: encodeURIComponent(username), credential: encodeURIComponent(credential) }
}

function ignore(): void {
  // Who never answers is no matter of the greeting's.
}
