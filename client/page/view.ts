/** What the page says about a state: texts and flags, no DOM. The words can be tested without a browser. */
import type { QualityLevel } from '../api.ts'
import { explanationWords, QUALITY_WORDS, type ExplanationWords } from '../explanation-words.ts'
import type { History } from './history.ts'
import { undecidedOf } from './membership/state.ts'
import { POLICY_WORDS } from './membership/words.ts'
import type { PageState, ShownPeer, Status } from './state.ts'
import {
  carrierWords,
  durationWords,
  MILESTONE_WORDS,
  MILESTONES,
  nameOr,
  pathWords,
  reachOf,
  REACH_WORDS,
  shortId,
  withoutRoomWords,
  type CarrierState,
  type Milestone,
  type Reach,
} from '../words.ts'

/** A room may hold more; a longer list helps nobody, and the numbers beside it stay right. */
export const MAX_SHOWN_PEERS = 100

export interface PeerRow {
  readonly id: string
  readonly siteId: string
  readonly name: string
  readonly shortId: string
  /** Name and id in one. */
  readonly label: string
  readonly reach: Reach
  readonly reachLabel: string
  readonly detail: string
  readonly rtt: string
  readonly level: QualityLevel
  readonly levelLabel: string
  readonly history: History
  /** There while the diagnosis is open. */
  readonly diagnosis: ExplanationWords | undefined
}

export interface Step {
  readonly milestone: Milestone
  readonly label: string
  readonly meaning: string
  readonly progress: 'done' | 'now' | 'later'
  readonly time: string
}

/** A carrier, and whether it works. */
export interface Way {
  readonly name: string
  readonly label: string
  readonly isUp: boolean
  readonly words: string
}

export interface PageView {
  readonly title: string
  readonly status: Status
  readonly statusText: string
  /** The room is out of reach, and members go on by other ways: nothing to be alarmed about. */
  readonly goesOn: boolean
  /** How, and what is missing meanwhile. */
  readonly withoutRoom: string
  /** Empty where the room is the only one. */
  readonly ways: readonly Way[]
  /** What kind of network it is. */
  readonly kind: string
  readonly description: string
  readonly steps: readonly Step[]
  readonly rows: readonly PeerRow[]
  /** What the list leaves out. */
  readonly more: string
  readonly census: string
  /** Nobody else is here, and we are in the room to say so. */
  readonly alone: boolean
  /** What stands in the place of peers where there are none for another reason. */
  readonly idle: string
  readonly sendable: boolean
  readonly sendNote: string
  readonly failureWait: string
}

export function viewOf(state: PageState): PageView {
  const rows = [...state.peers.values()].slice(0, MAX_SHOWN_PEERS).map(rowOf)
  const unshown = state.peers.size - rows.length
  const inRoom = state.status === 'open' || state.status === 'reconnecting'
  const sendable = inRoom && rows.length > 0
  return {
    title: `${titleNumber(state, inRoom)}${state.networkName} · Edge-Net`,
    status: state.status,
    statusText: statusWords(state),
    goesOn: goesOn(state),
    withoutRoom: state.status === 'reconnecting' && state.isOnline ? withoutRoomLine(state) : '',
    ways: state.carriers.length > 1 ? state.carriers.map(wayWords) : [],
    kind: kindWords(state),
    description: state.membership.facts?.description ?? '',
    steps: stepsOf(state),
    rows,
    more: unshown > 0 ? `and ${unshown} more` : '',
    census: censusOf(state),
    alone: state.status === 'open' && rows.length === 0,
    idle: inRoom ? 'Nobody is in reach at the moment.' : 'Peers appear here once you are in the room.',
    sendable,
    sendNote: sendable
      ? 'Messages are encrypted from peer to peer.'
      : 'Messages can go out once somebody else is here.',
    failureWait:
      state.failure?.retryAfterMs === undefined
        ? ''
        : `The room asks to wait ${durationWords(state.failure.retryAfterMs)}.`,
  }
}

/** How a peer is called where there is room for one label only. */
export function labelOf(peer: { readonly id: string; readonly name: string }): string {
  return `${nameOr(peer.name, UNNAMED)} · ${shortId(peer.id)}`
}

const UNNAMED = 'Unnamed peer'

const STATUS_WORDS: Record<Status, string> = {
  joining: 'Joining the room…',
  outside: 'Not a member',
  open: 'You are in the room',
  reconnecting: 'Reconnecting to the room…',
  failed: 'Not in the room',
  left: 'You have left the room',
}

