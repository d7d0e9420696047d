/** `Peer.explain()` in words that a person understands, each with its technical term. Page and command say the same. */
import type { Advice, AttemptReport, Explanation, LinkPhase, QualityLevel } from './api.ts'
import { ageWords, carrierWords, durationWords, pathWords, sizeWords } from './words.ts'

const PHASE_WORDS: Record<LinkPhase, { readonly label: string; readonly meaning: (messages: string) => string }> = {
  introducing: { label: 'Introducing', meaning: () => 'it has not answered yet' },
  relay: { label: 'Relay', meaning: (messages) => `${messages}, and no direct path is being tried` },
  connecting: { label: 'Connecting', meaning: (messages) => `${messages} while a direct path is being tried` },
  direct: { label: 'Direct', meaning: () => 'messages pass over a healthy direct path' },
  doubtful: { label: 'Doubtful', meaning: (messages) => `the direct path is silent; ${messages} until it answers` },
  stalled: { label: 'Reconnecting', meaning: () => 'no path reaches it at the moment; messages wait' },
  closed: { label: 'Closed', meaning: () => 'the link is over' },
}

/** What a link is doing, and what that means for messages. */
export function phaseWords({ phase, carrier }: Pick<Explanation, 'phase' | 'carrier'>): string {
  const { label, meaning } = PHASE_WORDS[phase]
  const messages = carrier === undefined ? 'messages wait, since nothing leads to it' : carrierWords(carrier).messages
  return `${label}: ${meaning(messages)}`
}

export const QUALITY_WORDS: Record<QualityLevel, string> = {
  excellent: 'Excellent',
  good: 'Good',
  poor: 'Poor',
  lost: 'No connection',
}

export const ADVICE_WORDS: Record<Advice, string> = {
  'rtc-missing-here': 'WebRTC is missing here, or switched off, so there can be no direct path. Others carry all.',
  'rtc-missing-there': 'The peer has no WebRTC, or has switched it off. Others carry all.',
  'ice-servers-missing':
    'The host offers neither STUN nor TURN servers, so only peers of one local network find a direct path.',
  'stun-unanswered': 'No STUN server answered: UDP is probably blocked here, by a firewall or a VPN.',
  'turn-needed':
    'Both sides know their public addresses and still do not meet: behind such NATs only a TURN server helps.',
  'turn-unanswered':
    'A TURN server is offered, but gave us no address: it is down, refuses us, or is blocked on the way.',
  'room-unreachable':
    'The room is out of reach, and so is all else that could arrange a new direct path. It is being tried again.',
}

/** A fact with its name. */
export interface Fact {
  readonly term: string
  readonly value: string
}

export interface ExplanationWords {
  readonly phase: string
  readonly facts: readonly Fact[]
  /** The latest first. */
  readonly attempts: readonly string[]
  readonly advice: readonly string[]
}

export function explanationWords(explanation: Explanation): ExplanationWords {
  const { phase, path, carrier, quality, isNeighbour, heardMsAgo, unacknowledgedBytes, attempts, nextAttemptInMs } =
    explanation
  const { level, score, rttMs, jitterMs, loss, bytesPerSecond } = quality
  const hasPath = phase !== 'stalled' && phase !== 'closed'
  const measured =
    rttMs === undefined ? 'not measured yet' : `${durationWords(rttMs)}, jitter ${durationWords(jitterMs)}`
  const next = nextAttemptInMs === undefined ? 'none planned' : `in ${ageWords(Math.max(0, nextAttemptInMs))}`
  return {
    phase: phaseWords(explanation),
    facts: [
      { term: 'Path', value: hasPath ? pathWords(path, carrier) : 'none' },
      {
        term: 'Quality',
        value: hasPath ? `${QUALITY_WORDS[level].toLowerCase()}, score ${score}` : 'no connection',
      },
      { term: 'Round trip', value: hasPath ? measured : 'no path' },
      { term: 'Lost pings', value: `${Math.round(loss * 100)} % of the last 50` },
      { term: 'Acknowledged', value: `${sizeWords(bytesPerSecond)} a second` },
      { term: 'Unacknowledged', value: sizeWords(unacknowledgedBytes) },
      { term: 'Last heard', value: heardMsAgo === undefined ? 'never' : `${ageWords(heardMsAgo)} ago` },
      { term: 'Carrier', value: carrier === undefined ? 'none leads to it' : carrierWords(carrier).phrase },
      { term: 'Neighbour', value: isNeighbour ? 'yes: it passes on what is said to all' : 'no' },
      { term: 'Next attempt', value: next },
    ],
    attempts: attempts.toReversed().map(attemptWords),
    advice: explanation.advice.map((advice) => ADVICE_WORDS[advice]),
  }
}

const ATTEMPT_WORDS: Record<AttemptReport['state'], string> = {
  connecting: 'still trying',
  open: 'open',
  failed: 'failed: no pair of addresses works',
  timeout: 'not open in time',
  closed: 'closed',
  silent: 'fell silent and was given up',
  superseded: 'replaced by a newer one',
}

const KIND_WORDS = { host: 'local', srflx: 'public', prflx: 'found on the way', relay: 'TURN' } as const

function attemptWords({ number, role, state, ageMs, openedAfterMs, local, remote }: AttemptReport): string {
  const who = role === 'offerer' ? 'ours' : 'theirs'
  const opened = openedAfterMs === undefined ? '' : `open after ${durationWords(openedAfterMs)}, `
  // An attempt that is open has said so already.
  const outcome = state === 'open' && opened ? opened.slice(0, -2) : `${opened}${ATTEMPT_WORDS[state]}`
  return `No. ${number} (${who}), ${ageWords(ageMs)} ago: ${outcome}. Our addresses: ${kinds(local)}; theirs: ${kinds(remote)}.`
}

function kinds(all: AttemptReport['local']): string {
  return all.map((kind) => KIND_WORDS[kind]).join(', ') || 'none'
}
