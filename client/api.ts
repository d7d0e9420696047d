/** The public surface of the SDK, as types: what `join` takes and what it gives. */
import type { IceServer } from '../protocol/http.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import type { Carrier } from './carrier/carrier.ts'
import type { EdgeNetError } from './errors.ts'
import type { ListenOptions } from './events.ts'
import type { Identity } from './identity/identity.ts'
import type { NetworkGossip, SharedMesh } from './mesh/api.ts'
import type { Contribution, LedgerEntry, SharedLedger } from './qdag/api.ts'

/** An application message as it arrives: texts as texts, everything else as bytes. */
export type Data = string | Uint8Array<ArrayBuffer>

/** What can be sent. At most 16 MiB. A copy is taken, so the caller may go on using it. */
export type Sendable = string | ArrayBufferView | ArrayBuffer | Blob

export interface SendOptions {
  /** Takes the message back if none of it has been sent yet; later it has no effect. */
  readonly signal?: AbortSignal
  /** Which channel the message is for: 0, the default, is the application's own. See {@link Network.channel}. */
  readonly channel?: number
}

/** A message on its way. Awaiting it waits until the link has taken the message over: back-pressure. */
export interface Sending extends Promise<void> {
  /** The message's number on its link, counted from 1; `peer-left` names unconfirmed messages by it. */
  readonly id: number
  /**
   * Resolves when the peer's application had the message. Rejects with `not-delivered` when the link ended before that was
   * confirmed: the message was delivered at most once, nobody knows. A message that was never taken over fails both promises
   * with the same error. Nobody has to listen to it.
   */
  readonly delivered: Promise<void>
}

/** The kinds of ICE candidates (RFC 8445 section 5.1.1). */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay'

/** How a link's messages travel at the moment. */
export type Path =
  /** Sealed envelopes through a carrier: the room, as long as it can be reached. */
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
 * - `stalled`: it was verified, and no path reaches it at the moment. Messages wait; it comes back or is `lost`.
 * - `closed`: it left, was lost or blocked, or the network was closed.
 */
export type PeerState = 'announced' | 'verified' | 'stalled' | 'closed'

/** `lost`: no path reaches the peer. The others are ranges of the score. */
export type QualityLevel = 'excellent' | 'good' | 'poor' | 'lost'

/** How good a peer's current path is, by our own pings. It says nothing about the path's kind: see {@link Peer.path}. */
export interface Quality {
  /** Smoothed round-trip time in milliseconds (RFC 6298); `undefined` until measured. */
  readonly rttMs: number | undefined
  /** Smoothed difference between one round trip and the next, in milliseconds (after RFC 3550 section 6.4.1). */
  readonly jitterMs: number
  /** Share of the last 50 pings that were not answered, 0 to 1. Only a direct path loses pings. */
  readonly loss: number
  /** What the peer acknowledged lately, in bytes per second. */
  readonly bytesPerSecond: number
  /** 0 (unusable) to 100: from delay, jitter and loss, in the shape of the E-model. */
  readonly score: number
  /** From the score, with hysteresis. */
  readonly level: QualityLevel
}

/** Why a try at a direct path is over; also why a direct path is. */
export type AttemptEnd = 'failed' | 'timeout' | 'closed' | 'silent' | 'superseded'

/** One try at a direct path, for `explain()`. */
export interface AttemptReport {
  /** Counted by the offerer. */
  readonly number: number
  readonly role: 'offerer' | 'answerer'
  readonly state: 'connecting' | 'open' | AttemptEnd
  /** Milliseconds since it began. */
  readonly ageMs: number
  /** Milliseconds from the beginning until it was open; absent if it never was. */
  readonly openedAfterMs?: number
  /** Kinds of our own candidates that were gathered. Without `srflx` no STUN server answered, without `relay` no TURN server. */
  readonly local: readonly CandidateType[]
  /** Kinds of the peer's candidates that arrived. */
  readonly remote: readonly CandidateType[]
}

