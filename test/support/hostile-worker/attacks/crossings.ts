/** Genuine envelopes at the wrong address: back at their sender, at a third peer, in another name, in another room. */
import type { Carried, MakeAttack } from '../attack.ts'
import { INTRO, RELAY, sealedAt, SIGNAL, WHO } from '../kinds.ts'
import { beside, pick } from './forgeries.ts'

export const CROSSINGS: Readonly<Record<string, MakeAttack>> = {
  reflect: beside((honest) => [{ ...honest, from: honest.to, to: honest.from }]),
  'reflect in the own name': beside((honest) => [{ ...honest, to: honest.from }]),
  'deliver to a third peer': beside((honest, { victims }) =>
    victims.filter(({ id }) => id !== honest.to && id !== honest.from).map(({ id: to }) => ({ ...honest, to })),
  ),
  'deliver in another name': beside((honest, { victims }) =>
    victims.filter(({ id }) => id !== honest.to && id !== honest.from).map(({ id: from }) => ({ ...honest, from })),
  ),
  'deliver as another kind': beside((honest) => {
    if (honest.kind === WHO) return []
    // The sealed bytes alone: only what the cipher is told of the kind keeps them shut.
    const body = honest.body.slice(sealedAt(honest))
    return [SIGNAL, RELAY].filter((kind) => kind !== honest.kind).map((kind) => ({ ...honest, kind, body }))
  }),
  'shuffle senders and receivers': beside((honest, { victims, random }) =>
    [1, 2, 3].flatMap(() => {
      const [from, to] = [pick(victims, random), pick(victims, random)]
      if (!from || !to || (from.id === honest.from && to.id === honest.to)) return []
      return [{ ...honest, from: from.id, to: to.id }]
    }),
  ),
  /** The other room's envelopes, each between the members who joined here at the same place. */
  'cross from another room': (network) => ({
    begin: async ({ loot, victims, deliver }) => {
      const { past } = await loot(network)
      const there = [...new Set(past.flatMap(({ from, to }) => [from, to]))]
      for (const old of past) {
        const [from, to] = [victims[there.indexOf(old.from)], victims[there.indexOf(old.to)]]
        if (from && to) deliver({ ...old, from: from.id, to: to.id })
        // And in the name that they bore there.
        if (to) deliver({ ...old, to: to.id })
      }
    },
  }),
  'ask who they are, a hundred times': () => ({
    begin: ({ victims, deliver }) => {
      for (const { id: to } of victims) {
        for (const { id: from } of victims) {
          const who: Carried = { kind: WHO, from, to, body: new Uint8Array(0) }
          for (let i = 0; i < 100; i++) deliver(who)
        }
      }
    },
  }),
  /** An introduction is made for one receiver; here it reaches all others. */
  'introduce to a third peer': () => ({
    begin: ({ past, victims, deliver }) => {
      for (const old of past.filter(({ kind }) => kind === INTRO)) {
        for (const { id: to } of victims) if (to !== old.to && to !== old.from) deliver({ ...old, to })
      }
    },
  }),
}
