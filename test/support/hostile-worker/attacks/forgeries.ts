/**
 * Envelopes that nobody sent: changed ones, cut ones, invented ones. Each arrives just before the honest one that it was
 * made of, so that a forgery which used up a counter or a place would show as a message that is missing.
 */
import { concat, type Bytes } from '../../../../protocol/bytes.ts'
import type { PeerId } from '../../../../protocol/peer-id.ts'
import type { Carried, Lair, MakeAttack } from '../attack.ts'
import {
  announcementOf,
  CIPHERTEXT_AT,
  COUNTER_AT,
  flipped,
  INTRO,
  RELAY,
  sealedAt,
  SIGNAL,
  TAG_BYTES,
  WHO,
  withSealed,
} from '../kinds.ts'

/** Forgeries first, the honest envelope after them. */
export function beside(forge: (honest: Carried, lair: Lair) => readonly Carried[]): MakeAttack {
  return () => ({ envelope: (honest, lair) => [...forge(honest, lair), honest] })
}

/** The past once more at the start, each envelope changed; so introductions are hit, which are over by then. */
export function again(change: (envelope: Carried, lair: Lair) => readonly Carried[]): MakeAttack {
  return () => ({
    begin: (lair) => {
      for (const envelope of lair.past.flatMap((old) => change(old, lair))) lair.deliver(envelope)
    },
  })
}

export function noise(bytes: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(bytes))
}

export function pick<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)]
}

/** A bit turned over somewhere between two places in the sealed bytes; negative places count from the end. */
function flippedSeal(from: number, to: number): MakeAttack {
  return beside((honest, { random }) => {
    if (honest.kind === WHO) return []
    return [
      withSealed(honest, (sealed) => {
        const place = (at: number) => (at < 0 ? sealed.length + at : at)
        return flipped(sealed, place(from), to === 0 ? sealed.length : place(to), random)
      }),
    ]
  })
}

/** Sealed bytes that look genuine: the next counters of a likely incarnation, and noise behind. */
function likely(length: number, random: () => number): Bytes {
  const header = new Uint8Array(CIPHERTEXT_AT)
  header[COUNTER_AT - 1] = 1 + Math.floor(random() * 4)
  header[CIPHERTEXT_AT - 1] = Math.floor(random() * 256)
  return concat(header, noise(length))
}

export const FORGERIES: Readonly<Record<string, MakeAttack>> = {
  'flip the kind': beside((honest) =>
    [0, SIGNAL, RELAY, INTRO, WHO, 5, 255].filter((kind) => kind !== honest.kind).map((kind) => ({ ...honest, kind })),
  ),
  'flip the incarnation': flippedSeal(0, COUNTER_AT),
  'flip the counter': flippedSeal(COUNTER_AT, CIPHERTEXT_AT),
  'flip the ciphertext': flippedSeal(CIPHERTEXT_AT, -TAG_BYTES),
  'flip the tag': flippedSeal(-TAG_BYTES, 0),
  'flip the length of an introduction': again((old, { random }) =>
    old.kind === INTRO ? [{ ...old, body: flipped(old.body, 0, 2, random) }] : [],
  ),
  'flip the announcement of an introduction': again((old, { random }) =>
    old.kind === INTRO ? [{ ...old, body: flipped(old.body, 2, sealedAt(old), random) }] : [],
  ),
  'flip the sealed bytes of an introduction': again((old, { random }) =>
    old.kind === INTRO ? [{ ...old, body: flipped(old.body, sealedAt(old), old.body.length, random) }] : [],
  ),
  truncate: beside((honest) => {
    const { length } = honest.body
    const lengths = [0, 1, COUNTER_AT, CIPHERTEXT_AT, CIPHERTEXT_AT + TAG_BYTES - 1, length - TAG_BYTES, length - 1]
    return lengths.filter((end) => end < length).map((end) => ({ ...honest, body: honest.body.slice(0, end) }))
  }),
  'truncate the header': () => ({
    begin: ({ past, victims, raw }) => {
      for (const { id } of victims) for (let length = 0; length < 18; length++) raw(id, noise(length))
      for (const { to, body } of past) raw(to, body.slice(0, 17))
    },
  }),
  extend: beside((honest) =>
    [Uint8Array.of(0), noise(1), noise(TAG_BYTES), honest.body, new Uint8Array(4_096), new Uint8Array(65_536)].map(
      (more) => ({ ...honest, body: concat(honest.body, more) }),
    ),
  ),
  splice: () => {
    const last = new Map<PeerId, Carried>()
    // The head of one envelope on the body of another between the same two.
    return {
      envelope: (honest) => {
        const other = last.get(honest.from)
        last.set(honest.from, honest)
        if (!other || honest.kind === WHO || other.kind === WHO) return [honest]
        const head = honest.body.slice(sealedAt(honest), sealedAt(honest) + CIPHERTEXT_AT)
        const tail = other.body.slice(sealedAt(other) + CIPHERTEXT_AT)
        return [withSealed(honest, () => concat(head, tail)), honest]
      },
    }
  },
  'a future incarnation': beside((honest) =>
    honest.kind === WHO
      ? []
      : [withSealed(honest, (sealed) => concat(Uint8Array.of(0x7f, 0xff, 0xff, 0xff), sealed.slice(COUNTER_AT)))],
  ),
  'a future counter': beside((honest) =>
    honest.kind === WHO
      ? []
      : [
          withSealed(honest, (sealed) =>
            concat(sealed.slice(0, COUNTER_AT), Uint8Array.of(0, 0x1f), noise(6), sealed.slice(CIPHERTEXT_AT)),
          ),
        ],
  ),
  'forge envelopes': beside(({ from, to }, { random }) =>
    [SIGNAL, RELAY].flatMap((kind) => [
      { kind, from, to, body: likely(16 + Math.floor(random() * 64), random) },
      { kind, from, to, body: noise(Math.floor(random() * 4_000)) },
    ]),
  ),
  'forge introductions': () => ({
    begin: ({ victims, past, deliver, random }) => {
      const announcements = past.flatMap((old) => announcementOf(old) ?? [])
      for (const { id: to } of victims) {
        for (const { id: from } of victims) {
          if (from === to) continue
          const announcement = pick(announcements, random) ?? noise(200)
          const length = Uint8Array.of(announcement.length >> 8, announcement.length & 0xff)
          for (const body of [noise(0), noise(1), noise(700), concat(length, announcement, likely(32, random))]) {
            deliver({ kind: INTRO, from, to, body })
          }
        }
      }
    },
  }),
  'forge envelopes of 500 strangers': () => ({
    begin: ({ victims, deliver, random }) => {
      for (const { id: to } of victims) {
        for (let i = 0; i < 500; i++) {
          const from = stranger()
          for (const kind of [SIGNAL, RELAY, INTRO, WHO]) {
            deliver({ kind, from, to, body: kind === WHO ? noise(0) : likely(200, random) })
          }
        }
      }
    },
  }),
}

/** A peer id that nobody has. */
function stranger(): PeerId {
  const text = btoa(String.fromCharCode(...noise(16)))
  return text.replaceAll('+', '-').replaceAll('/', '_').slice(0, 22) as PeerId
}
