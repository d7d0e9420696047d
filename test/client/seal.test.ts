/** Two sessions share keys at once; every direction, link state and kind has its own; and an envelope opens once. */
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { PairKeys } from '../../client/identity/pair-keys.ts'
import { Opener, Sealer } from '../../client/identity/seal.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { boundData, COUNTERS_PER_KEY, decodeSealed, encodeSealed, nonceOf } from '../../protocol/seal.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'

let ada: ScriptedPeer
let bob: ScriptedPeer
let eve: ScriptedPeer
let adaToBob: PairKeys
let bobToAda: PairKeys

beforeAll(async () => {
  ;[ada, bob, eve] = await Promise.all([newPeer(), newPeer(), newPeer()])
  adaToBob = await agreed(ada, bob)
  bobToAda = await agreed(bob, ada)
})

const newPeer = () => ScriptedPeer.create('seal')

async function agreed(self: ScriptedPeer, other: ScriptedPeer): Promise<PairKeys> {
  const keys = await PairKeys.agree(self, self.privateKey, other)
  if (!keys) throw new Error('no keys')
  return keys
}

const sealer = (incarnation = 1) => new Sealer(adaToBob, direction(ada, bob), incarnation)
const opener = (lowest = 0) => new Opener(bobToAda, direction(ada, bob), lowest)
const direction = (from: ScriptedPeer, to: ScriptedPeer) => ({
  network: from.core.network,
  from: from.peerId,
  to: to.peerId,
})

/** The same fixed bytes under a key: two keys are equal if and only if these are. */
async function imprint(keys: PairKeys, from: ScriptedPeer, to: ScriptedPeer, incarnation = 1, generation = 0) {
  const key = await keys.sealKey(from.peerId, to.peerId, incarnation, generation, 'encrypt')
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, utf8('imprint'))
  return Buffer.from(sealed).toString('hex')
}

describe('the keys of a pair', () => {
  it('are the same at both sides, for sealing and for binding a direct path', async () => {
    expect(await imprint(adaToBob, ada, bob)).toBe(await imprint(bobToAda, ada, bob))
    const macOf = async (keys: PairKeys) =>
      Buffer.from(await crypto.subtle.sign('HMAC', await keys.bindKey(), utf8('bind'))).toString('hex')
    expect(await macOf(adaToBob)).toBe(await macOf(bobToAda))
  })

  it('differ for each direction, link state, generation and pair', async () => {
    const imprints = await Promise.all([
      imprint(adaToBob, ada, bob),
      imprint(adaToBob, bob, ada),
      imprint(adaToBob, ada, bob, 2),
      imprint(adaToBob, ada, bob, 1, 1),
      agreed(ada, eve).then((keys) => imprint(keys, ada, bob)),
      agreed(eve, bob).then((keys) => imprint(keys, ada, bob)),
    ])
    expect(new Set(imprints).size).toBe(imprints.length)
  })

  it('cannot be taken out of the runtime', async () => {
    const keys = [await adaToBob.sealKey(ada.peerId, bob.peerId, 1, 0, 'encrypt'), await adaToBob.bindKey()]
    expect(keys.map(({ extractable }) => extractable)).toEqual([false, false])
  })

  it('do not exist with oneself, nor with a session key that is no point', async () => {
    expect(await PairKeys.agree(ada, ada.privateKey, ada)).toBeUndefined()
    for (const session of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(0)]) {
      const other = { peerId: bob.peerId, core: { ...bob.core, session } }
      expect(await PairKeys.agree(ada, ada.privateKey, other)).toBeUndefined()
    }
  })
})

