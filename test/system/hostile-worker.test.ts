/**
 * A malicious Worker against honest clients, in Node and over the relay, where it has the most in its hands. Every attack
 * is made twice over: once as the same traffic in the same room without it, which arrives and reports nothing; and once
 * with it. Whatever the room does, applications hear what was said to them, once and in order, and nothing else; what it
 * did is reported; and when it is honest again everything goes on.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JoinOptions } from '../../client/node/index.ts'
import { nodeClient } from '../support/hostile-worker/client.ts'
import { Company } from '../support/hostile-worker/company.ts'
import { startHostileService, type HostileService, type Room } from '../support/hostile-worker/service.ts'

const NAMES = ['Ada', 'Bob', 'Cleo']
/** Long enough for what an attack delays or repeats to arrive while it lasts. */
const ATTACK_MS = 300
const seed = Number(process.env['EDGE_NET_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

let service: HostileService
let rooms = 0

beforeAll(async () => {
  console.log(`EDGE_NET_SEED=${seed}`)
  service = await startHostileService(seed)
})
afterAll(() => service.close())

function newRoom(): Room {
  return service.room(`hostile-${++rooms}`)
}

async function gather(room: Room, options: JoinOptions = {}): Promise<Company> {
  const company = new Company()
  for (const name of NAMES) company.add(await nodeClient(room.url, name, { direct: 'off', ...options }))
  return company
}

const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs))

/** Faults that are reported, of which at least one must be; none: it is nobody's fault that anybody could see. */
type Reasons = readonly string[]

async function reported(company: Company, reasons: Reasons): Promise<void> {
  const faults = await company.faults()
  const told = new Set(faults.map(({ reason }) => reason))
  expect([...told].filter((reason) => !reasons.includes(reason))).toEqual([])
  if (reasons.length > 0) expect(told.size).toBeGreaterThan(0)
  // Eight for each of the two others that each of the three knows.
  expect(faults.length).toBeLessThanOrEqual(8 * 6)
}

describe.concurrent('while everybody talks, a room that would', () => {
  it.each<[string, Reasons]>([
    ['flip the kind', ['sealed-forged', 'sealed-malformed', 'intro-malformed', 'announcement-malformed']],
    ['flip the incarnation', ['sealed-forged', 'sealed-stale']],
    ['flip the counter', ['sealed-forged', 'sealed-malformed', 'sealed-replayed']],
    ['flip the ciphertext', ['sealed-forged']],
    ['flip the tag', ['sealed-forged']],
    ['flip the length of an introduction', ['intro-malformed', 'announcement-malformed']],
    [
      'flip the announcement of an introduction',
      [
        'announcement-malformed',
        'announcement-signature',
        'intro-mismatch',
        'announcement-expired',
        'announcement-network',
      ],
    ],
    [
      'flip the sealed bytes of an introduction',
      ['sealed-forged', 'sealed-malformed', 'sealed-stale', 'sealed-replayed'],
    ],
    ['truncate', ['sealed-malformed', 'sealed-forged', 'intro-malformed']],
    ['truncate the header', []],
    ['extend', ['sealed-forged']],
    ['splice', ['sealed-forged', 'sealed-replayed']],
    ['a future incarnation', ['sealed-forged']],
    ['a future counter', ['sealed-forged', 'sealed-malformed']],
    ['forge envelopes', ['sealed-forged', 'sealed-malformed', 'sealed-stale', 'sealed-replayed']],
    [
      'forge introductions',
      ['intro-malformed', 'intro-mismatch', 'announcement-malformed', 'sealed-forged', 'sealed-replayed'],
    ],
    ['duplicate all', ['sealed-replayed']],
    ['replay a few', ['sealed-replayed']],
    ['replay everything', ['sealed-replayed']],
    ['replay everything backwards', ['sealed-replayed']],
    ['reflect', ['sealed-forged', 'sealed-replayed', 'sealed-stale']],
    ['deliver to a third peer', ['sealed-forged', 'sealed-replayed', 'sealed-stale']],
    ['deliver in another name', ['sealed-forged', 'sealed-replayed', 'sealed-stale']],
    ['deliver as another kind', ['sealed-forged']],
    ['shuffle senders and receivers', ['sealed-forged', 'sealed-replayed', 'sealed-stale']],
    ['introduce to a third peer', ['sealed-forged', 'sealed-replayed', 'sealed-stale']],
    ['shuffle', []],
    ['reverse', []],
    ['delay each for itself', []],
    ['drop a third', []],
    ['drop everything', []],
    ['drop all data', []],
    ['drop all signals', []],
    ['drop one direction', []],
    ['everybody left', []],
    ['everybody is gone', []],
    ['everybody is away', []],
    ['nobody is there', []],
    ['nobody is there, says a welcome', []],
    ['you yourself left', []],
    ['you yourself joined', []],
    ['absurd numbers', []],
    ['nonsense', []],
    ['close every socket', []],
  ])('%s', async (attack, reasons) => {
    const room = newRoom()
    const company = await gather(room)
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    await reported(company, [])

    await room.attack(attack)
    await company.exchange()
    await pause(ATTACK_MS)
    await company.undisturbed()
    expect(await room.tampered()).toBeGreaterThan(0)

    await room.repent()
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await reported(company, reasons)
    await company.leave()
  })
})
