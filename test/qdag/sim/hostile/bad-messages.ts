/** Vices of those who say wrong things: about what they have, what they want, or nothing that makes sense at all. */
import { encodeMessage, type SyncMessage } from '../../../../client/qdag/sync/messages.ts'
import { concat, type Bytes } from '../../../../protocol/bytes.ts'
import type { Random } from '../../../sim/random.ts'
import { randomBytes } from '../pen.ts'
import type { Vice } from './vice.ts'

/** Says nothing, whatever it hears. */
export function silent(): Vice {
  return { name: 'silent', twist: () => [] }
}

/** Has more and more that it tells nobody: whoever compares with it finds that both lack something. */
const hoarding: Pick<Vice, 'everyMs' | 'makesEntries' | 'act'> = {
  everyMs: 5_000,
  makesEntries: true,
  act: (rogue) => rogue.session?.take([rogue.entry()]),
}

/** Lies about what it has, has not, and wants; in the form that is asked for. */
export function lying(): Vice {
  return {
    name: 'lying',
    twist: (rogue, _end, message) => {
      const { random } = rogue.world
      const lie = lieOf(
        message,
        random,
        rogue.session?.ledger.tips().map((tip) => rogue.session?.ledger.idOf(tip)) ?? [],
      )
      return [lie]
    },
  }
}

function lieOf(message: SyncMessage, random: Random, tips: readonly (Bytes | undefined)[]): Bytes {
  const noise = (bytes: Bytes): Bytes => random.pick([randomBytes(random, bytes.length), bytes.map((byte) => ~byte)])
  switch (message.kind) {
    case 'qdag_sync_request': {
      const wallMs = random.pick([0, message.wallMs + 1e6, 2 ** 47])
      return encodeMessage(message.kind, {
        ...message,
        wallMs,
        tipDigest: noise(message.tipDigest),
        count: random.below(1e6),
      })
    }
    case 'qdag_frontier': {
      const known = tips.flatMap((tip) => tip?.slice(0, 16) ?? [])
      const invented = Array.from({ length: 1 + random.below(40) }, () => randomBytes(random, 16))
      return encodeMessage(message.kind, {
        ...message,
        tips: random.pick([[], invented, [...known.slice(0, 20), ...invented], message.locators.slice(0, 1)]),
        locators: random.pick([[], message.locators, invented.slice(0, 20)]),
        hasMore: random.chance(0.3),
        isHolding: random.chance(0.2),
        held: random.pick([[], known, message.tips]),
      })
    }
    case 'qdag_known':
    case 'qdag_range_difference':
    case 'qdag_want':
      return encodeMessage(message.kind, {
        bits: random.chance(0.3) ? message.bits.map(() => 255) : noise(message.bits),
      })
    case 'qdag_short_ids': {
      // Some twice, some of nobody's, some missing.
      const ids = message.ids.slice(0, 8 * random.below(message.ids.length / 8 + 1))
      return encodeMessage(message.kind, {
        isLast: message.isLast,
        ids: random.pick([ids, concat(ids, ids), noise(message.ids)]),
      })
    }
    case 'qdag_ranges':
      return encodeMessage(message.kind, { sums: noise(message.sums) })
    case 'qdag_digest':
      return encodeMessage(message.kind, { tipDigest: noise(message.tipDigest), count: random.below(1e6) })
    case 'qdag_taken':
      return encodeMessage(message.kind, { byteLength: random.pick([0, 2 ** 31]) })
    case 'qdag_sync_response':
      return encodeMessage(message.kind, { ...message, isLast: !message.isLast, hasMore: !message.hasMore })
    case 'qdag_busy':
      return encodeMessage(message.kind, { retryAfterMs: random.pick([0, 2 ** 32 - 1]) })
    case 'qdag_fetch':
      return encodeMessage(message.kind, { ids: [...message.ids, ...message.ids.map(noise)].slice(-64) })
    case 'qdag_entries':
      break
  }
  return encodeMessage(message.kind, message)
}

/** Sends again, to whomever, what it has sent or heard some time before. */
export function replaying(): Vice {
  const heard: Bytes[] = []
  const keep = (bytes: Bytes): void => {
    heard.push(bytes)
    if (heard.length > 100) heard.shift()
  }
  return {
    name: 'replaying',
    everyMs: 2_000,
    act: (rogue) => {
      const { random } = rogue.world
      if (heard.length > 0) for (const end of rogue.ends) end.send(random.pick(heard))
    },
    hear: (_rogue, _end, _message, bytes) => {
      keep(bytes)
      return false
    },
    twist: (_rogue, _end, _message, bytes) => {
      keep(bytes)
      return undefined
    },
  }
}

/** No messages, or ones that promise more than they hold. */
export function babbling(): Vice {
  return {
    name: 'babbling',
    everyMs: 5_000,
    act: (rogue) => {
      const { random } = rogue.world
      for (const end of rogue.ends) end.send(random.pick(nonsense(random)))
    },
    twist: (rogue, _end, _message, bytes) => {
      const { random } = rogue.world
      const at = random.below(bytes.length)
      return [
        random.pick([
          bytes.slice(0, at),
          bytes.with(at, random.below(256)),
          concat(bytes, randomBytes(random, 1 + random.below(20))),
        ]),
      ]
    },
  }
}

function nonsense(random: Random): Bytes[] {
  const kind = (code: number, ...rest: readonly number[]): Bytes => new Uint8Array([code, ...rest])
  return [
    new Uint8Array(0),
    randomBytes(random, 1 + random.below(300)),
    // A batch of 1,024 entries by 1,024 writers who know 16,383 ids, in ten bytes.
    kind(9, 1, 0x80, 0x08, 0x80, 0x08, 0xff, 0x7f, 1, 2, 3),
    kind(8, 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
    // As large as it gets, and larger.
    concat(kind(9, 1, 0x80, 0x08, 1), randomBytes(random, 4_096), new Uint8Array(520_000)),
    concat(kind(9), new Uint8Array(900_000)),
    // Lists and sums that promise more than there is.
    kind(2, 0, 0, 64, 1, 2, 3),
    kind(10, 64),
    kind(5, 15),
    kind(5, 255),
  ]
}

/** Claims to have whatever the other has, under the other's short ids, and lacks nothing. */
export function mirroring(): Vice {
  const shortIds = new Map<string, Bytes>()
  return {
    name: 'mirroring',
    ...hoarding,
    hear: (_rogue, end, message) => {
      if (message.kind === 'qdag_short_ids') shortIds.set(end.peer, message.ids)
      return false
    },
    twist: (_rogue, end, message) => {
      const ids = shortIds.get(end.peer)
      if (message.kind === 'qdag_short_ids' && ids) return [encodeMessage(message.kind, { ...message, ids })]
      if (message.kind === 'qdag_want') return [encodeMessage(message.kind, { bits: message.bits.map(() => 0) })]
      if (message.kind === 'qdag_entries') return []
      return undefined
    },
  }
}
