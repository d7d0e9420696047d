/**
 * A malicious Worker that tampers from the first moment on, so that nobody meets anybody by honest means. Nobody is met
 * under a false name, nobody foreign is heard, and once the room is honest, as after a deploy, all meet and talk.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTACK_MS, gather, openStage, pause, type Stage } from '../support/hostile-worker/scene.ts'

const SIGNATURE = ['announcement-signature']
const ANY = [
  'announcement-malformed',
  'announcement-signature',
  'announcement-network',
  'announcement-expired',
  'intro-mismatch',
  'intro-malformed',
]

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

describe.concurrent('a room that from the first moment on would', () => {
  it.each<[attack: string, reasons: readonly string[]]>([
    // The control: the same joining, and nothing to report.
    ['nothing', []],
    ['hide everybody', []],
    ['swap announcements', []],
    ['swap session keys', SIGNATURE],
    ['flip the version of announcements', ['announcement-malformed']],
    ['flip the identity key of announcements', SIGNATURE],
    ['flip the session key of announcements', SIGNATURE],
    ['flip the network of announcements', ['announcement-network']],
    ['flip the rank of announcements', SIGNATURE],
    ['flip the rtc of announcements', ['announcement-malformed', ...SIGNATURE]],
    ['flip the times of announcements', ['announcement-expired', ...SIGNATURE]],
    ['flip the name of announcements', ['announcement-malformed', ...SIGNATURE]],
    ['flip the signature of announcements', SIGNATURE],
    ['truncate announcements', ['announcement-malformed']],
    ['extend announcements', ['announcement-malformed']],
    ['forge announcements', ['announcement-malformed', ...ANY]],
  ])('%s', async (attack, reasons) => {
    const room = stage.newRoom()
    await room.attack(attack)
    const company = await gather(room)
    await company.exchange()
    await pause(ATTACK_MS)
    await company.undisturbed()
    await company.nobodyElseCame()
    expect((await room.tampered()) > 0).toBe(attack !== 'nothing')
    company.forgiveLosses()

    await room.redeploy()
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    await company.nobodyElseCame()
    await company.nobodyElseWasAnnounced()
    if (attack !== 'swap announcements') await company.reported(reasons)
    await company.leave()
  })

  it('drop everything makes nobody a stranger for longer than it does so', async () => {
    const room = stage.newRoom()
    await room.attack('drop everything')
    const company = await gather(room)
    await pause(ATTACK_MS)
    expect(await room.tampered()).toBeGreaterThan(0)
    // Nobody is told anything new, and nobody says anything: whoever was not answered says hello again.
    await room.repent()
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    await company.reported([])
    await company.leave()
  })
})
