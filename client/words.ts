/**
 * The facts of a connection in words that a person understands, each with its technical term. The page and the command
 * say the same things, so they share these.
 */
import type { CandidateType, JoinPhase, Path, PeerState } from './api.ts'

/** A step on the way into a network: the phases of joining, and what they lead to. */
export type Milestone = JoinPhase | 'first-peer' | 'first-direct'

export const MILESTONES: readonly Milestone[] = ['identity', 'connecting', 'welcome', 'first-peer', 'first-direct']

/** A heading of one or two words, and a sentence. */
export const MILESTONE_WORDS: Record<Milestone, { readonly label: string; readonly meaning: string }> = {
  identity: { label: 'Identity', meaning: 'keys are ready and the announcement is signed' },
  connecting: { label: 'Connect', meaning: 'knocking at the room' },
  welcome: { label: 'Welcome', meaning: 'the room gave us a place' },
  'first-peer': { label: 'Peer', meaning: 'another peer proved that it is there' },
  'first-direct': { label: 'Direct', meaning: 'messages flow without the room' },
}

/** How a peer is reached: `turn` is WebRTC that a TURN server forwards. */
export type Route = 'relay' | 'direct' | 'turn'

export function routeOf(path: Path): Route {
  if (path.kind === 'relay') return 'relay'
  return path.local === 'relay' || path.remote === 'relay' ? 'turn' : 'direct'
}

export const ROUTE_WORDS: Record<Route, string> = { relay: 'Relay', direct: 'Direct', turn: 'Via TURN' }

/** How a peer is reached now, if at all. */
export type Reach = Route | 'stalled'

export function reachOf({ state, path }: { readonly state: PeerState; readonly path: Path }): Reach {
  return state === 'stalled' ? 'stalled' : routeOf(path)
}

export const REACH_WORDS: Record<Reach, string> = { ...ROUTE_WORDS, stalled: 'Reconnecting' }

const CANDIDATE_WORDS: Record<CandidateType | 'unknown', string> = {
  host: 'local address (host)',
  srflx: 'public address (srflx)',
  prflx: 'address found on the way (prflx)',
  relay: 'TURN server (relay)',
  unknown: 'address not known yet',
}

/** Which carriers there are, and whether each works. */
export interface CarrierState {
  readonly name: string
  readonly isUp: boolean
}

interface CarrierWords {
  /** As a heading. */
  readonly label: string
  /** Within a sentence. */
  readonly phrase: string
  /** What becomes of messages for which it is the only way. */
  readonly messages: string
}

const KNOWN_CARRIERS: Readonly<Record<string, CarrierWords>> = {
  room: { label: 'Room', phrase: 'the room', messages: 'messages pass through the room' },
  neighbours: { label: 'Neighbours', phrase: 'neighbours', messages: 'messages pass through neighbours' },
  // Relays of Gun are public, and slow: they introduce, and take no messages.
  gun: { label: 'Gun relays', phrase: 'Gun relays', messages: 'messages wait, since Gun relays only introduce' },
}

/** What a carrier is called. One that an application brought goes by its own name. */
export function carrierWords(name: string): CarrierWords {
  const known = Object.hasOwn(KNOWN_CARRIERS, name) ? KNOWN_CARRIERS[name] : undefined
  return known ?? { label: name, phrase: name, messages: `messages pass through ${name}` }
}

/** How members go on while the room is out of reach, and what is missing meanwhile. */
export interface WithoutRoomWords {
  readonly goingOn: string
  readonly missing: string
}

/** @param carriers all there are, the room among them */
export function withoutRoomWords(carriers: readonly CarrierState[]): WithoutRoomWords {
  const others = carriers.filter(({ name, isUp }) => isUp && name !== 'room').map(({ name }) => name)
  if (others.length === 0) {
    return { goingOn: 'direct paths stay up', missing: 'other messages wait, and nobody new is met' }
  }
  const ways = others.map((name) => carrierWords(name).phrase).join(' and ')
  return { goingOn: `members go on over ${ways}`, missing: missingWords(others) }
}

function missingWords(others: readonly string[]): string {
  const newcomers = others.includes('gun')
    ? 'newcomers come in only where they use the same Gun relays'
    : 'newcomers come in only where a member reaches them'
  return others.every((name) => name === 'gun') ? `messages without a direct path wait, and ${newcomers}` : newcomers
}

/**
 * One line on how the messages travel: our end first, then the peer's.
 *
 * @param carrier which one leads to the peer, if any does
 */
export function pathWords(path: Path, carrier: string | undefined): string {
  if (path.kind === 'relay') return relayWords(carrier)
  const { local, remote, protocol } = path
  if (local === 'unknown' && remote === 'unknown') return 'addresses not known yet'
  const ends =
    local === remote
      ? `${CANDIDATE_WORDS[local]} at both ends`
      : `${CANDIDATE_WORDS[local]} to ${CANDIDATE_WORDS[remote]}`
  // Not every engine says.
  return protocol && protocol !== 'unknown' ? `${ends}, ${protocol.toUpperCase()}` : ends
}

function relayWords(carrier: string | undefined): string {
  if (carrier === undefined) return 'nothing leads to it at the moment; messages wait'
  if (carrier === 'gun') return 'only introduced over Gun relays; messages wait for a direct path'
  return `through ${carrierWords(carrier).phrase}, sealed end to end`
}

/** Milliseconds for people: more digits where they matter. */
export function durationWords(ms: number): string {
  if (ms >= 9_950) return `${Math.round(ms / 1_000)} s`
  if (ms >= 999.5) return `${(ms / 1_000).toFixed(1)} s`
  if (ms >= 9.95) return `${Math.round(ms)} ms`
  return `${ms.toFixed(1)} ms`
}

/** The same for what may be long ago, or far apart. */
export function ageWords(ms: number): string {
  if (ms >= 7_200_000) return `${Math.round(ms / 3_600_000)} h`
  if (ms >= 120_000) return `${Math.round(ms / 60_000)} min`
  return durationWords(ms)
}

/** Bytes for people. */
export function sizeWords(byteLength: number): string {
  if (byteLength === 1) return '1 byte'
  if (byteLength < 1_024) return `${byteLength} bytes`
  if (byteLength < 1_048_576) return `${(byteLength / 1_024).toFixed(1)} KiB`
  return `${(byteLength / 1_048_576).toFixed(1)} MiB`
}

/** The first characters of an id: enough to tell the peers of one room apart, never to identify one. */
export function shortId(id: string): string {
  return id.slice(0, 6)
}

/** A name that a stranger chose for itself is shown together with its id: names can be copied, keys cannot. */
export function nameOr(name: string, fallback: string): string {
  return name.trim() === '' ? fallback : name
}
