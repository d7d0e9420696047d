/**
 * A malicious Worker and direct paths, with the real engine: it can neither see into their making nor stand between, and
 * once they are there it has no say in them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeClient } from '../support/hostile-worker/client.ts'
import { Company } from '../support/hostile-worker/company.ts'
import { ATTACK_MS, gather, NAMES, openStage, pause, type Stage } from '../support/hostile-worker/scene.ts'
import { isSeen, secretsIn, type Secret } from '../support/hostile-worker/secrets.ts'
import { recordingEngine } from '../support/recording-engine.ts'

const TAMPERED = ['intro-mismatch', 'sealed-forged', 'sealed-replayed', 'sealed-stale', 'sealed-malformed']

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

describe.concurrent('direct paths', () => {
  it('are arranged through a room that sees no fingerprint, credential or address', async () => {
    const room = stage.newRoom()
    const company = new Company()
    const recordings = await Promise.all(NAMES.map(() => recordingEngine()))
    for (const [i, { engine }] of recordings.entries()) {
      company.add(await nodeClient(room.url, NAMES[i] ?? '', { rtc: engine, iceServers: [] }))
    }
    await company.acquainted('direct')
    const descriptions = recordings.flatMap(({ connections }) =>
      connections.map(({ pc }) => pc.localDescription?.sdp ?? ''),
    )
    const secrets = secretsIn(descriptions)
    const kinds = new Set(secrets.map(({ what }) => what.split(':')[0]))
    expect(kinds).toEqual(new Set(['a=fingerprint', 'a=ice-ufrag', 'a=ice-pwd', 'a=candidate']))
    const seen = await room.seen()
    // The control: all of it passed through here, and the same search finds what is no secret.
    for (const { siteId, name } of company.members) {
      const open: Secret[] = [
        { what: 'identity', forms: [Buffer.from(siteId, 'base64url')] },
        { what: 'name', forms: [Buffer.from(name)] },
      ]
      expect(open.map((secret) => isSeen(secret, seen))).toEqual([true, true])
    }
    for (const secret of secrets) {
      expect(isSeen(secret, [Buffer.from(descriptions.join('\n'))]), `${secret.what} can be found`).toBe(true)
      expect(isSeen(secret, seen), `${secret.what} was seen by the room`).toBe(false)
    }
    await company.leave()
  })

  it.each(['duplicate all', 'shuffle', 'delay each for itself', 'drop a third', 'flip the ciphertext', 'reflect'])(
    'come about while a room would "%s" from the first moment on',
    async (attack) => {
      const room = stage.newRoom()
      await room.attack(attack)
      const company = await gather(room, { direct: 'on', iceServers: [] })
      await company.acquainted('direct')
      await company.exchange()
      await company.allHeard()
      expect(await room.tampered()).toBeGreaterThan(0)
      await company.nobodyElseCame()
      const reasons = (await company.faults()).map(({ reason }) => reason)
      expect(reasons.filter((reason) => !TAMPERED.includes(reason))).toEqual([])
      await room.repent()
      await company.leave()
    },
  )

  it.each([
    'everybody left',
    'everybody was lost',
    'everybody is gone',
    'everybody is away',
    'nobody is there',
    'nobody is there, says a welcome',
    'slow down for ever',
    'drop everything',
    'replay everything',
    'replay everything backwards',
    'repeat every control message',
    'close every socket',
  ])('that are healthy are not disturbed by "%s"', async (attack) => {
    const room = stage.newRoom()
    const company = await stage.talking(room, { direct: 'on', iceServers: [] })
    const nothingChanged = await company.watched()
    await room.attack(attack)
    for (let i = 0; i < 2; i++) {
      await company.exchange()
      await pause(ATTACK_MS)
    }
    // While the attack goes on.
    await company.allHeard()
    // While all is well directly, nothing need pass through the room, so there may be nothing to drop.
    if (attack !== 'drop everything') expect(await room.tampered()).toBeGreaterThan(0)
    await nothingChanged()
    await room.repent()
    await company.exchange()
    await company.allHeard()
    await nothingChanged()
    await company.leave()
  })

  it.each([
    'senseless ICE servers',
    'ICE servers with senseless credentials',
    'a thousand ICE servers',
    'ICE servers that are no list',
  ])('are out of reach with %s at worst, and possible again when the room is honest', async (attack) => {
    const room = stage.newRoom()
    await room.attack(attack)
    const company = await gather(room, { direct: 'on' })
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    expect(await room.tampered()).toBeGreaterThan(0)
    await company.reported([])
    await room.redeploy()
    await company.acquainted('direct')
    await company.exchange()
    await company.allHeard()
    await company.leave()
  })
})
