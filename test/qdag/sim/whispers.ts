/**
 * Gossip, as bad as it may be: what a member says goes along the links to its neighbours, and from whoever takes it in to theirs;
 * on every link it may get lost, come twice, late, or in another order. Whoever is told twice hears it once.
 */
import { decodeMessage } from '../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Agenda } from '../../sim/agenda.ts'
import type { Random } from '../../sim/random.ts'
import type { LinkEnd } from './connection.ts'
import type { Device } from './device.ts'
import type { Session } from './session.ts'

const TWICE_CHANCE = 0.1
/** On one link. */
const DELAY_MS = [1, 400] as const

export interface Whisper {
  readonly payload: Bytes
}

export interface WhispersHost {
  readonly agenda: Agenda
  deviceOf(peer: string): Device | undefined
}

export class Whispers {
  /** Of what goes over a link. */
  lossChance = 0
  /** Messages that members were told for the first time, and all that they were told. */
  heard = 0
  told = 0
  /** Messages with entries that members have sent to each other over the ledger's channel. */
  pushes = 0
  readonly #host: WhispersHost
  readonly #random: Random
  readonly #known = new WeakMap<Session, Set<Whisper>>()

  constructor(host: WhispersHost, random: Random) {
    this.#host = host
    this.#random = random
  }

  /** A member says something to everybody. */
  say(session: Session, payload: Bytes): void {
    this.spread(session, { payload })
  }

  /** A member passes something on. */
  spread(session: Session, whisper: Whisper): void {
    if (session.isOver) return
    this.#knownTo(session).add(whisper)
    for (const end of session.links.values()) this.tell(session, end, whisper)
  }

  tell(session: Session, end: LinkEnd, whisper: Whisper): void {
    if (end.isOver || end.isCut || this.#random.chance(this.lossChance)) return
    const other = this.#host.deviceOf(end.peer)?.session
    if (!other?.device.traits.hasMesh) return
    // As the other side knows this one: links between the same two are told apart by what follows the name.
    const from = session.name + end.peer.slice(other.name.length)
    for (let times = this.#random.chance(TWICE_CHANCE) ? 2 : 1; times > 0; times--) {
      this.#host.agenda.after(this.#random.magnitude(...DELAY_MS), () => this.#arrive(other, whisper, from))
    }
  }

  /** Counts what tells somebody of entries who hears of them anyhow. */
  pushed(message: Bytes): void {
    if (decodeMessage(message)?.kind === 'qdag_entries') this.pushes++
  }

  #arrive(session: Session, whisper: Whisper, from: string): void {
    if (session.isOver || !session.isReady) return
    this.told++
    const known = this.#knownTo(session)
    if (known.has(whisper)) return
    known.add(whisper)
    this.heard++
    session.hearWhisper(whisper, from)
  }

  #knownTo(session: Session): Set<Whisper> {
    const known = this.#known.get(session) ?? new Set()
    this.#known.set(session, known)
    return known
  }
}
