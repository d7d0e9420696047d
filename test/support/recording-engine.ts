/** The real WebRTC engine of Node, with a record of what the SDK asks of it. */
import type { RtcEngine } from '../../client/index.ts'
import { nodeEngine } from '../../client/node/engine.ts'

export interface RecordedConnection {
  readonly pc: RTCPeerConnection
  readonly configuration: RTCConfiguration | undefined
  readonly channels: RTCDataChannel[]
  /** `offer`, `answer`: the local descriptions that were set. */
  readonly local: string[]
  /** Candidates that were added, and how many of them came before the remote description was in place. */
  candidates: number
  tooEarly: number
}

export interface RecordingOptions {
  /** Makes setting a remote description this slow, as on a busy phone, so that candidates overtake it. */
  readonly slowDescriptionMs?: number
  /** What the engine says of itself. Default: what the real one says. */
  readonly honoursRelayOnly?: boolean
}

export async function recordingEngine({ slowDescriptionMs = 0, ...claims }: RecordingOptions = {}): Promise<{
  engine: RtcEngine
  connections: RecordedConnection[]
}> {
  const real = await nodeEngine()
  if (!real) throw new Error('node-datachannel is missing: npm ci')
  const connections: RecordedConnection[] = []

  class Recording extends real.RTCPeerConnection {
    readonly #record: RecordedConnection
    #hasRemote = false

    constructor(configuration?: RTCConfiguration) {
      // The engine rewrites what it is given.
      const asked = structuredClone(configuration)
      super(configuration)
      this.#record = { pc: this, configuration: asked, channels: [], local: [], candidates: 0, tooEarly: 0 }
      connections.push(this.#record)
    }

    override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, init)
      this.#record.channels.push(channel)
      return channel
    }

    override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      this.#record.local.push(description?.type ?? 'implicit')
      return super.setLocalDescription(description)
    }

    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, slowDescriptionMs))
      await super.setRemoteDescription(description)
      this.#hasRemote = true
    }

    override addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      this.#record.candidates++
      if (!this.#hasRemote) this.#record.tooEarly++
      return super.addIceCandidate(candidate)
    }
  }
  return { engine: { ...real, ...claims, RTCPeerConnection: Recording }, connections }
}

/** Connections that the engine still holds. */
export function openConnections(connections: readonly RecordedConnection[]): readonly RecordedConnection[] {
  return connections.filter(({ pc }) => pc.connectionState !== 'closed')
}
