/**
 * What the page knows, as a pure reducer: an event of the SDK or of the person goes in, the next state comes out.
 * Only facts enter; everything a stranger can fill is bounded here.
 */
import type { Data, Explanation, JoinPhase, NetworkState, Path, PeerState, Quality } from '../api.ts'
import { reachOf, sizeWords, type CarrierState, type Milestone } from '../words.ts'
import {
  initialContribution,
  reduceContribution,
  stopped,
  type ContributionEvent,
  type ContributionState,
} from './contribution-state.ts'
import { newHistory, withSample, withTurn, type History } from './history.ts'
import { NO_MEMBERSHIP, reduceMembership, type MembershipEvent, type MembershipState } from './membership/state.ts'
import { EMPTY_LEDGER, reduceLedger, withName, type LedgerEvent, type LedgerState } from './ledger-state.ts'
import { reduceWays, type PeerWay, type WaysEvent } from './ways.ts'

/** A busy room must not grow the page without end. */
export const MAX_LOG_ENTRIES = 200
/** A message may have 16 MiB; a screen does not. */
export const MAX_SHOWN_CHARACTERS = 2_000

export interface PeerFacts extends PeerWay {
  readonly id: string
  readonly siteId: string
  readonly name: string
  readonly state: PeerState
  readonly path: Path
  readonly rttMs: number | undefined
  readonly quality: Quality
}

/** A peer on the page: what is so, and what was so lately. */
export interface ShownPeer extends PeerFacts {
  readonly history: History
  /** There while its diagnosis is open. */
  readonly explanation: Explanation | undefined
}

export interface Failure {
  readonly code: string
  readonly reason: string
  readonly message: string
  readonly hint: string
  readonly retryAfterMs: number | undefined
}

export interface LogEntry {
  readonly key: number
  readonly mine: boolean
  /** The name of the sender, or of the receiver for our own: as it was when the message passed. */
  readonly who: string
  readonly text: string
  readonly atMs: number
  /** Why our own message did not go out. */
  readonly failure?: string
}

/** `outside`: before a closed network that we are no member of. */
export type Status = 'joining' | 'outside' | 'open' | 'reconnecting' | 'failed' | 'left'

export interface Self {
  readonly siteId: string
  /** True when the identity is stored and comes back next time. */
  readonly kept: boolean
  readonly peerId: string | undefined
}

export interface PageState {
  /** What names the network in the room URL. */
  readonly networkKey: string
  /** The same, or what its founder called it. */
  readonly networkName: string
  readonly networkId: string | undefined
  readonly status: Status
  /** What the browser says of this device's network. */
  readonly isOnline: boolean
  readonly failure: Failure | undefined
  readonly membership: MembershipState
  /** When each milestone was reached, in milliseconds since joining began. */
  readonly milestones: Partial<Record<Milestone, number>>
  readonly self: Self | undefined
  readonly total: number
  /** In the order of resort; empty before we have joined. */
  readonly carriers: readonly CarrierState[]
  readonly peers: ReadonlyMap<string, ShownPeer>
  readonly log: readonly LogEntry[]
  readonly nextKey: number
  readonly ledger: LedgerState
  readonly contribution: ContributionState
}

