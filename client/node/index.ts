/** Edge-Net for Node: the same as in browsers, with node-datachannel for direct paths if it is installed. */
import type { JoinOptions, Network } from '../api.ts'
import { join as joinWith } from '../join.ts'
import { nodeEngine } from './engine.ts'

export type * from '../api.ts'
export { EdgeNetError, type ErrorCode } from '../errors.ts'
export { createIdentity, generateIdentityKeys, identityOf, type Identity } from '../identity/identity.ts'
export { WebRTCPeerManager } from '../peer/webrtc-peer-manager.ts'
export type { PeerId } from '../../protocol/peer-id.ts'

/** The same as `join` in browsers; see there. */
export async function join(roomUrl: string, options: JoinOptions = {}): Promise<Network> {
  const rtc = options.direct === 'off' ? undefined : (options.rtc ?? (await nodeEngine()))
  return joinWith(roomUrl, { ...options, ...(rtc && { rtc }) })
}
