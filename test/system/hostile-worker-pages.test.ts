/** A malicious Worker against real Chromium pages and a Node process: the same pages outlive one attack after another. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { nodeClient } from '../support/hostile-worker/client.ts'
import { Company } from '../support/hostile-worker/company.ts'
import { pageClient, recordingConnections, type PageClient } from '../support/hostile-worker/page-client.ts'
import { ATTACK_MS, openStage, pause, type Stage } from '../support/hostile-worker/scene.ts'
import { isSeen, secretsIn } from '../support/hostile-worker/secrets.ts'
import type { Room } from '../support/hostile-worker/service.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  stage = await openStage()
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  await stage.close()
})

/** Ada and Bob in pages, Cleo in this process; they have talked. */
async function talking(room: Room, direct: 'on' | 'off'): Promise<{ company: Company; pages: PageClient[] }> {
  const pages = await Promise.all(
    ['Ada', 'Bob'].map((name) => pageClient(recordingConnections(browser), room.url, name, { direct })),
  )
  const company = new Company()
  company.add(...pages, await nodeClient(room.url, 'Cleo', { direct }))
  await company.acquainted(direct === 'on' ? 'direct' : 'relay')
  await company.exchange()
  await company.allHeard()
  await company.reported([])
  return { company, pages }
}

describe('pages', () => {
  it('hear by relay what was said to them and nothing else, whatever the room does', async () => {
    const room = stage.newRoom()
    const { company, pages } = await talking(room, 'off')
    const attacks = [
      'flip the kind',
      'truncate',
      'forge envelopes',
      'forge introductions',
      'replay everything',
      'reflect',
      'deliver to a third peer',
      'shuffle',
      'drop everything',
      'absurd numbers',
      'nonsense',
    ]
    for (const attack of attacks) {
      await room.attack(attack)
      await company.exchange()
      await pause(ATTACK_MS)
      await company.undisturbed()
      expect(await room.tampered(), attack).toBeGreaterThan(0)
      await room.repent()
    }
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    const faults = await company.faults()
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['peer-misbehaved']))
    expect(faults.map(({ reason }) => reason)).toContain('sealed-forged')
    expect(pages.flatMap(({ accidents }) => accidents)).toEqual([])
    await company.leave()
  })

  it('keep their direct paths, whose fingerprints and addresses no room has seen, whatever the room says', async () => {
    const room = stage.newRoom()
    const { company, pages } = await talking(room, 'on')
    const secrets = secretsIn((await Promise.all(pages.map((page) => page.descriptions()))).flat())
    const kinds = new Set(secrets.map(({ what }) => what.split(':')[0]))
    expect(kinds).toEqual(new Set(['a=fingerprint', 'a=ice-ufrag', 'a=ice-pwd', 'a=candidate']))
    const seen = await room.seen()
    expect(secrets.filter((secret) => isSeen(secret, seen)).map(({ what }) => what)).toEqual([])

    const nothingChanged = await company.watched()
    for (const attack of ['nobody is there', 'everybody was lost', 'replay everything', 'slow down for ever']) {
      await room.attack(attack)
      await company.exchange()
      await pause(ATTACK_MS)
      await company.allHeard()
      expect(await room.tampered(), attack).toBeGreaterThan(0)
    }
    await nothingChanged()
    await room.repent()
    await company.exchange()
    await company.allHeard()
    await nothingChanged()
    expect(pages.flatMap(({ accidents }) => accidents)).toEqual([])
    await company.leave()
  })

  it('outlive senseless ICE servers, and make direct paths when they get better ones', async () => {
    const room = stage.newRoom()
    await room.attack('senseless ICE servers')
    const pages = await Promise.all(['Ada', 'Bob'].map((name) => pageClient(browser, room.url, name)))
    const company = new Company()
    company.add(...pages)
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    await room.redeploy()
    await company.acquainted('direct')
    await company.exchange()
    await company.allHeard()
    expect(pages.flatMap(({ accidents }) => accidents)).toEqual([])
    await company.leave()
  })
})