export type PageEvent =
  | LedgerEvent
  | ContributionEvent
  | MembershipEvent
  | WaysEvent
  | { readonly type: 'online'; readonly isOnline: boolean }
  | { readonly type: 'joining' }
  /** The network is closed, and we are no member. */
  | { readonly type: 'outside' }
  /** We are, and go in. */
  | { readonly type: 'admitted' }
  | { readonly type: 'identity'; readonly siteId: string; readonly kept: boolean }
  | { readonly type: 'phase'; readonly phase: JoinPhase; readonly sinceMs: number }
  | { readonly type: 'joined'; readonly peerId: string; readonly networkId: string; readonly total: number }
  | { readonly type: 'state'; readonly state: NetworkState; readonly failure?: Failure | undefined }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'left' }
  | { readonly type: 'peer'; readonly peer: PeerFacts; readonly sinceMs: number; readonly nowMs: number }
  | { readonly type: 'peer-left'; readonly id: string }
  | {
      readonly type: 'path'
      readonly id: string
      readonly path: Path
      readonly sinceMs: number
      readonly nowMs: number
    }
  | { readonly type: 'peer-state'; readonly id: string; readonly state: PeerState; readonly nowMs: number }
  | {
      readonly type: 'rtt'
      readonly id: string
      readonly rttMs: number
      readonly sampleMs: number
      readonly nowMs: number
    }
  | { readonly type: 'quality'; readonly id: string; readonly quality: Quality }
  /** The diagnosis of a peer was opened, or is read anew; `undefined`: it was closed. */
  | { readonly type: 'explained'; readonly id: string; readonly explanation: Explanation | undefined }
  | { readonly type: 'total'; readonly total: number }
  | { readonly type: 'message'; readonly who: string; readonly data: Data; readonly atMs: number }
  | {
      readonly type: 'sent'
      readonly who: string
      readonly text: string
      readonly atMs: number
      readonly failure?: string
    }

/** @param share of one core's time, which the person gave the last time */
export function initialState(networkKey: string, share: number): PageState {
  return {
    networkKey,
    networkName: networkKey,
    networkId: undefined,
    status: 'joining',
    isOnline: true,
    failure: undefined,
    membership: NO_MEMBERSHIP,
    milestones: {},
    self: undefined,
    total: 0,
    carriers: [],
    peers: new Map(),
    log: [],
    nextKey: 0,
    ledger: EMPTY_LEDGER,
    contribution: initialContribution(share),
  }
}

