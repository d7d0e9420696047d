/**
 * What the command tells: the events of a network as plain records, and two ways to write them. Names and fields of the
 * records are stable; programs read them from `--json`.
 */
import type { Applicant, Data, Explanation, JoinPhase, NetworkState, Path, Peer, PeerState, Quality } from '../api.ts'
import { toBase64Url } from '../../protocol/bytes.ts'
import type { EdgeNetError } from '../errors.ts'
import { explanationWords, QUALITY_WORDS } from '../explanation-words.ts'
import {
  carrierWords,
  durationWords,
  MILESTONE_WORDS,
  pathWords,
  routeOf,
  ROUTE_WORDS,
  sizeWords,
  withoutRoomWords,
  type CarrierState,
} from '../words.ts'
import type { Policy } from '../../protocol/genesis.ts'
import type { MemberNetwork, Standing } from '../networks/api.ts'
import { counted } from './ledger-words.ts'
import { standingWords, untilWords } from './membership-words.ts'
import { LedgerWords, type LedgerNews } from './ledger-news.ts'
import { peerLabel } from './peer-label.ts'
import { safeJson, safeText, type Style } from './terminal.ts'

export interface PeerRecord {
  readonly id: string
  readonly siteId: string
  readonly name: string
  readonly capabilities: readonly string[]
  readonly rtc: boolean
  readonly state: PeerState
  readonly path: Path
  /** Which carrier leads to it, if any does: `room`, `neighbours`, `gun`. */
  readonly carrier?: string
  /** We gossip with it. */
  readonly isNeighbour: boolean
  readonly rttMs?: number
}

/** A member that said something to all. There may be no link to it. */
export type MemberRecord = Pick<PeerRecord, 'id' | 'siteId' | 'name' | 'capabilities'>

export interface ErrorRecord {
  readonly code: string
  readonly reason: string
  readonly message: string
  readonly hint: string
  readonly retryAfterMs?: number
}

export type CommandEvent =
  | { readonly event: 'phase'; readonly phase: JoinPhase }
  /** What we are in a founded network: when it has been opened, and whenever that changes. */
  | {
      readonly event: 'membership'
      readonly network: { readonly id: string; readonly name: string; readonly policy: Policy }
      readonly standing: Standing
      readonly role?: NonNullable<MemberNetwork['role']>
      readonly endsAtMs?: number
    }
  /** We have asked to be let in: so many of the approvers have agreed so far. `siteId` is ours. */
  | {
      readonly event: 'waiting'
      readonly siteId: string
      readonly approvals: number
      readonly approvalsNeeded: number
      readonly approvers: readonly string[]
    }
  /** Members (`siteId`s) and invites that were removed from the network, by the list of this number. */
  | { readonly event: 'removed'; readonly number: number; readonly keys: readonly string[] }
  | {
      readonly event: 'joined'
      readonly name: string
      readonly id: string
      readonly roomUrl: string
      readonly peerId: string
      readonly siteId: string
      readonly total: number
    }
  /** With the carriers there are, the room among them: what members go on over while the room is out of reach. */
  | {
      readonly event: 'state'
      readonly state: NetworkState
      readonly carriers: readonly CarrierState[]
      readonly error?: ErrorRecord
    }
  | { readonly event: 'carrier-up'; readonly carrier: string }
  | { readonly event: 'carrier-down'; readonly carrier: string; readonly error?: ErrorRecord }
  | { readonly event: 'announced'; readonly peer: PeerRecord }
  | { readonly event: 'peer'; readonly peer: PeerRecord }
  | { readonly event: 'peer-state'; readonly peer: PeerRecord; readonly state: PeerState }
  | {
      readonly event: 'peer-left'
      readonly peer: PeerRecord
      readonly reason: string
      /** Numbers of the messages to it that it had not confirmed. */
      readonly unconfirmed: readonly number[]
    }
  | { readonly event: 'path'; readonly peer: PeerRecord; readonly path: Path }
  | { readonly event: 'rtt'; readonly peer: PeerRecord; readonly rttMs: number; readonly sampleMs: number }
  | { readonly event: 'quality'; readonly peer: PeerRecord; readonly quality: Quality }
  /** What `explain()` says: when asked by SIGUSR2, and to programs when a peer is stalled or no direct path was found. */
  | { readonly event: 'explain'; readonly peer: PeerRecord; readonly explanation: Explanation }
  | { readonly event: 'total'; readonly total: number }
  /** `text`, or `base64url` where bytes were sent. */
  | { readonly event: 'message'; readonly peer: PeerRecord; readonly text?: string; readonly base64url?: string }
  /** A member, linked or not, said this to all. */
  | { readonly event: 'broadcast'; readonly from: MemberRecord; readonly text?: string; readonly base64url?: string }
  /** A line of ours has been taken over by the links to so many peers, or is on its way to so many members. */
  | { readonly event: 'sent'; readonly text: string; readonly receivers: number }
  | { readonly event: 'error'; readonly error: ErrorRecord; readonly peer?: PeerRecord }
  | LedgerNews
  /** With the carriers there were. */
  | { readonly event: 'left'; readonly carriers: readonly CarrierState[] }
  | { readonly event: 'failed'; readonly error: ErrorRecord; readonly exitCode: number }

