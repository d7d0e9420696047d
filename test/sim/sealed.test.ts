/**
 * What is sealed opens once, whatever a carrier does with it: loses, repeats, reorders, keeps it for later, or opens the
 * way for copies at the same moment. A sealer that counted from zero again would not pass.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { PairKeys } from '../../client/identity/pair-keys.ts'
import { Opener, Sealer } from '../../client/identity/seal.ts'
import { textOf, utf8, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { decodeSealed } from '../../protocol/seal.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { Random } from './random.ts'

const SEEDS = process.env['EDGE_NET_LONG'] === undefined ? 10 : 100
const FRAMES = 1_500
/** An envelope that is overtaken by more than this many is too old: see client/identity/replay-window.ts. */
const WINDOW = 1_024

interface Envelope {
  readonly number: number
  readonly kind: EnvelopeKind
  readonly incarnation: number
  readonly sealed: Bytes
}

interface Outcome {
  /** How often each frame opened, by its number. */
  readonly opened: Map<number, number>
  /** Frames that must open: they arrived unchanged, not too late, and not after a later link state's. */
  readonly due: Set<number>
  /** Pairs of incarnation and counter that were used, with how often. */
  readonly counters: Map<string, number>
}

let ada: ScriptedPeer
let bob: ScriptedPeer
let adaToBob: PairKeys
let bobToAda: PairKeys

beforeAll(async () => {
  ;[ada, bob] = await Promise.all([ScriptedPeer.create('sealed'), ScriptedPeer.create('sealed')])
  const keys = await Promise.all([PairKeys.agree(ada, ada.privateKey, bob), PairKeys.agree(bob, bob.privateKey, ada)])
  if (!keys[0] || !keys[1]) throw new Error('no keys')
  ;[adaToBob, bobToAda] = keys
})

/** One history of sealing, carrying and opening. With `forgets`, the sealer counts from zero again now and then. */
async function live(seed: number, { forgets = false, openerForgets = false } = {}): Promise<Outcome> {
  const random = new Random(seed)
  const direction = { network: ada.core.network, from: ada.peerId, to: bob.peerId }
  let incarnation = 1
  let sealer = new Sealer(adaToBob, direction, incarnation)
  let opener = new Opener(bobToAda, direction, 0)
  const carried: Envelope[] = []
  const old: Envelope[] = []
  const outcome: Outcome = { opened: new Map(), due: new Set(), counters: new Map() }
  const highest = { incarnation: 0, counter: -1 }
  const arrived = new Set<number>()

  const arrive = async ({ number, kind, sealed }: Envelope, copies: number): Promise<void> => {
    const parts = decodeSealed(sealed)
    if (!parts) throw new Error('not sealed')
    const isNewer = parts.incarnation > highest.incarnation
    if (isNewer) Object.assign(highest, { incarnation: parts.incarnation, counter: -1 })
    const isDue = parts.incarnation === highest.incarnation && parts.counter > highest.counter - WINDOW
    if (isDue && !arrived.has(number)) outcome.due.add(number)
    if (parts.incarnation === highest.incarnation) highest.counter = Math.max(highest.counter, parts.counter)
    arrived.add(number)
    if (openerForgets && random.chance(0.1)) opener = new Opener(bobToAda, direction, 0)
    const results = await Promise.all(Array.from({ length: copies }, () => opener.open(kind, sealed)))
    for (const result of results) {
      if (typeof result === 'string') continue
      const text = textOf(result.frame)
      if (text !== `frame ${number}`) throw new Error(`frame ${number} opened as ${text}`)
      outcome.opened.set(number, (outcome.opened.get(number) ?? 0) + 1)
    }
  }

  for (let number = 0; number < FRAMES; number++) {
    if (random.chance(0.002)) sealer = new Sealer(adaToBob, direction, ++incarnation)
    if (forgets && random.chance(0.01)) sealer = new Sealer(adaToBob, direction, incarnation)
    const kind = random.pick<EnvelopeKind>(['signal', 'relay', 'intro'])
    const sealed = await sealer.seal(kind, utf8(`frame ${number}`))
    const parts = decodeSealed(sealed)
    const key = `${parts?.incarnation} ${parts?.counter}`
    outcome.counters.set(key, (outcome.counters.get(key) ?? 0) + 1)
    if (random.chance(0.9)) carried.push({ number, kind, incarnation, sealed })
    while (carried.length > random.below(40)) {
      const [envelope] = carried.splice(random.below(carried.length), 1)
      if (!envelope) break
      await arrive(envelope, random.chance(0.1) ? 3 : 1)
      if (random.chance(0.3)) old.push(envelope)
    }
    if (old.length > 0 && random.chance(0.3)) await arrive(random.pick(old), 1)
  }
  return outcome
}

describe('sealed envelopes', () => {
  it(
    `open once and use a counter once, whatever the carrier does (seeds 1 to ${SEEDS})`,
    { timeout: 300_000 },
    async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { opened, due, counters } = await live(seed)
        const twice = [...opened].filter(([, times]) => times > 1)
        const missing = [...due].filter((number) => !opened.has(number))
        const reused = [...counters].filter(([, times]) => times > 1)
        expect({ seed, twice, missing, reused }).toEqual({ seed, twice: [], missing: [], reused: [] })
        expect(opened.size).toBeGreaterThan(FRAMES / 2)
      }
    },
  )

  it(
    'would use a counter twice, and be taken for repeats, if the sealer counted anew',
    { timeout: 60_000 },
    async () => {
      const { opened, due, counters } = await live(1, { forgets: true })
      expect([...counters.values()].some((times) => times > 1)).toBe(true)
      expect([...due].some((number) => !opened.has(number))).toBe(true)
    },
  )

  it('would open twice if the opener forgot what it has seen', { timeout: 60_000 }, async () => {
    const { opened } = await live(1, { openerForgets: true })
    expect([...opened.values()].some((times) => times > 1)).toBe(true)
  })
})
