/** Vices of those who never come to an end. */
import { MAX_RANGE_EXPONENT, MAX_SHORT_IDS } from '../../../../client/qdag/sync/limits.ts'
import { encodeMessage } from '../../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../../protocol/bytes.ts'
import type { Random } from '../../../sim/random.ts'
import { randomBytes } from '../pen.ts'
import type { Vice } from './vice.ts'

/** Never comes to an end: compares again and again, with more ids than there are entries, and answers that are never the last. */
export function endless(): Vice {
  return {
    name: 'endless',
    everyMs: 1_000,
    act: (rogue) => {
      const { random } = rogue.world
      for (const end of rogue.ends) {
        for (const message of someOf(endlessly(random), random)) end.send(message)
      }
    },
    twist: (_rogue, _end, message) => {
      if (message.kind === 'qdag_sync_response') return [encodeMessage(message.kind, { ...message, isLast: false })]
      if (message.kind === 'qdag_short_ids') return [encodeMessage(message.kind, { ...message, isLast: false })]
      return undefined
    },
  }
}

function endlessly(random: Random): Bytes[] {
  const tipDigest = randomBytes(random, 32)
  const prefixes = (count: number): Bytes[] => Array.from({ length: count }, () => randomBytes(random, 16))
  const ids = ascendingWords(random, random.pick([0, 100, MAX_SHORT_IDS]))
  return [
    encodeMessage('qdag_sync_request', {
      version: 1,
      isAnswer: random.chance(0.5),
      nonce: randomBytes(random, 16),
      tipDigest,
      count: random.below(2 ** 40),
      wallMs: random.below(2 ** 41),
    }),
    encodeMessage('qdag_frontier', {
      hasMore: true,
      isHolding: false,
      tips: prefixes(64),
      locators: prefixes(3),
      held: [],
    }),
    encodeMessage('qdag_known', { bits: randomBytes(random, random.below(13)) }),
    encodeMessage('qdag_short_ids', { isLast: random.chance(0.5), ids }),
    encodeMessage('qdag_ranges', { sums: randomBytes(random, 8 * 2 ** random.pick([1, 8, MAX_RANGE_EXPONENT - 3])) }),
    encodeMessage('qdag_range_difference', { bits: randomBytes(random, random.below(64)) }),
    encodeMessage('qdag_want', { bits: randomBytes(random, random.below(512)) }),
    encodeMessage('qdag_sync_response', { isLast: random.chance(0.5), hasMore: true, batch: new Uint8Array(0) }),
    encodeMessage('qdag_fetch', { ids: Array.from({ length: 64 }, () => randomBytes(random, 32)) }),
    encodeMessage('qdag_digest', { tipDigest, count: 0 }),
    encodeMessage('qdag_busy', { retryAfterMs: random.pick([0, 1, 2 ** 32 - 1]) }),
  ]
}

/** Small messages, many at once, each of which wants something. */
export function flooding(): Vice {
  return {
    name: 'flooding',
    everyMs: 10_000,
    act: (rogue) => {
      const { random } = rogue.world
      for (const end of rogue.ends) {
        const message = random.pick(endlessly(random))
        for (let count = random.magnitude(50, 2_000); count > 0; count--) end.send(message)
      }
    },
  }
}

/** Ids of eight bytes each; the first byte ascends. */
function ascendingWords(random: Random, count: number): Bytes {
  const ids = randomBytes(random, 8 * count)
  for (let i = 0; i < count; i++) ids[8 * i] = Math.floor((256 * i) / count)
  return ids
}

function someOf<T>(from: readonly T[], random: Random): T[] {
  return from.filter(() => random.chance(0.3))
}
