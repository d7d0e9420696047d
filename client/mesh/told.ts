/** Small choices about whom to tell of. */
import type { Contact } from './contact.ts'

/** So many of them at random; all, if there are not more. */
export function randomOf<T>(items: readonly T[], count: number, random: () => number): T[] {
  const left = [...items]
  const drawn: T[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1))
  return drawn
}

export function withDegree(contacts: readonly Contact[], is: (degree: number) => boolean): Contact[] {
  return contacts.filter(({ degree }) => is(degree))
}

/** As it stands in a message: whole seconds, as many as fit. */
export function ageS(ageMs: number): number {
  return Math.min(65_535, Math.max(0, Math.round(ageMs / 1_000)))
}
