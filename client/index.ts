/** Edge-Net for browsers: join a network by its room URL and talk to its peers. */
export type * from './api.ts'
export { EdgeNetError, type ErrorCode } from './errors.ts'
export { createIdentity, generateIdentityKeys, identityOf, type Identity } from './identity/identity.ts'
export { join } from './join.ts'
export { WebRTCPeerManager } from './peer/webrtc-peer-manager.ts'
export type { PeerId } from '../protocol/peer-id.ts'