/** An event with the milliseconds since joining began. */
export type TimedEvent = CommandEvent & { readonly sinceMs: number }

export function peerRecord(peer: Peer): PeerRecord {
  const { rtc, state, path, rttMs } = peer
  const { carrier, isNeighbour } = peer.explain()
  return {
    ...memberRecord(peer),
    rtc,
    state,
    path,
    ...(carrier !== undefined && { carrier }),
    isNeighbour,
    ...(rttMs !== undefined && { rttMs }),
  }
}

function memberRecord({ id, siteId, name, capabilities }: Applicant): MemberRecord {
  return { id, siteId, name, capabilities }
}

export function errorRecord({ code, reason, message, hint, retryAfterMs }: EdgeNetError): ErrorRecord {
  return { code, reason, message, hint, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

export function messageRecord(peer: Peer, data: Data): CommandEvent {
  return { event: 'message', peer: peerRecord(peer), ...contentOf(data) }
}

export function broadcastRecord(from: Applicant, data: Data): CommandEvent {
  return { event: 'broadcast', from: memberRecord(from), ...contentOf(data) }
}

function contentOf(data: Data): { readonly text: string } | { readonly base64url: string } {
  return typeof data === 'string' ? { text: data } : { base64url: toBase64Url(data) }
}

/** Writes an event as one line, or as none when there is nothing to say. */
export type Writer = (event: TimedEvent) => string | undefined

/** One JSON object a line. */
export function jsonWriter(): Writer {
  return (event) => safeJson(event)
}

/** A line for people: since when, what, and the facts. */
export function plainWriter(style: Style): Writer {
  // Every measurement would flood the screen; the first on each path is news.
  const measured = new Map<string, Path['kind']>()
  // So would every change of quality; trouble is news, and its end.
  const poor = new Set<string>()
  const ledger = new LedgerWords()
  let isIn = false
  return (event) => {
    isIn ||= event.event === 'joined'
    // Each try to reach the room again has phases, too; `state` tells how they end.
    if (isIn && event.event === 'phase') return undefined
    const said = words(event, { measured, poor, ledger }, style)
    if (said === undefined) return undefined
    const since = durationWords(event.sinceMs).padStart(TIME_COLUMNS)
    return `${style.dim(since)}  ${event.event.padEnd(NAME_COLUMNS)} ${said}`
  }
}

/** `12345 s`: almost four hours. */
const TIME_COLUMNS = 7
const NAME_COLUMNS = 'carrier-down'.length
const INDENT = ' '.repeat(TIME_COLUMNS + NAME_COLUMNS + 3)

/** What has been said before, where that decides what is news. */
interface Said {
  readonly measured: Map<string, Path['kind']>
  readonly poor: Set<string>
  readonly ledger: LedgerWords
}

function words(event: TimedEvent, { measured, poor, ledger }: Said, style: Style): string | undefined {
  switch (event.event) {
    case 'phase':
      return `${event.phase}: ${MILESTONE_WORDS[event.phase].meaning}`
    case 'membership': {
      const { network, standing, role, endsAtMs } = event
      const place = `${style.accent(safeText(network.name))}, a ${network.policy} network`
      const until = standing === 'member' && endsAtMs !== undefined ? `, ${untilWords(endsAtMs)}` : ''
      return `${place}: you are ${standingWords({ standing, role })}${until}`
    }
    case 'waiting': {
      const { approvals, approvalsNeeded, approvers, siteId } = event
      const who = `${approvers.length === 1 ? 'the approver is' : 'the approvers are'} ${approvers.join(', ')}`
      return `${approvals} of ${counted(approvalsNeeded, 'approval', 'approvals')} for you, ${siteId}; ${who}`
    }
    case 'removed':
      return `removed from the network: ${event.keys.join(', ')}`
    case 'joined': {
      const others = event.total > 1 ? `${event.total} members` : 'nobody else so far'
      return `${style.accent(safeText(event.name))}, ${others}; you are ${event.peerId} (identity ${event.siteId})`
    }
    case 'state':
      return stateWords(event)
    case 'carrier-up':
    case 'carrier-down':
      return carrierLine(event, style)
    case 'announced':
    case 'total':
      return undefined
    case 'peer':
      return `${peerLabel(event.peer, style)}: ${pathLine(event.peer.path, event.peer)}`
    case 'peer-left':
      measured.delete(event.peer.id)
      poor.delete(event.peer.id)
      return `${peerLabel(event.peer, style)}: ${safeText(event.reason)}${unconfirmedWords(event.unconfirmed.length)}`
    case 'peer-state':
      if (event.state === 'stalled') {
        return `${peerLabel(event.peer, style)}: ${style.bad('reconnecting')}, no path reaches it; messages wait`
      }
      return `${peerLabel(event.peer, style)}: reached again, ${pathLine(event.peer.path, event.peer)}`
    case 'path':
      return `${peerLabel(event.peer, style)}: ${pathLine(event.path, event.peer)}`
    case 'rtt': {
      const { kind } = event.peer.path
      if (measured.get(event.peer.id) === kind) return undefined
      measured.set(event.peer.id, kind)
      return `${peerLabel(event.peer, style)}: ${durationWords(event.rttMs)}`
    }
    case 'quality': {
      const { level, rttMs, loss } = event.quality
      const wasPoor = poor.delete(event.peer.id)
      if (level === 'poor') poor.add(event.peer.id)
      // Without a path there is more to say: see peer-state.
      if (level === 'lost' || (!wasPoor && level !== 'poor')) return undefined
      const facts = `${rttMs === undefined ? '' : `${durationWords(rttMs)}, `}${Math.round(loss * 100)} % of pings lost`
      return `${peerLabel(event.peer, style)}: ${QUALITY_WORDS[level].toLowerCase()} (${facts})`
    }
    case 'explain':
      return explanationLines(event.peer, event.explanation, style)
    case 'message':
      return `${peerLabel(event.peer, style)}: ${messageText(event)}`
    case 'broadcast':
      return `${peerLabel(event.from, style)}, to all: ${messageText(event)}`
    case 'sent':
      return `to ${event.receivers} ${event.receivers === 1 ? 'peer' : 'peers'}: ${safeText(event.text)}`
    case 'error': {
      const where = event.peer ? `${peerLabel(event.peer, style)}: ` : ''
      return `${where}${style.bad(safeText(event.error.message))} ${safeText(event.error.hint)}`.trimEnd()
    }
    case 'ledger':
    case 'entry':
    case 'confirmed':
    case 'contributed':
    case 'sync':
    case 'fork':
      return ledger.of(event, style)
    case 'left':
      return event.carriers.some(({ name, isUp }) => isUp && name === 'room')
        ? 'the room and the peers know'
        : 'the room is out of reach; peers that can be reached know'
    case 'failed':
      // On stderr, for people.
      return undefined
    default:
      return event satisfies never
  }
}

function stateWords({ state, carriers }: Extract<CommandEvent, { event: 'state' }>): string | undefined {
  switch (state) {
    case 'open':
      return 'in the room again'
    case 'reconnecting': {
      const { goingOn, missing } = withoutRoomWords(carriers)
      return `the room is out of reach; ${goingOn}, ${missing}; trying again`
    }
    case 'closed':
      // Told by what follows it.
      return undefined
    default:
      return state satisfies never
  }
}

function carrierLine(
  event: Extract<CommandEvent, { event: 'carrier-up' | 'carrier-down' }>,
  style: Style,
): string | undefined {
  const { event: what, carrier } = event
  // Of the room, `state` tells, and more.
  if (carrier === 'room') return undefined
  const label = safeText(carrierWords(carrier).label)
  if (what === 'carrier-up') return `${label}: members can be reached without the room`
  const why = event.error ? ` ${safeText(event.error.message)}` : ''
  return `${label}: ${style.bad('out of reach')}, trying again.${why}`
}

function unconfirmedWords(count: number): string {
  if (count === 0) return ''
  return `; ${count} ${count === 1 ? 'message' : 'messages'} to it not confirmed`
}

function explanationLines(peer: PeerRecord, explanation: Explanation, style: Style): string {
  const { phase, facts, attempts, advice } = explanationWords(explanation)
  const lines = [
    ...facts.map(({ term, value }) => `${term}: ${value}`),
    ...attempts.map((attempt) => `Attempt: ${attempt}`),
    ...advice.map((sentence) => `${style.bad('→')} ${sentence}`),
  ]
  return [`${peerLabel(peer, style)}: ${phase}`, ...lines.map((line) => INDENT + line)].join('\n')
}

function pathLine(path: Path, { carrier }: PeerRecord): string {
  return `${ROUTE_WORDS[routeOf(path)].toLowerCase()}, ${safeText(pathWords(path, carrier))}`
}

function messageText({ text, base64url }: { readonly text?: string; readonly base64url?: string }): string {
  if (text !== undefined) return safeText(text)
  return `(${sizeWords(Math.floor(((base64url?.length ?? 0) * 3) / 4))} of binary data)`
}
