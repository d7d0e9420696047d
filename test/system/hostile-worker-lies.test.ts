/** A malicious Worker that lies: about who is here, what time it is, what it can take, and whether anybody may stay. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity } from '../../client/node/index.ts'
import { nodeClient } from '../support/hostile-worker/client.ts'
import { Company, MAX_REPORTS } from '../support/hostile-worker/company.ts'
import { ATTACK_MS, NAMES, openStage, pause, type Stage } from '../support/hostile-worker/scene.ts'
import { eventually } from '../support/eventually.ts'

/** A link without any path ends after this long; short, so that a test need not wait for a minute. */
const STALLED_MS = 1_500
const SOON_MS = 15_000

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

describe.concurrent('a room that lies', () => {
  it.each(['everybody left', 'nobody is there', 'slow down for ever'])(
    '"%s" ends or delays links, hides no loss from anybody, and all meet again when it is honest',
    async (attack) => {
      const room = stage.newRoom()
      const company = await stage.talking(room)
      await room.attack(attack)
      await company.exchange()
      await pause(ATTACK_MS)
      await company.undisturbed()
      company.forgiveLosses()
      await room.redeploy()
      await company.reunited()
      await company.exchange()
      await company.allHeard()
      await company.nobodyElseCame()
      await company.reported([])
      await company.leave()
    },
  )

  it.each(['ten years ahead', 'ten years behind', 'the end of time'])(
    'that it is %s, and takes such tickets, does not spoil a session for an honest door',
    async (attack) => {
      const room = stage.newRoom()
      const company = await stage.talking(room)
      await room.openDoor()
      await room.attack(attack)
      // Every socket was closed with the wrong time in everybody's mind: these are the tickets of a wrong date.
      await eventually(async () => expect(await room.admitted()).toBeGreaterThanOrEqual(2 * NAMES.length), SOON_MS)
      company.forgiveLosses()
      await room.redeploy()
      await company.reunited()
      await company.exchange()
      await company.allHeard()
      await company.nobodyElseCame()
      // That the door refused the date is told, and what looked as if it were of another time.
      const reasons = (await company.faults()).map(({ reason }) => reason)
      expect(reasons.filter((reason) => !['ticket-clock', 'announcement-expired'].includes(reason))).toEqual([])
      await company.leave()
    },
  )

  it('about three hundred peers that do not exist takes no place from those who do, for long', async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room, { stalledMs: STALLED_MS })
    await room.attack('a flood of fake peers')
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await room.repent()
    company.add(await nodeClient(room.url, 'Dora', { direct: 'off' }))
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await company.reported(['sealed-malformed', 'sealed-forged'])
    await company.leave()
  })

  it.each([
    ['a flood of errors', 'join-refused'],
    ['forge envelopes of 500 strangers', 'peer-misbehaved'],
  ])('with %s is reported, not without end, and disturbs nobody', async (attack, code) => {
    const room = stage.newRoom()
    const company = await stage.talking(room)
    await room.attack(attack)
    await company.exchange()
    await pause(4 * ATTACK_MS)
    await company.allHeard()
    await room.repent()
    const faults = await company.faults()
    expect(new Set(faults.map((fault) => fault.code))).toEqual(new Set([code]))
    expect(faults.length).toBeLessThanOrEqual(MAX_REPORTS * company.members.length)
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await company.leave()
  })

  it('that everybody was superseded closes everybody, who hear why and what is not confirmed', async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room)
    await room.attack('throw everybody out')
    for (const member of company.members) {
      // It takes its leave first, of whoever still hears it.
      await eventually(async () => {
        const { state, stateError, left } = await member.record()
        expect(state).toBe('closed')
        expect(stateError).toBe('superseded')
        expect(left.map(({ reason }) => reason)).toEqual(['closed', 'closed'])
      }, SOON_MS)
    }
    await room.repent()
    await company.undisturbed()
    // Whoever comes again is as welcome as ever.
    const next = new Company()
    for (const name of NAMES) next.add(await nodeClient(room.url, name, { direct: 'off' }))
    await next.acquainted()
    await next.exchange()
    await next.allHeard()
    await Promise.all([company.leave(), next.leave()])
  })

  it('by silence, carrying nothing more, ends links with the list of what is not confirmed', async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room, { stalledMs: STALLED_MS })
    await room.attack('drop everything and know nobody')
    await company.exchange()
    company.forgiveLosses()
    for (const member of company.members) {
      await eventually(async () => {
        const { left } = await member.record()
        // Four messages to each of the two others.
        expect(left).toMatchObject([
          { reason: 'lost', unconfirmed: 4 },
          { reason: 'lost', unconfirmed: 4 },
        ])
      }, SOON_MS)
    }
    await room.redeploy()
    await company.reunited()
    await company.exchange()
    await company.allHeard()
    await company.reported([])
    await company.leave()
  })

  it('about who speaks is heard under a siteId of its own, and by nobody who asks for the siteIds of friends', async () => {
    const room = stage.newRoom()
    const friends = new Set<string>()
    const company = new Company()
    const authorize = ({ siteId }: { siteId: string }) => friends.has(siteId)
    for (const name of ['Ada', 'Bob']) {
      const identity = await createIdentity()
      friends.add(identity.siteId)
      company.add(await nodeClient(room.url, name, { direct: 'off', identity, authorize }))
    }
    const careless = await nodeClient(room.url, 'Cleo', { direct: 'off' })
    await company.acquainted()
    await room.attack('impersonate')
    // The control: the attack is a real one. Whoever lets everybody in hears Eve, whose siteId is nobody's.
    await eventually(async () => {
      const { heard, peers } = await careless.record()
      expect(new Set(heard.map(({ data }) => data))).toEqual(new Set(['it is me, Ada', 'it is me, Bob']))
      for (const { from } of heard) expect(friends).not.toContain(peers.find(({ id }) => id === from)?.siteId)
    }, SOON_MS)
    await room.repent()
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await company.nobodyElseWasAnnounced()
    await Promise.all([company.leave(), careless.leave()])
  })

  it("about whose session it is, with Eve's name under somebody else's key, opens nothing", async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room)
    await room.attack('claim the session keys of others')
    await company.exchange()
    await pause(ATTACK_MS)
    await company.undisturbed()
    expect(await room.tampered()).toBeGreaterThan(0)
    await room.repent()
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await company.reported(['sealed-forged', 'intro-mismatch'])
    await company.leave()
  })
})
