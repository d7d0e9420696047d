/**
 * A malicious Worker against honest clients over the relay, where it has the most in its hands. Every attack has its
 * control before it: the same traffic in the same room arrives, and nothing is reported. Then, whatever the room does,
 * applications hear what was said to them, once and in order, and nothing else; what it did is reported; and when it is
 * honest again everything goes on.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTACK_MS, openStage, pause, type Stage } from '../support/hostile-worker/scene.ts'

/** What is reported: one of these at least, and nothing else. */
type Reasons = readonly string[]

const NOTHING: Reasons = []
const FORGED: Reasons = ['sealed-forged']
const MISDIRECTED: Reasons = ['sealed-forged', 'sealed-replayed', 'sealed-stale']
const REPLAYED: Reasons = ['sealed-replayed']
const NOISE: Reasons = ['sealed-forged', 'sealed-malformed', 'sealed-replayed', 'sealed-stale']
const BAD_INTRODUCTION: Reasons = [
  'announcement-malformed',
  'announcement-signature',
  'announcement-expired',
  'announcement-network',
  'intro-malformed',
  'intro-mismatch',
  ...NOISE,
]

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

describe.concurrent('a room that, while everybody talks, would', () => {
  it.each<[attack: string, reasons: Reasons]>([
    ['flip the kind', ['sealed-forged', 'sealed-malformed', 'intro-malformed', 'announcement-malformed']],
    ['flip the incarnation', MISDIRECTED],
    ['flip the counter', NOISE],
    ['flip the ciphertext', FORGED],
    ['flip the tag', FORGED],
    ['flip the length of an introduction', BAD_INTRODUCTION],
    ['flip the announcement of an introduction', ['announcement-signature', ...BAD_INTRODUCTION]],
    ['flip the sealed bytes of an introduction', NOISE],
    ['truncate', ['sealed-malformed', ...BAD_INTRODUCTION]],
    ['truncate the header', NOTHING],
    ['extend', FORGED],
    ['splice', MISDIRECTED],
    ['a future incarnation', FORGED],
    ['a future counter', NOISE],
    ['forge envelopes', NOISE],
    ['forge introductions', ['intro-malformed', ...BAD_INTRODUCTION]],
    ['duplicate all', REPLAYED],
    ['replay a few', REPLAYED],
    ['replay everything', REPLAYED],
    ['replay everything backwards', REPLAYED],
    ['repeat every control message', NOTHING],
    ['reflect', MISDIRECTED],
    ['deliver to a third peer', MISDIRECTED],
    ['deliver in another name', MISDIRECTED],
    ['deliver as another kind', FORGED],
    ['shuffle senders and receivers', MISDIRECTED],
    ['introduce to a third peer', MISDIRECTED],
    ['ask who they are, a hundred times', NOTHING],
    ['shuffle', NOTHING],
    ['reverse', NOTHING],
    ['delay each for itself', NOTHING],
    ['drop a third', NOTHING],
    ['drop everything', NOTHING],
    ['drop all data', NOTHING],
    ['drop all signals', NOTHING],
    ['drop one direction', NOTHING],
    ['everybody is gone', NOTHING],
    ['everybody is away', NOTHING],
    ['everybody was lost', NOTHING],
    ['nobody is there, says a welcome', NOTHING],
    ['you yourself left', NOTHING],
    ['you yourself joined', NOTHING],
    ['absurd numbers', NOTHING],
    ['nonsense', NOTHING],
    ['close every socket', NOTHING],
  ])('%s', async (attack, reasons) => {
    const room = stage.newRoom()
    const company = await stage.talking(room)

    await room.attack(attack)
    await company.exchange()
    await pause(ATTACK_MS)
    await company.undisturbed()
    expect(await room.tampered()).toBeGreaterThan(0)

    await room.repent()
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await company.nobodyElseWasAnnounced()
    await company.reported(reasons)
    await company.leave()
  })
})
