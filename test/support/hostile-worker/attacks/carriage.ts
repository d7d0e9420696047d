/** What a bad network does, done on purpose: disorder, delay, loss. It costs time and nothing else. */
import type { Attack, Carried, Lair, MakeAttack } from '../attack.ts'
import { RELAY, SIGNAL } from '../kinds.ts'

const HOLD_MS = 30
/** Less than the window of counters that a receiver keeps, so that nothing is too late to be taken. */
const MAX_HELD = 64

/** Holds envelopes for a moment and lets them go in another order. */
function reordered(order: (held: readonly Carried[], random: () => number) => readonly Carried[]): MakeAttack {
  return (): Attack => {
    const held: Carried[] = []
    const release = ({ deliver, random }: Lair) => {
      for (const envelope of order(held.splice(0), random)) deliver(envelope)
    }
    return {
      envelope: (honest, lair) => {
        held.push(honest)
        if (held.length === 1) lair.later(HOLD_MS, () => release(lair))
        if (held.length >= MAX_HELD) release(lair)
        return []
      },
      end: release,
    }
  }
}

export const CARRIAGE: Readonly<Record<string, MakeAttack>> = {
  /** The control. */
  nothing: () => ({}),
  shuffle: reordered((held, random) =>
    held
      .map((envelope) => ({ envelope, key: random() }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ envelope }) => envelope),
  ),
  reverse: reordered((held) => held.toReversed()),
  'delay each for itself': () => {
    const held = new Set<Carried>()
    return {
      envelope: (honest, { deliver, later, random }) => {
        held.add(honest)
        later(random() * 150, () => {
          held.delete(honest)
          deliver(honest)
        })
        return []
      },
      end: ({ deliver }) => {
        for (const envelope of held) deliver(envelope)
      },
    }
  },
  'drop a third': () => ({ envelope: (honest, { random }) => (random() < 1 / 3 ? [] : [honest]) }),
  'drop everything': () => ({ envelope: () => [] }),
  'drop all data': () => ({ envelope: (honest) => (honest.kind === RELAY ? [] : [honest]) }),
  'drop all signals': () => ({ envelope: (honest) => (honest.kind === SIGNAL ? [] : [honest]) }),
  'drop one direction': () => ({ envelope: (honest) => (honest.from < honest.to ? [] : [honest]) }),
}
