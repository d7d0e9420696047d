/**
 * What the command tells: the events of a network as plain records, and two ways to write them. Names and fields of the
 * records are stable; programs read them from `--json`.
 */
import type { Data, Explanation, JoinPhase, NetworkState, Path, Peer, PeerState, Quality } from '../api.ts'
import { toBase64Url } from '../../protocol/bytes.ts'
import type { EdgeNetError } from '../errors.ts'
import { explanationWords, QUALITY_WORDS } from '../explanation-words.ts'
import { durationWords, MILESTONE_WORDS, pathWords, routeOf, ROUTE_WORDS, sizeWords } from '../words.ts'
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
  readonly rttMs?: number
}

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
  | { readonly event: 'state'; readonly state: NetworkState; readonly error?: ErrorRecord }
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
  /** A line of ours has been taken over by the links to so many peers. */
  | { readonly event: 'sent'; readonly text: string; readonly receivers: number }
  | { readonly event: 'error'; readonly error: ErrorRecord; readonly peer?: PeerRecord }
  | LedgerNews
  | { readonly event: 'left' }
  | { readonly event: 'failed'; readonly error: ErrorRecord; readonly exitCode: number }

/** An event with the milliseconds since joining began. */
export type TimedEvent = CommandEvent & { readonly sinceMs: number }

export function peerRecord({ id, siteId, name, capabilities, rtc, state, path, rttMs }: Peer): PeerRecord {
  return { id, siteId, name, capabilities, rtc, state, path, ...(rttMs !== undefined && { rttMs }) }
}

export function errorRecord({ code, reason, message, hint, retryAfterMs }: EdgeNetError): ErrorRecord {
  return { code, reason, message, hint, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

export function messageRecord(peer: Peer, data: Data): CommandEvent {
  const content = typeof data === 'string' ? { text: data } : { base64url: toBase64Url(data) }
  return { event: 'message', peer: peerRecord(peer), ...content }
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
  return (event) => {
    const said = words(event, { measured, poor, ledger }, style)
    if (said === undefined) return undefined
    const since = durationWords(event.sinceMs).padStart(TIME_COLUMNS)
    return `${style.dim(since)}  ${event.event.padEnd(NAME_COLUMNS)} ${said}`
  }
}

/** `12345 s`: almost four hours. */
const TIME_COLUMNS = 7
const NAME_COLUMNS = 'contributed'.length
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
      return STATE_WORDS[event.state]
    case 'announced':
    case 'total':
      return undefined
    case 'peer':
      return `${peerLabel(event.peer, style)}: ${pathLine(event.peer.path)}`
    case 'peer-left':
      measured.delete(event.peer.id)
      poor.delete(event.peer.id)
      return `${peerLabel(event.peer, style)}: ${safeText(event.reason)}${unconfirmedWords(event.unconfirmed.length)}`
    case 'peer-state':
      if (event.state === 'stalled') {
        return `${peerLabel(event.peer, style)}: ${style.bad('reconnecting')}, no path reaches it; messages wait`
      }
      return `${peerLabel(event.peer, style)}: reached again, ${pathLine(event.peer.path)}`
    case 'path':
      return `${peerLabel(event.peer, style)}: ${pathLine(event.path)}`
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
      return 'the room and the peers know'
    case 'failed':
      // On stderr, for people.
      return undefined
    default:
      return event satisfies never
  }
}

/** Closing is told by what follows it. */
const STATE_WORDS: Record<NetworkState, string | undefined> = {
  open: 'in the room again',
  reconnecting: 'the room is out of reach; direct paths stay up, trying again',
  closed: undefined,
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

function pathLine(path: Path): string {
  return `${ROUTE_WORDS[routeOf(path)].toLowerCase()}, ${pathWords(path)}`
}

function messageText({ text, base64url }: { readonly text?: string; readonly base64url?: string }): string {
  if (text !== undefined) return safeText(text)
  return `(${sizeWords(Math.floor(((base64url?.length ?? 0) * 3) / 4))} of binary data)`
}