/**
 * What would help a peer to a better path:
 * - `rtc-missing-here`, `rtc-missing-there`: one side has no WebRTC, or has it switched off.
 * - `ice-servers-missing`: the host offers neither STUN nor TURN, so only addresses of one network can meet.
 * - `stun-unanswered`: no STUN server answered us: UDP is probably blocked here.
 * - `turn-needed`: both sides know their public addresses and still do not meet: strict NATs need a TURN server.
 * - `turn-unanswered`: a TURN server is configured and gave us no address.
 * - `room-unreachable`: we are not in the room and no other carrier works, so nothing can be arranged.
 */
export type Advice =
  | 'rtc-missing-here'
  | 'rtc-missing-there'
  | 'ice-servers-missing'
  | 'stun-unanswered'
  | 'turn-needed'
  | 'turn-unanswered'
  | 'room-unreachable'

/**
 * - `introducing`: the peer has not answered yet.
 * - `relay`: messages pass through the room, and no attempt is under way.
 * - `connecting`: messages pass through the room while an attempt at a direct path is under way.
 * - `direct`: messages pass over a healthy direct path.
 * - `doubtful`: the direct path is silent; messages pass through the room until it answers.
 * - `stalled`: no path; messages wait.
 * - `closed`: the link is over.
 */
export type LinkPhase = 'introducing' | 'relay' | 'connecting' | 'direct' | 'doubtful' | 'stalled' | 'closed'

/** Everything that is known about a peer's link, for people and programs that wonder. All plain data. */
export interface Explanation {
  readonly peerId: PeerId
  readonly phase: LinkPhase
  readonly path: Path
  readonly quality: Quality
  /** False while no carrier works. */
  readonly relayIsUp: boolean
  /** Which carrier leads to the peer now: `room`, `neighbours`, `gun`; `undefined` when none does. */
  readonly carrier: string | undefined
  /** We gossip with it. Without a mesh nobody is a neighbour. */
  readonly isNeighbour: boolean
  /** Milliseconds since anything of the peer's arrived; `undefined` if nothing has. */
  readonly heardMsAgo: number | undefined
  /** Bytes sent, or waiting to be, that the peer has not acknowledged. */
  readonly unacknowledgedBytes: number
  /** The latest attempts, the newest last. */
  readonly attempts: readonly AttemptReport[]
  /** Milliseconds until the next attempt, if one is planned. */
  readonly nextAttemptInMs: number | undefined
  readonly advice: readonly Advice[]
}

/** What is known when an attempt, or the path it led to, has ended. */
export interface AttemptOutcome {
  readonly role: 'offerer' | 'answerer'
  readonly end: AttemptEnd
  /** Attempts in a row before this one that led to nothing lasting. */
  readonly failures: number
  /** Milliseconds since a direct path to this peer that had lasted was lost; 0 if it is this one; `undefined` if none ever was. */
  readonly lastGoodMsAgo: number | undefined
}

