/** An RTCPeerConnection with its two channels, as every attempt needs it. */
import type { IceServer } from '../../protocol/http.ts'
import type { RtcEngine } from '../api.ts'

export interface Connection {
  readonly pc: RTCPeerConnection
  /** Channel 0, reliable and ordered: frames. */
  readonly frames: RTCDataChannel
  /** Channel 1, lossy: a ping behind bulk data would measure the bulk. */
  readonly probes: RTCDataChannel
  /** The offer, if it has been made in advance. */
  readonly offer?: Promise<RTCSessionDescriptionInit> | undefined
}

/** Both channels are negotiated in advance: no round trip for opening them, and no event that could come too late. */
export function openConnection(engine: RtcEngine, configuration: RTCConfiguration): Connection {
  const pc = new engine.RTCPeerConnection(configuration)
  const frames = pc.createDataChannel('frames', { negotiated: true, id: 0 })
  const probes = pc.createDataChannel('probes', { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 })
  // The default has differed between browsers.
  frames.binaryType = probes.binaryType = 'arraybuffer'
  return { pc, frames, probes }
}

/** Detaches every handler, so that the engine can collect the connection, and closes it. */
export function closeConnection({ pc, frames, probes }: Connection): void {
  frames.onopen = frames.onbufferedamountlow = null
  frames.onclose = frames.onmessage = probes.onclose = probes.onmessage = null
  pc.onicecandidate = pc.onconnectionstatechange = null
  pc.close()
}

/** What the engine is told. libdatachannel puts credentials into a URL: coturn's `:` must be escaped for it. */
export function configurationOf(
  engine: RtcEngine,
  iceServers: readonly IceServer[],
  iceTransportPolicy: RTCIceTransportPolicy,
): RTCConfiguration {
  const encode = (text: string) => (engine.encodeCredentials ? encodeURIComponent(text) : text)
  return {
    iceTransportPolicy,
    iceServers: iceServers.map(({ urls, username, credential }) => ({
      urls: urls as string | string[],
      ...(username !== undefined && { username: encode(username) }),
      ...(credential !== undefined && { credential: encode(credential) }),
    })),
  }
}
