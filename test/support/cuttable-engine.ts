/** WebRTC of Node that works until a test says that it does not. */
import type { RtcEngine } from '../../client/index.ts'
import { nodeEngine } from '../../client/node/engine.ts'

/** The engine of Node, whose later connections come to nothing once it is cut; those that it has go on. */
export async function cuttableEngine(cut: { readonly isCut: boolean }): Promise<RtcEngine> {
  const real = await nodeEngine()
  if (!real) throw new Error('node-datachannel is missing: npm ci')
  class Cuttable extends real.RTCPeerConnection {
    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      if (cut.isCut) throw new Error('there is no way through')
      return super.setRemoteDescription(description)
    }
  }
  return { ...real, RTCPeerConnection: Cuttable }
}
