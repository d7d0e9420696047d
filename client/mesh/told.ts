/** Whom others are told of. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Contact } from './contact.ts'
import { MAX_ALTERNATIVES, MAX_SHUFFLED_MEMBERS } from './limits.ts'
import type { ToldMember } from './messages.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import type { PassiveView } from './passive-view.ts'

/** What a member can tell from. */
export interface Known {
  readonly nowMs: number
  readonly random: () => number
  readonly neighbours: Neighbourhood
  readonly passive: PassiveView
}

/** In a shuffle: oneself, some neighbours, and some others. Neighbours and oneself are there for certain. */
export function toldInShuffle(to: Contact, own: Bytes, known: Known): readonly ToldMember[] {
  const half = MAX_SHUFFLED_MEMBERS / 2
  const neighbours = randomOf([...known.neighbours.all.values()], half - 1, known.random)
  const near = neighbours.filter(({ id }) => id !== to.id).map(({ announcement }) => announcement)
  return [...[own, ...near].map(fresh), ...others(half, known)]
}

/** To whom somebody who finds no place here can turn: those who have room first. */
export function alternatives(to: Contact, target: number, known: Known): readonly ToldMember[] {
  const roomy = [...known.neighbours.all.values()].filter(({ degree }) => degree < target)
  const near = randomOf(roomy, MAX_ALTERNATIVES / 2, known.random).filter(({ id }) => id !== to.id)
  const told = near.map(({ announcement }) => fresh(announcement))
  return [...told, ...others(MAX_ALTERNATIVES - told.length, known)]
}

function others(count: number, { nowMs, passive }: Known): ToldMember[] {
  return passive.sample(count, nowMs).map(({ announcement, seenAtMs }) => ({
    announcement,
    ageS: ageS(nowMs - seenAtMs),
  }))
}

const fresh = (announcement: Bytes): ToldMember => ({ announcement, ageS: 0 })

/** As it stands in a message: whole seconds, as many as fit. */
function ageS(ageMs: number): number {
  return Math.min(65_535, Math.max(0, Math.round(ageMs / 1_000)))
}

/** So many of them at random; all, if there are not more. */
function randomOf<T>(items: readonly T[], count: number, random: () => number): T[] {
  const left = [...items]
  const drawn: T[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1))
  return drawn
}
