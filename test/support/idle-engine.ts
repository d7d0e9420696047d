/**
 * A WebRTC engine that never connects. For questions about how many connections the SDK makes, and of whom: a real one
 * cannot be had eighty times on a small machine, and what it would do next does not matter.
 */
import type { RtcEngine } from '../../client/index.ts'
import { renderDescription } from '../../client/peer/description.ts'

export interface IdleEngine {
  readonly engine: RtcEngine
  made: number
  open: number
  candidates: number
}

export function idleEngine(rank = 1): IdleEngine {
  const counts = { made: 0, open: 0, candidates: 0 }
  const description = { setup: 'actpass', maxMessageBytes: 65_536, ufrag: 'idle', password: 'p'.repeat(22) } as const

  class IdleConnection extends EventTarget {
    connectionState = 'new'

    constructor() {
      super()
      counts.made++
      counts.open++
    }

    createDataChannel(): EventTarget {
      return Object.assign(new EventTarget(), { readyState: 'connecting', bufferedAmount: 0 })
    }

    async createOffer(): Promise<RTCSessionDescriptionInit> {
      return { type: 'offer', sdp: renderDescription({ ...description, fingerprint: new Uint8Array(32) }, '0') }
    }

    async createAnswer(): Promise<RTCSessionDescriptionInit> {
      const sdp = renderDescription({ ...description, setup: 'active', fingerprint: new Uint8Array(32) }, '0')
      return { type: 'answer', sdp }
    }

    async setRemoteDescription(): Promise<void> {}

    async addIceCandidate(): Promise<void> {
      counts.candidates++
    }

    async setLocalDescription(): Promise<void> {}

    close(): void {
      if (this.connectionState !== 'closed') counts.open--
      this.connectionState = 'closed'
    }
  }
  const constructor = IdleConnection as unknown as RtcEngine['RTCPeerConnection']
  return Object.assign(counts, { engine: { RTCPeerConnection: constructor, rank } })
}