export function reduce(state: PageState, event: PageEvent): PageState {
  switch (event.type) {
    case 'joining': {
      // What was said and what was computed stays, what people are called and what the network is. The rest belongs to the
      // session that ended.
      const { networkKey, networkName, isOnline, log, nextKey, contribution } = state
      const ledger = { ...EMPTY_LEDGER, names: state.ledger.names }
      const membership = { ...NO_MEMBERSHIP, facts: state.membership.facts }
      const fresh = initialState(networkKey, contribution.share)
      return { ...fresh, networkName, isOnline, membership, log, nextKey, contribution, ledger }
    }
    case 'online':
      return { ...state, isOnline: event.isOnline }
    case 'outside':
      return ended(state, 'outside', undefined)
    case 'admitted':
      return { ...state, status: 'joining', milestones: {} }
    case 'identity':
      return { ...state, self: { siteId: event.siteId, kept: event.kept, peerId: undefined } }
    case 'phase':
      return reached(state, event.phase, event.sinceMs)
    case 'joined': {
      const { peerId, networkId, total } = event
      const self = state.self && { ...state.self, peerId }
      return { ...state, status: 'open', self, networkId, total: Math.max(total, state.total) }
    }
    case 'state':
      if (event.state !== 'closed') return { ...state, status: event.state }
      return event.failure ? ended(state, 'failed', event.failure) : ended(state, 'left', undefined)
    case 'failed':
      return ended(state, 'failed', event.failure)
    case 'left':
      return ended(state, 'left', undefined)
    case 'peer': {
      const { peer, sinceMs, nowMs } = event
      const shown = { ...peer, history: newHistory(reachOf(peer), nowMs), explanation: undefined }
      const named = { ...state, ledger: withName(state.ledger, peer.siteId, peer.name) }
      const met = reached(withPeer(named, shown), 'first-peer', sinceMs)
      return peer.path.kind === 'direct' ? reached(met, 'first-direct', sinceMs) : met
    }
    case 'peer-left': {
      const peers = new Map(state.peers)
      peers.delete(event.id)
      return { ...state, peers }
    }
    case 'path': {
      const peer = state.peers.get(event.id)
      if (!peer) return state
      // A round trip measured on the relay says nothing of a direct path; news of the same path's ends changes nothing.
      const rttMs = event.path.kind === peer.path.kind ? peer.rttMs : undefined
      const moved = withPeer(state, turned({ ...peer, path: event.path, rttMs }, event.nowMs))
      return event.path.kind === 'direct' ? reached(moved, 'first-direct', event.sinceMs) : moved
    }
    case 'rtt': {
      const peer = state.peers.get(event.id)
      if (!peer) return state
      const history = withSample(peer.history, { atMs: event.nowMs, rttMs: event.sampleMs })
      return withPeer(state, { ...peer, rttMs: event.rttMs, history })
    }
    case 'peer-state': {
      const peer = state.peers.get(event.id)
      return peer ? withPeer(state, turned({ ...peer, state: event.state }, event.nowMs)) : state
    }
    case 'quality': {
      const peer = state.peers.get(event.id)
      return peer ? withPeer(state, { ...peer, quality: event.quality }) : state
    }
    case 'explained': {
      const peer = state.peers.get(event.id)
      if (!peer) return state
      const { explanation } = event
      return withPeer(state, { ...peer, explanation, quality: explanation?.quality ?? peer.quality })
    }
    case 'ways':
      return reduceWays<ShownPeer, PageState>(state, event)
    case 'total':
      return { ...state, total: event.total }
    case 'message':
      return logged(state, { mine: false, who: event.who, text: shownText(event.data), atMs: event.atMs })
    case 'sent': {
      const { who, text, atMs, failure } = event
      return logged(state, { mine: true, who, text, atMs, ...(failure !== undefined && { failure }) })
    }
    case 'ledger':
    case 'ledger-sync':
    case 'ledger-selected':
    case 'ledger-fault':
      return { ...state, ledger: reduceLedger(state.ledger, event) }
    case 'membership':
    case 'invite-failed':
    case 'asking':
    case 'waiting':
    case 'membership-fault': {
      const membership = reduceMembership(state.membership, event)
      return { ...state, membership, networkName: membership.facts?.name ?? state.networkName }
    }
    case 'contributing':
    case 'share':
    case 'compute':
    case 'contributed':
    case 'contribution-failed':
      return { ...state, contribution: reduceContribution(state.contribution, event) }
    default:
      return event satisfies never
  }
}

const NOBODY = { peers: new Map(), total: 0, carriers: [] } as const

function ended(state: PageState, status: 'failed' | 'left' | 'outside', failure: Failure | undefined): PageState {
  return { ...state, status, failure, ...NOBODY, contribution: stopped(state.contribution) }
}

function reached(state: PageState, milestone: Milestone, sinceMs: number): PageState {
  if (state.milestones[milestone] !== undefined) return state
  return { ...state, milestones: { ...state.milestones, [milestone]: sinceMs } }
}

/** Notes in the history by which way the peer is reached now. */
function turned(peer: ShownPeer, nowMs: number): ShownPeer {
  return { ...peer, history: withTurn(peer.history, { atMs: nowMs, reach: reachOf(peer) }) }
}

function withPeer(state: PageState, peer: ShownPeer): PageState {
  return { ...state, peers: new Map(state.peers).set(peer.id, peer) }
}

function logged(state: PageState, entry: Omit<LogEntry, 'key'>): PageState {
  const log = [...state.log, { ...entry, key: state.nextKey }].slice(-MAX_LOG_ENTRIES)
  return { ...state, log, nextKey: state.nextKey + 1 }
}

function shownText(data: Data): string {
  if (typeof data !== 'string') return `(${sizeWords(data.length)} of binary data)`
  if (data.length <= MAX_SHOWN_CHARACTERS) return data
  return `${data.slice(0, MAX_SHOWN_CHARACTERS)}… (${data.length} characters)`
}
