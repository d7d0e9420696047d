import type { JoinOptions, SharedMembership } from './api.ts'
import type { Clock } from './clock.ts'
import type { Session } from './identity/session.ts'
import type { WebRTCPeerManager } from './peer/webrtc-peer-manager.ts'
import type { SharedLedger } from './qdag/api.ts'
import type { RoomUrl } from './room-url.ts'

/** What joining a network has made, and everything in the network shares. */
export interface NetworkParts {
  readonly room: RoomUrl
  readonly session: Session
  readonly clock: Clock
  readonly options: JoinOptions
  /** Absent when this client makes no direct paths. */
  readonly manager: WebRTCPeerManager | undefined
  readonly ledger: SharedLedger | undefined
  readonly membership: SharedMembership | undefined
}