/** How long to wait before the next attempt, in milliseconds; `undefined` for none until a nudge. */
export type AttemptPolicy = (outcome: AttemptOutcome) => number | undefined

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
  readonly quality: Quality
  /** The same as `network.send(peer.id, data, options)`. */
  send(data: Sendable, options?: SendOptions): Sending
  /**
   * Sends a message that may be lost, repeated or overtaken, on the current path, without waiting behind others.
   *
   * @param data at most 16,368 bytes; keep it below 1,200, or it is lost more easily
   * @returns false when it was dropped at once: no path, or the path is full
   * @throws EdgeNetError `message-too-large`, `invalid-argument`
   */
  datagram(data: string | ArrayBufferView | ArrayBuffer): boolean
  /**
   * The peer's messages, one by one: the next is taken from the link when it is asked for, so a slow reader slows the
   * sender. While it runs, this peer's messages go to it alone. It ends when the link does, or at `break`.
   */
  messages(): AsyncIterableIterator<Data>
  /** Everything that is known about this link. */
  explain(): Explanation
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
  /** A peer became `stalled`, or came back from it. */
  'peer-state': { readonly peer: Peer; readonly state: PeerState }
  'peer-left': {
    readonly peer: Peer
    /**
     * `left`: it said so. `lost`: no path reached it for too long. `removed`: it is no member any more. `restarted`: it began a new link; a new {@link Peer} follows.
     * `released`: the mesh needs the link no more; {@link Network.reach} makes it again.
     */
    readonly reason: 'left' | 'blocked' | 'closed' | 'lost' | 'removed' | 'restarted' | 'released'
    /** Messages (their `Sending.id`) that it had not confirmed: each was delivered at most once, nobody knows. */
    readonly unconfirmed: readonly number[]
  }
  /** A message, in order, once. Without a listener messages wait. */
  message: { readonly peer: Peer; readonly data: Data }
  datagram: { readonly peer: Peer; readonly data: Data }
  /** The path of a peer's link changed. */
  path: { readonly peer: Peer; readonly path: Path }
  /** A round trip to a peer was measured: how long it took (`sampleMs`), and what that makes the smoothed time (`rttMs`). */
  rtt: { readonly peer: Peer; readonly rttMs: number; readonly sampleMs: number }
  /** The level of a peer's quality changed. */
  quality: { readonly peer: Peer; readonly quality: Quality }
  /** The room told how many members it has, this one included. */
  total: { readonly total: number }
  /** A carrier works, or works again. */
  'carrier-up': { readonly carrier: string }
  /** A carrier does not work any more; it goes on trying. Links go over the next one that leads to their peers. */
  'carrier-down': { readonly carrier: string; readonly error?: EdgeNetError }
  /** A member, linked or not, said something to all (with a mesh; without one it is a `message`). At most once, in no order. */
  broadcast: { readonly from: Applicant; readonly data: Data }
  /** Something failed that no call is waiting for. Nothing is lost by ignoring it. */
  error: { readonly error: EdgeNetError; readonly peer?: Peer }
}

/** A network that this client is part of. */
export interface Network {
  /** What the room URL calls it: a plain name, or the id of a founded network. */
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
  /** The ledger that `join` was given. */
  readonly ledger: SharedLedger | undefined
  /** The mesh that `join` was given. */
  readonly mesh: SharedMesh | undefined
  /** That of the mesh. */
  readonly gossip: NetworkGossip | undefined
  /** Ways of moving envelopes, in the order of resort. */
  readonly carriers: readonly { readonly name: string; readonly isUp: boolean }[]

