/**
 * Who pays for what. A fault is blamed on the neighbour whose message it was, never on whom the message names: names can be
 * claimed. Faults are forgiven with time; too many at once end the neighbourhood, and its name is remembered.
 */
import type { PeerId } from '../../protocol/peer-id.ts'
import { AgingMap } from './aging-map.ts'

/** What no honest peer does, or seldom. */
export type Fault =
  /** Relayed something that is invalid: whoever relays has checked it. */
  | 'garbage'
  /** No message of the protocol. */
  | 'malformed'
  /** More of something than an honest peer says. */
  | 'flood'
  /** Told of a message, was asked for it, and did not send it. */
  | 'broken-promise'
  /** Did not answer a shuffle, or did not have what everybody has. */
  | 'silent'

/**
 * What an honest peer cannot do weighs most, and what loss or haste can make of an honest one least. Somebody who keeps nothing
 * is audited once a minute, and is dropped after the third time.
 */
const WEIGHTS: Readonly<Record<Fault, number>> = {
  malformed: 30,
  garbage: 12,
  silent: 16,
  flood: 4,
  'broken-promise': 2,
}
/** From here on its gossip is not pushed and not asked for, and neither is ours to it. */
const DEMOTED_AT = 10
/** From here on it is no neighbour. Three pieces of garbage. */
const DROPPED_AT = 30
const HALF_LIFE_MS = 120_000
/** Former neighbours are remembered, too: or each would come again. */
const MAX_RECORDS = 1_024
const RECORD_MS = 1_200_000

export type Standing = 'good' | 'demoted' | 'dropped'

export class Reputation {
  readonly #faults = new AgingMap<PeerId, { weight: number; atMs: number }>(MAX_RECORDS, RECORD_MS)

  blame(peer: PeerId, fault: Fault, nowMs: number): Standing {
    const weight = this.#weightOf(peer, nowMs) + WEIGHTS[fault]
    this.#faults.set(peer, { weight, atMs: nowMs }, nowMs)
    return this.standingOf(peer, nowMs)
  }

  standingOf(peer: PeerId, nowMs: number): Standing {
    const weight = this.#weightOf(peer, nowMs)
    return weight >= DROPPED_AT ? 'dropped' : weight >= DEMOTED_AT ? 'demoted' : 'good'
  }

  #weightOf(peer: PeerId, nowMs: number): number {
    const { weight, atMs } = this.#faults.get(peer, nowMs) ?? { weight: 0, atMs: nowMs }
    return weight * 2 ** ((atMs - nowMs) / HALF_LIFE_MS)
  }
}
