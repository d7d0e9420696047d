/** What was said once, said again: within a link, after it, in another session, and from the room's own memory. */
import { toBase64Url } from '../../../../protocol/bytes.ts'
import type { Carried, Lair, MakeAttack } from '../attack.ts'
import { again, pick } from './forgeries.ts'

export const REPLAYS: Readonly<Record<string, MakeAttack>> = {
  'duplicate all': () => ({ envelope: (honest) => [honest, honest, honest] }),
  'replay a few': () => ({
    envelope: (honest, { past, random }) => {
      const same = past.filter(({ from, to }) => from === honest.from && to === honest.to)
      return [honest, ...[1, 2, 3].flatMap(() => pick(same, random) ?? [])]
    },
  }),
  'replay everything': again((old) => [old]),
  'replay everything backwards': () => ({
    begin: ({ past, deliver }) => {
      for (const old of past.toReversed()) deliver(old)
    },
  }),
  /** Of members who have gone: their words in their own name, and in the name of everybody who is here. */
  'replay the departed': () => ({
    begin: ({ past, victims, deliver }) => {
      const here = new Set(victims.map(({ id }) => id))
      for (const old of past.filter(({ from }) => !here.has(from))) {
        if (!here.has(old.to)) continue
        deliver(old)
        for (const from of here) if (from !== old.to) deliver({ ...old, from })
      }
    },
  }),
  /** What was said to members who have gone, to everybody who is here. */
  'replay to newcomers': () => ({
    begin: ({ past, victims, deliver }) => {
      const here = new Set(victims.map(({ id }) => id))
      for (const old of past) {
        if (here.has(old.to) && here.has(old.from)) continue
        for (const to of here) if (to !== old.from) deliver({ ...old, to })
      }
    },
  }),
  /** Every announcement that was ever seen, as if its peer had just come, and envelopes of it behind. */
  'replay old announcements': () => ({
    begin: (lair) => {
      for (const announcement of lair.announcements) {
        for (const { id } of lair.victims) {
          const peer = { announcement: toBase64Url(announcement) }
          lair.say(id, { type: 'peer-joined', peer, total: lair.victims.length, resumed: true })
        }
      }
      redeliver(lair)
    },
  }),
  /** The room's own words: every welcome, coming and going that it ever told, in order and then backwards. */
  'repeat every control message': () => ({
    begin: ({ said, raw }) => {
      for (const { to, text } of [...said, ...said.toReversed()]) raw(to, text)
    },
  }),
}

function redeliver({ past, deliver }: Lair): void {
  const recent: readonly Carried[] = past.slice(-200)
  for (const old of recent) deliver(old)
}