function goesOn({ status, isOnline, carriers }: PageState): boolean {
  return status === 'reconnecting' && isOnline && carriers.some(({ name, isUp }) => isUp && name !== 'room')
}

function withoutRoomLine(state: PageState): string {
  const tried = 'The room does not answer, and is being tried again.'
  // Nothing goes on.
  if (state.peers.size === 0 && !goesOn(state)) return tried
  const { goingOn, missing } = withoutRoomWords(state.carriers)
  return `${tried} Meanwhile ${goingOn}; ${missing}.`
}

function wayWords({ name, isUp }: CarrierState): Way {
  return { name, label: carrierWords(name).label, isUp, words: isUp ? 'in reach' : 'out of reach' }
}

function statusWords(state: PageState): string {
  const { status, isOnline } = state
  if (goesOn(state)) return 'Going on without the room'
  if (isOnline || status === 'left' || status === 'outside') return STATUS_WORDS[status]
  // What is open may not have noticed yet.
  if (status === 'failed') return 'Offline: not in the room'
  return 'Offline: waiting for this device’s network'
}

/** Who waits for a decision comes before who is there. */
function titleNumber(state: PageState, inRoom: boolean): string {
  const undecided = undecidedOf(state.membership, state.self?.siteId)
  if (undecided > 0) return `(${undecided} waiting) `
  return inRoom ? `(${state.total}) ` : ''
}

function kindWords({ networkKey, membership: { facts } }: PageState): string {
  if (facts) return `${POLICY_WORDS[facts.policy].label} network`
  return networkKey.startsWith('net-') ? 'Network' : `${POLICY_WORDS.public.label} network`
}

function rowOf(peer: ShownPeer): PeerRow {
  const { id, siteId, name, path, carrier, rttMs, quality, history, explanation } = peer
  const reach = reachOf(peer)
  const isStalled = reach === 'stalled'
  return {
    id,
    siteId,
    name: nameOr(name, UNNAMED),
    shortId: shortId(id),
    label: labelOf({ id, name }),
    reach,
    // Nothing passes there, before there is a direct path.
    reachLabel: reach === 'relay' && carrier === 'gun' ? 'Introduced' : REACH_WORDS[reach],
    detail: isStalled ? 'no path reaches it at the moment; messages wait' : pathWords(path, carrier),
    rtt: rttMs === undefined || isStalled ? '' : durationWords(rttMs),
    level: isStalled ? 'lost' : quality.level,
    levelLabel: isStalled ? QUALITY_WORDS.lost : rttMs === undefined ? 'Not measured' : QUALITY_WORDS[quality.level],
    history,
    diagnosis: explanation && explanationWords(explanation),
  }
}

function stepsOf({ milestones, status }: PageState): Step[] {
  const isOver = status === 'failed' || status === 'left' || status === 'outside'
  const ongoing = isOver ? -1 : MILESTONES.findIndex((m) => milestones[m] === undefined)
  return MILESTONES.map((milestone, i) => {
    const atMs = milestones[milestone]
    const progress = atMs !== undefined ? 'done' : i === ongoing ? 'now' : 'later'
    return { milestone, ...MILESTONE_WORDS[milestone], progress, time: atMs === undefined ? '' : durationWords(atMs) }
  })
}

/**
 * Who is there in numbers. The room counts; the list holds those who have proved themselves to us, and in a large network the
 * mesh decides who they are.
 */
function censusOf({ status, total, peers }: PageState): string {
  if (status !== 'open' && status !== 'reconnecting') return ''
  const shown = [...peers.values()]
  if (status === 'reconnecting') {
    const reached = shown.filter(({ state }) => state !== 'stalled')
    const members = `${reached.length} ${reached.length === 1 ? 'member' : 'members'}`
    return reached.length === 0 ? '' : `${members} in reach${neighboursAmong(reached)}`
  }
  const others = Math.max(0, total - 1)
  const members = total === 1 ? 'nobody else so far' : `${total} members`
  if (others <= peers.size) return members
  const neighbours = neighboursAmong(shown)
  return neighbours === ''
    ? `${members}, ${peers.size} of ${others} others met`
    : `${members}, linked to ${peers.size}${neighbours}`
}

function neighboursAmong(peers: readonly ShownPeer[]): string {
  const count = peers.filter(({ isNeighbour }) => isNeighbour).length
  if (count === 0) return ''
  if (count === peers.length) return count === 1 ? ', a neighbour' : ', all neighbours'
  return count === 1 ? ', one of them a neighbour' : `, ${count} of them neighbours`
}