describe('sealed bytes', () => {
  it('open at the other side as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom<EnvelopeKind>('signal', 'relay', 'intro'),
        async (frame, kind) => {
          const opened = await opener().open(kind, await sealer().seal(kind, Uint8Array.from(frame)))
          expect(opened).toEqual({ incarnation: 1, frame: Uint8Array.from(frame) })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('never use a counter twice, and the same frame never looks the same', async () => {
    const sealing = sealer()
    const sealed = await Promise.all(Array.from({ length: 500 }, () => sealing.seal('relay', utf8('again'))))
    const counters = sealed.map((bytes) => decodeSealed(bytes)?.counter)
    expect(counters).toEqual(Array.from({ length: 500 }, (_, i) => i))
    const ciphertexts = sealed.map((bytes) => Buffer.from(bytes.slice(12)).toString('hex'))
    expect(new Set(ciphertexts).size).toBe(500)
  })

  it('open in any order within 1,024, and each once', async () => {
    const sealing = sealer()
    const opening = opener()
    const sealed = await Promise.all(Array.from({ length: 1_026 }, (_, i) => sealing.seal('relay', utf8(`${i}`))))
    const results = []
    for (const bytes of sealed.toReversed()) results.push(await opening.open('relay', bytes))
    expect(results.slice(0, 1_024).filter((result) => typeof result === 'string')).toEqual([])
    // The two oldest are more than the window behind.
    expect(results.slice(1_024)).toEqual(['sealed-replayed', 'sealed-replayed'])
    for (const bytes of sealed.slice(500, 510)) expect(await opening.open('relay', bytes)).toBe('sealed-replayed')
  })

  it('open once even when the copies are being opened at the same time', async () => {
    const opening = opener()
    const bytes = await sealer().seal('relay', utf8('race'))
    const results = await Promise.all([1, 2, 3].map(() => opening.open('relay', bytes)))
    expect(results.filter((result) => result === 'sealed-replayed')).toHaveLength(2)
  })

  it('that are forged move neither window nor incarnation', async () => {
    const opening = opener()
    const sealing = sealer()
    const first = await sealing.seal('relay', utf8('first'))
    const parts = decodeSealed(first)
    if (!parts) throw new Error('not sealed')
    const forged = [
      encodeSealed({ incarnation: 1, counter: 1_000_000 }, parts.ciphertext),
      encodeSealed({ incarnation: 4_000_000_000, counter: 0 }, parts.ciphertext),
      encodeSealed({ incarnation: 1, counter: Number.MAX_SAFE_INTEGER }, parts.ciphertext),
    ]
    for (const bytes of forged) expect(await opening.open('relay', bytes)).toBe('sealed-forged')
    expect(await opening.open('relay', first)).toMatchObject({ incarnation: 1 })
  })

  it('of an older link state than was opened are stale, and a newer one starts to count anew', async () => {
    const opening = opener()
    const [older, newer] = [sealer(1), sealer(2)]
    const late = await older.seal('relay', utf8('late'))
    expect(await opening.open('relay', await older.seal('relay', utf8('old')))).toMatchObject({ incarnation: 1 })
    expect(await opening.open('relay', await newer.seal('relay', utf8('new')))).toMatchObject({ incarnation: 2 })
    expect(await opening.open('relay', late)).toBe('sealed-stale')
    expect(await opener(3).open('relay', await newer.seal('relay', utf8('known')))).toBe('sealed-stale')
  })

  it('go on over the end of a key generation', async () => {
    // A generation has 2^20 envelopes; instead of sealing them all, the second generation's key seals by hand.
    const counter = COUNTERS_PER_KEY
    const key = await adaToBob.sealKey(ada.peerId, bob.peerId, 1, 1, 'encrypt')
    const firstKey = await adaToBob.sealKey(ada.peerId, bob.peerId, 1, 0, 'encrypt')
    const opening = opener()
    expect(await opening.open('relay', await sealer().seal('relay', utf8('first generation')))).toBeTypeOf('object')
    expect(await opening.open('relay', await sealedWith(firstKey, counter))).toBe('sealed-forged')
    expect(await opening.open('relay', await sealedWith(key, counter))).toMatchObject({ incarnation: 1 })
  })

  it('that are anything at all never throw', async () => {
    const opening = opener()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (noise) => {
        expect(await opening.open('relay', Uint8Array.from(noise))).toMatch(/^sealed-(malformed|forged)$/)
      }),
      { numRuns: 200 },
    )
  })
})

/** Seals as the specification says (PROTOCOL.md), with a key of the test's choice. */
async function sealedWith(key: CryptoKey, counter: number): Promise<Bytes> {
  const header = { incarnation: 1, counter }
  const additionalData = boundData({ ...direction(ada, bob), kind: 'relay', ...header })
  const algorithm = { name: 'AES-GCM', iv: nonceOf(counter), additionalData }
  return encodeSealed(header, new Uint8Array(await crypto.subtle.encrypt(algorithm, key, utf8('by hand'))))
}
