/**
 * An RTCPeerConnection with its two channels, as every attempt needs it. Making one costs a certificate, so one is
 * made in advance, while nobody waits for it.
 */
import type { IceServer } from '../../protocol/http.ts'
import type { RtcEngine } from '../api.ts'

export interface Connection {
  readonly pc: RTCPeerConnection
  /** Channel 0, reliable and ordered: frames. */
  readonly frames: RTCDataChannel
  /** Channel 1, lossy: a ping behind bulk data would measure the bulk. */
  readonly probes: RTCDataChannel
}

export interface ConnectionSettings {
  readonly iceServers: readonly IceServer[]
  readonly iceTransportPolicy: 'all' | 'relay'
}

/** Both channels are negotiated in advance: no round trip for opening them, and no event that could come too late. */
export function openConnection(engine: RtcEngine, settings: ConnectionSettings): Connection {
  const pc = new engine.RTCPeerConnection(configuration(engine, settings))
  const frames = pc.createDataChannel('frames', { negotiated: true, id: 0 })
  const probes = pc.createDataChannel('probes', { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 })
  // The default has differed between browsers.
  frames.binaryType = 'arraybuffer'
  probes.binaryType = 'arraybuffer'
  return { pc, frames, probes }
}

/** Detaches every handler, so that the engine can collect the connection, and closes it. */
export function closeConnection({ pc, frames, probes }: Connection): void {
  for (const channel of [frames, probes]) {
    channel.onopen = channel.onmessage = channel.onclose = channel.onerror = channel.onbufferedamountlow = null
  }
  pc.onicecandidate = pc.onconnectionstatechange = null
  pc.close()
}

/** The connection made in advance. */
export class SpareConnection {
  readonly #engine: RtcEngine
  readonly #settings: () => ConnectionSettings
  #spare: Connection | undefined

  constructor(engine: RtcEngine, settings: () => ConnectionSettings) {
    this.#engine = engine
    this.#settings = settings
  }

  /** Makes the spare one, unless there is one. */
  prepare(): void {
    if (this.#spare) return
    try {
      const spare = openConnection(this.#engine, this.#settings())
      this.#spare = spare
      // An offer that is thrown away still makes the engine create certificate and transports now.
      spare.pc.createOffer().catch(() => this.close())
    } catch {
      // The engine refuses more connections for now; an attempt will find that out and report it.
      this.#spare = undefined
    }
  }

  /** The spare connection with the settings of this moment, or a new one. */
  take(): Connection {
    const spare = this.#spare
    this.#spare = undefined
    if (!spare) return openConnection(this.#engine, this.#settings())
    // Nothing has been gathered yet, so new servers count from the start.
    spare.pc.setConfiguration(configuration(this.#engine, this.#settings()))
    return spare
  }

  close(): void {
    if (this.#spare) closeConnection(this.#spare)
    this.#spare = undefined
  }
}

function configuration(engine: RtcEngine, { iceServers, iceTransportPolicy }: ConnectionSettings): RTCConfiguration {
  return { iceTransportPolicy, iceServers: iceServers.map((server) => engineServer(engine, server)) }
}

/** libdatachannel puts credentials into a URL: `:` and `@`, which coturn's scheme uses, must be escaped for it. */
function engineServer(engine: RtcEngine, { urls, username, credential }: IceServer): RTCIceServer {
  const encode = (text: string) => (engine.encodeCredentials ? encodeURIComponent(text) : text)
  return {
    urls: typeof urls === 'string' ? urls : [...urls],
    ...(username !== undefined && { username: encode(username) }),
    ...(credential !== undefined && { credential: encode(credential) }),
  }
}
