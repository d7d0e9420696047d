/** A peer that spoils attempts and asks for others costs few connections: engines hold only so many in a page's life. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Bytes } from '../../protocol/bytes.ts'
import type { FrameType } from '../../protocol/frame.ts'
import { encodeDescription } from '../../protocol/signal.ts'
import { eventually } from '../support/eventually.ts'
import { openScene, type Scene } from '../support/hostile-scene.ts'
import { idleEngine, type IdleEngine } from '../support/idle-engine.ts'
import type { ScriptedLink } from '../support/scripted-peer.ts'

let scene: Scene
let idle: IdleEngine
let link: ScriptedLink

beforeEach(async () => {
  idle = idleEngine(1)
  // It refuses every answer, as a real engine refuses one with setup:actpass.
  const { prototype } = idle.engine.RTCPeerConnection
  prototype.setRemoteDescription = () => Promise.reject(new Error('bad answer'))
  scene = await openScene({ direct: 'on', rtc: idle.engine, iceServers: [] })
  const { eve, seat, party, ada } = scene
  eve.announcement = await eve.announce({ rank: 0, rtc: true })
  link = await eve.linkTo(party)
  seat.deliver(eve.peerId, 'intro', await link.intro())
  await eventually(() => expect(ada.network.peers.has(eve.peerId)).toBe(true))
  await eventually(() => expect(idle.made).toBeGreaterThan(0))
})

afterEach(() => scene.close())

it('bad answers and want-offers, two hundred of each, make few connections', async () => {
  const description = { setup: 'actpass', maxMessageBytes: 1, ufrag: 'evil', password: 'p'.repeat(22) } as const
  for (let attempt = 1; attempt <= 200; attempt++) {
    const answer = { attempt, ...description, fingerprint: new Uint8Array(32), candidates: [] }
    await signal('answer', encodeDescription(answer))
    await signal('want-offer', new Uint8Array(0))
  }
  await scene.undisturbed()
  expect(idle.made).toBeLessThanOrEqual(20)
})

async function signal(type: FrameType, payload: Bytes): Promise<void> {
  const { seat, eve } = scene
  seat.deliver(eve.peerId, 'signal', await link.seal('signal', link.frame({ type, payload })))
}
