/**
 * Announcements that are not what their peers signed, wherever a room can put one: in its lists, in the news of a join, and
 * in introductions that pass through. The genuine ones do not arrive.
 */
import { decodeAnnouncement } from '../../../../protocol/announcement.ts'
import { compareBytes, concat, toBase64Url, utf8, type Bytes } from '../../../../protocol/bytes.ts'
import { encodeFrame, epochByte, FLAG_FIRST, FLAG_LAST, FLAG_TEXT } from '../../../../protocol/frame.ts'
import { SIGNATURE_BYTES } from '../../../../protocol/limits.ts'
import { ScriptedPeer } from '../../scripted-peer.ts'
import { listsAnybody, REGIONS, SESSION_AT, SESSION_END, withListed } from '../announcement-layout.ts'
import type { Lair, MakeAttack } from '../attack.ts'
import { announcementOf, flipped, INTRO, RELAY, withAnnouncement } from '../kinds.ts'
import { noise, pick } from './forgeries.ts'

/** Replaces every announcement that passes; `undefined` takes it away. */
function instead(replace: (genuine: Bytes, lair: Lair) => Bytes | undefined): MakeAttack {
  return () => ({
    control: (message, _, lair) =>
      listsAnybody(message) ? [withListed(message, (genuine) => replace(genuine, lair))] : [message],
    envelope: (envelope, lair) => {
      const genuine = announcementOf(envelope)
      if (!genuine) return [envelope]
      const replaced = replace(genuine, lair)
      return replaced ? [withAnnouncement(envelope, replaced)] : []
    },
  })
}

/** Somebody else's announcement, if there is one. */
function another(genuine: Bytes, { announcements, random }: Lair): Bytes | undefined {
  return pick(
    announcements.filter((other) => compareBytes(other, genuine) !== 0),
    random,
  )
}

const FLIPS = Object.entries(REGIONS).map(([name, region]): [string, MakeAttack] => [
  `flip the ${name} of announcements`,
  instead((genuine, { random }) => flipped(genuine, ...region(genuine), random)),
])

export const ANNOUNCEMENTS: Readonly<Record<string, MakeAttack>> = {
  ...Object.fromEntries(FLIPS),
  'swap announcements': instead(another),
  'swap session keys': instead((genuine, lair) => {
    const other = another(genuine, lair) ?? genuine
    return concat(genuine.slice(0, SESSION_AT), other.slice(SESSION_AT, SESSION_END), genuine.slice(SESSION_END))
  }),
  /** A member's proof of membership on another member's announcement. */
  'swap chains': instead((genuine, lair) => {
    const other = another(genuine, lair) ?? genuine
    const [[at, end], [from, to]] = [chainOf(genuine), chainOf(other)]
    return concat(genuine.slice(0, at), other.slice(from, to), genuine.slice(end))
  }),
  'truncate announcements': instead((genuine, { random }) => genuine.slice(0, Math.floor(random() * genuine.length))),
  'extend announcements': instead((genuine) => concat(genuine, noise(9))),
  'forge announcements': instead((genuine) => noise(genuine.length)),
  'hide everybody': instead(() => undefined),
  /** Eve signs, with her own identity, that somebody else's session is hers; then his words arrive in her name. */
  'claim the session keys of others': () => {
    const eves = new Map<string, ScriptedPeer>()
    return {
      begin: async ({ victims, network, say }) => {
        for (const { id, announcement } of victims) {
          const eve = await ScriptedPeer.create(network, { session: announcement.slice(SESSION_AT, SESSION_END) })
          eves.set(id, eve)
          for (const { id: to } of victims) if (to !== id) say(to, joined(eve.announcement, victims.length + 1))
        }
      },
      envelope: (honest) => {
        const eve = eves.get(honest.from)
        if (!eve) return [honest]
        const claimed = { ...honest, from: eve.peerId }
        return [claimed, ...(honest.kind === INTRO ? [withAnnouncement(claimed, eve.announcement)] : []), honest]
      },
    }
  },
  /** Eve joins by the room's word alone, with keys of her own and the name of somebody who is here, and speaks. */
  impersonate: () => ({
    begin: async (lair) => {
      for (const { id, announcement } of lair.victims) {
        const name = new TextDecoder().decode(announcement.slice(...nameOf(announcement)))
        for (const to of lair.victims) {
          if (to.id !== id) await speakAs(name, to, lair)
        }
      }
    },
  }),
  /** The same, with the chain that a member shows. */
  'impersonate with chains of members': () => ({
    begin: async (lair) => {
      for (const { id, announcement } of lair.victims) {
        const chain = decodeAnnouncement(announcement)?.profile.chain
        for (const to of lair.victims) {
          if (to.id !== id) await speakAs('Eve', to, lair, chain)
        }
      }
    },
  }),
  /** From another room of this Worker, signed and valid there. */
  'announce the members of another room': (network) => ({
    begin: async ({ loot, victims, say, deliver }) => {
      const { past, announcements } = await loot(network)
      for (const { id: to } of victims) {
        for (const announcement of announcements) say(to, joined(announcement, 9))
        for (const old of past) if (old.kind === INTRO) deliver({ ...old, to })
      }
    },
  }),
}

export function joined(announcement: Bytes, total: number) {
  return { type: 'peer-joined', peer: { announcement: toBase64Url(announcement) }, total, resumed: false }
}

/** The chain with its length, which stands before the signature. */
function chainOf(announcement: Bytes): [number, number] {
  const length = decodeAnnouncement(announcement)?.profile.chain.length ?? 0
  const end = announcement.length - SIGNATURE_BYTES
  return [end - length - 2, end]
}

function nameOf(announcement: Bytes): [number, number] {
  const [at, end] = REGIONS['name']?.(announcement) ?? [0, 0]
  return [at + 1, end]
}

/** A complete, honest-looking first contact, as only a real member of the network could make it: under another siteId. */
async function speakAs(
  name: string,
  to: Lair['victims'][number],
  { network, say, deliver, victims }: Lair,
  chain: Bytes = new Uint8Array(0),
) {
  const eve = await ScriptedPeer.create(network)
  eve.announcement = await eve.announce({ name, chain })
  const core = decodeAnnouncement(to.announcement)?.core
  if (!core) return
  const link = await eve.linkTo({ peerId: to.id, core })
  const flags = FLAG_FIRST | FLAG_LAST | FLAG_TEXT
  const epoch = epochByte(link.incarnation) << 8
  const usual = { stream: 0, seq: 0, ack: 0, creditKiB: 1_024, epoch }
  const words = encodeFrame({ ...usual, type: 'data', flags, payload: utf8(`it is me, ${name}`) })
  say(to.id, joined(eve.announcement, victims.length + 1))
  deliver({ kind: INTRO, from: eve.peerId, to: to.id, body: await link.intro() })
  deliver({ kind: RELAY, from: eve.peerId, to: to.id, body: await link.seal('relay', words) })
}
