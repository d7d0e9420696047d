/** The public surface of the SDK, as types: what `join` takes and what it gives. */
import type { IceServer } from '../protocol/http.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import type { EdgeNetError } from './errors.ts'
import type { ListenOptions } from './events.ts'
import type { Identity } from './identity/identity.ts'

/** An application message. Texts arrive as texts, bytes as bytes. */
export type Data = string | Uint8Array<ArrayBuffer>

/** The kinds of ICE candidates (RFC 8445 section 5.1.1). */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay'

/** How a link's messages travel at the moment. */
export type Path =
  /** Sealed envelopes through the room. */
  | { readonly kind: 'relay' }
  /** A data channel of a WebRTC connection. `local` or `remote` of type `relay` means a TURN server carries it. */
  | {
      readonly kind: 'direct'
      readonly local: CandidateType | 'unknown'
      readonly remote: CandidateType | 'unknown'
      readonly protocol: string
    }

/**
 * - `announced`: its announcement verifies: the identity says that this session exists.
 * - `verified`: it holds the session's key: something it sealed for us has opened.
 * - `closed`: it left, was blocked, or the network was closed.
 */
export type PeerState = 'announced' | 'verified' | 'closed'

/** Another running client in the network. */
export interface Peer {
  readonly id: PeerId
  /** The contributor behind it: its Ed25519 public key, base64url. Several peers may share it (tabs, devices). */
  readonly siteId: string
  /** What the peer calls itself. Text from a stranger: show it as text. May be empty. */
  readonly name: string
  readonly capabilities: readonly string[]
  /** False for a peer that can only be reached over the relay. */
  readonly rtc: boolean
  readonly state: PeerState
  readonly path: Path
  /** Smoothed round-trip time on the current path in milliseconds; `undefined` until measured. */
  readonly rttMs: number | undefined
  /** The same as `network.send(peer.id, data)`. */
  send(data: Data): Promise<void>
}

/**
 * - `open`: in the room.
 * - `reconnecting`: the room is out of reach; direct paths go on, and the SDK keeps trying.
 * - `closed`: by `close()`, by its signal, or because the room refused for good.
 */
export type NetworkState = 'open' | 'reconnecting' | 'closed'

/** A step of joining, in the order in which they happen. */
export type JoinPhase =
  /** Keys exist and the announcement is signed. */
  | 'identity'
  /** The WebSocket is being opened, with a ticket. */
  | 'connecting'
  /** The door accepted the ticket and the room its place. */
  | 'welcome'

export interface NetworkEvents {
  state: { readonly state: NetworkState; readonly error?: EdgeNetError }
  /** A peer's announcement verified and `authorize` accepted it. Sending to it is safe already: only it can read it. */
  announced: { readonly peer: Peer }
  /** A peer proved that it is there. */
  peer: { readonly peer: Peer }
  'peer-left': { readonly peer: Peer; readonly reason: 'left' | 'blocked' | 'closed' | 'lost' }
  message: { readonly peer: Peer; readonly data: Data }
  /** The path of a peer's link changed. */
  path: { readonly peer: Peer; readonly path: Path }
  /** A new measurement of a peer's round-trip time. */
  rtt: { readonly peer: Peer; readonly rttMs: number }
  /** The room told how many members it has, this one included. */
  total: { readonly total: number }
  /** Something failed that no call is waiting for. Nothing is lost by ignoring it. */
  error: { readonly error: EdgeNetError; readonly peer?: Peer }
}

/** A network that this client is part of. */
export interface Network {
  /** The plain name in the room URL. */
  readonly name: string
  /** `net-` and 43 base64url characters. */
  readonly id: string
  readonly roomUrl: string
  /** Our own peer id. */
  readonly peerId: PeerId
  /** Our own contributor key, base64url. */
  readonly siteId: string
  readonly state: NetworkState
  /** How many members the room has, this one included, as last told. */
  readonly total: number
  /** Verified peers by id. */
  readonly peers: ReadonlyMap<PeerId, Peer>
  readonly iceServers: readonly IceServer[]

  on<Type extends keyof NetworkEvents>(
    type: Type,
    handler: (event: NetworkEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void

  /**
   * Sends a message to an announced or verified peer. It resolves when the link has taken the message over.
   *
   * @throws EdgeNetError `peer-unknown`, `message-too-large`, `aborted` (closed), `invalid-argument`
   */
  send(peer: PeerId, data: Data): Promise<void>

  /** Sends a message to every verified peer. Resolves when all links have taken it over. */
  broadcast(data: Data): Promise<void>

  /** Decides who may be seen and heard; asked once per announcement. The block list comes first. */
  authorize(peer: Applicant): boolean | Promise<boolean>

  /** Blocks a contributor (`siteId`) or one session (peer id): closes its links and refuses new ones. */
  block(id: string): void
  unblock(id: string): void
  readonly blocked: ReadonlySet<string>

  /** Says bye to the room and the peers and frees everything. Idempotent; resolves when the sockets are closed. */
  close(): Promise<void>
}

/** What `authorize` is asked about: a verified announcement. */
export interface Applicant {
  readonly id: PeerId
  readonly siteId: string
  readonly name: string
  readonly capabilities: readonly string[]
}

export interface JoinOptions {
  /** Who we are. Default: a new identity, forgotten on `close()`. */
  readonly identity?: Identity
  /** Shown to others; at most 64 bytes of UTF-8. */
  readonly name?: string
  /** At most 8 short words. */
  readonly capabilities?: readonly string[]
  /** Default: everybody. */
  readonly authorize?: (peer: Applicant) => boolean | Promise<boolean>
  /** Contributors and peers to refuse from the start. */
  readonly blocked?: Iterable<string>
  /** `off`: never make a WebRTC connection, so that no peer learns our address. Default `on`. */
  readonly direct?: 'on' | 'off'
  /** `relay`: WebRTC through TURN servers only. Default `all`. */
  readonly iceTransportPolicy?: 'all' | 'relay'
  /** Instead of what the room URL's host offers. */
  readonly iceServers?: readonly IceServer[]
  /** The WebRTC engine. Default: the runtime's own; in Node `node-datachannel`, if it is installed. */
  readonly rtc?: RtcEngine
  /** Leaves the network when it aborts. */
  readonly signal?: AbortSignal
  /** Told of every step of joining, as it happens. */
  readonly onPhase?: (phase: JoinPhase) => void
  /**
   * How many times joining tries to reach the room before it fails with `room-unreachable`. Default 3.
   * Once joined, reconnecting goes on until `close()`.
   */
  readonly attempts?: number
}

/** A WebRTC implementation. */
export interface RtcEngine {
  readonly RTCPeerConnection: new (configuration?: RTCConfiguration) => RTCPeerConnection
  /** Who offers when browsers meet others: browsers 1, others 0. Default 1 for the runtime's own engine, else 0. */
  readonly rank?: number
  /** True when `setConfiguration` counts until gathering starts, so that connections can be made in advance. */
  readonly takesConfiguration?: boolean
  /** True when `iceTransportPolicy: 'relay'` really keeps the engine from showing its address. */
  readonly honoursRelayOnly?: boolean
  /** libdatachannel parses TURN credentials as part of a URL; true has them percent-encoded. */
  readonly encodeCredentials?: boolean
}