  on<Type extends keyof NetworkEvents>(
    type: Type,
    handler: (event: NetworkEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void

  /**
   * Sends a message to an announced or verified peer: in order, exactly once, over whatever path there is.
   *
   * @returns resolves when the link has taken the message over; its `delivered` when the peer's application had it.
   *   Rejects with EdgeNetError `peer-unknown`, `message-too-large`, `aborted` (signal or close), `invalid-argument`
   */
  send(peer: PeerId, data: Sendable, options?: SendOptions): Sending

  /**
   * The peer's link, or one that is made now. Links that nobody uses for a minute end again.
   *
   * @throws EdgeNetError `peer-unknown` when nobody knows a way to it; without a mesh, when there is no link to it
   */
  reach(peer: PeerId): Promise<Peer>

  /**
   * Without a mesh, sends a message to every verified peer, and resolves when all links have taken it over. With one, says it
   * to all members, at most 12 KiB: they hear it as `broadcast`, at most once, in no order.
   *
   * @param options ignored with a mesh: what is said to all has no channel, and cannot be taken back
   * @throws EdgeNetError as `send` does; with a mesh `message-too-large` alone
   */
  broadcast(data: Sendable, options?: SendOptions): Promise<void>

  /**
   * Takes the messages of a channel: beside the application's own, with a handler of their own. Each channel is in order;
   * messages of the application's that wait for a listener do not hold them up. What nobody takes is dropped.
   *
   * @param channel 1 to 65,535; 1 to 255 are Edge-Net's own
   * @returns stops taking them
   */
  channel(channel: number, handler: (event: NetworkEvents['message']) => unknown): () => void

  /**
   * Records in the ledger what was done for the network; see there.
   *
   * @throws EdgeNetError `invalid-argument`, also when there is no ledger; `ledger-failed`
   */
  contribute(contribution: Contribution): Promise<LedgerEntry>

  /**
   * Says that something may have changed: network, sleep, visibility. All paths are probed at once, and waiting reconnections
   * and attempts start. The SDK calls it by itself where the runtime tells (`online`, `pageshow`, a clock that jumped, …).
   */
  nudge(): void

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

/** What a network needs of membership; `edge-net/networks` makes it. */
export interface SharedMembership {
  /** The network that it is about. */
  readonly networkId: Uint8Array<ArrayBuffer>
  /** What own announcements show. */
  readonly chainBytes: Uint8Array<ArrayBuffer>
  /** Own announcements end with it, in milliseconds since 1970. */
  readonly expiresAtMs: number
  /** How many neighbours its founder wants a member to have, where there is a mesh. */
  readonly degree?: number | undefined
  /**
   * Whether an identity with this chain is a member now; otherwise why not. An announcement may not outlive its membership.
   * Never rejects.
   */
  judge(
    member: {
      readonly identity: Uint8Array<ArrayBuffer>
      readonly chain: Uint8Array<ArrayBuffer>
      readonly expiresAtMs: number
    },
    atMs: number,
  ): Promise<string | undefined>
  /** Called once, when the network has been made. */
  attach(network: MembershipHost): void
  /** The network is over. */
  detach(): void
}

/** What membership uses of the network that it is attached to. */
export interface MembershipHost {
  readonly peers: ReadonlyMap<PeerId, Peer>
  on: Network['on']
  channel: Network['channel']
  /** Judges everybody anew: links to those who are no members any more end, with `peer-left` reason `removed`. */
  rejudge(): void
  /** Own membership changed: announces it to the room and to the peers. */
  renew(): unknown
  /** A peer said what no honest peer says. */
  blame(peer: Peer, reason: string): void
}

export interface JoinOptions {
  /** Who we are. Default: a new identity, forgotten on `close()`. */
  readonly identity?: Identity
  /**
   * The network's ledger, to be shared with its peers: what `openLedger` of `edge-net/ledger` gives, with the same identity.
   * Joining waits for it; it is closed with the network.
   */
  readonly ledger?: SharedLedger | Promise<SharedLedger>
  /**
   * Membership of a founded network: what `openNetwork` of `edge-net/networks` gives, with the same identity. Without it
   * nothing is shown at the door, and nobody is asked for anything: right for public networks.
   */
  readonly membership?: SharedMembership | Promise<SharedMembership>
  /**
   * Whom to be connected to, in networks of any size: what `createMesh` of `edge-net/mesh` gives. Without one there is a link to
   * everybody whom the room tells of.
   */
  readonly mesh?: SharedMesh
  /**
   * Other ways to reach members, for when the room cannot be reached, in the order of resort: `gunCarrier` of `edge-net/gun`, or
   * one's own. They are closed with the network.
   */
  readonly carriers?: readonly Carrier[]
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
  /** When to try again for a direct path. Default: at once after a path that was good, ever more seldom after failures. */
  readonly attemptPolicy?: AttemptPolicy
  /** How long a link may be without any path before it is lost, in milliseconds. Default 60,000, at most 300,000. */
  readonly stalledMs?: number
  /**
   * How many times joining tries to reach the room before it does without, if one of the carriers works by then or within 10 s of
   * the beginning, or fails with `room-unreachable`. Default 3. Once joined, reconnecting goes on until `close()`.
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
