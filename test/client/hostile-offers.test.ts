/** Eve is let in and may offer direct paths. However she offers, it costs Ada one connection at a time, and few of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bytes } from '../../protocol/bytes.ts'
import type { FrameType } from '../../protocol/frame.ts'
import { encodeCandidates, encodeDescription } from '../../protocol/signal.ts'
import { openScene, type Scene } from '../support/hostile-scene.ts'
import { idleEngine, type IdleEngine } from '../support/idle-engine.ts'
import type { ScriptedLink } from '../support/scripted-peer.ts'
import { eventually } from '../support/eventually.ts'

let scene: Scene
let idle: IdleEngine
let link: ScriptedLink

beforeEach(async () => {
  idle = idleEngine(0)
  scene = await openScene({ direct: 'on', rtc: idle.engine, iceServers: [] })
  const { eve, seat, party, ada } = scene
  // The higher rank offers: Eve.
  eve.announcement = await eve.announce({ rank: 1, rtc: true })
  link = await eve.linkTo(party)
  seat.deliver(eve.peerId, 'intro', await link.intro())
  await eventually(() => expect(ada.network.peers.has(eve.peerId)).toBe(true))
  // Her offers count once the manager knows her, which may wait a moment for ICE servers.
  await new Promise((resolve) => setTimeout(resolve, 50))
})
afterEach(async () => {
  await scene.close()
  expect(idle.open).toBe(0)
})

async function signal(type: FrameType, payload: Bytes): Promise<void> {
  scene.seat.deliver(scene.eve.peerId, 'signal', await link.seal('signal', link.frame({ type, payload })))
}

const offer = (attempt: number, candidates: string[] = []) =>
  encodeDescription({
    attempt,
    setup: 'actpass',
    maxMessageBytes: 65_536,
    fingerprint: crypto.getRandomValues(new Uint8Array(32)),
    ufrag: 'evil',
    password: 'p'.repeat(22),
    candidates,
  })

describe('offers', () => {
  it('of noise make no connection', async () => {
    for (let i = 0; i < 50; i++) {
      await signal('offer', crypto.getRandomValues(new Uint8Array(i * 10)))
      await signal('answer', crypto.getRandomValues(new Uint8Array(i * 10)))
      await signal('ice-candidate', crypto.getRandomValues(new Uint8Array(i * 10)))
    }
    await scene.undisturbed()
    expect(idle.made).toBe(0)
  })

  it('with two hundred numbers are one connection at a time', async () => {
    for (let attempt = 1; attempt <= 200; attempt++) await signal('offer', offer(attempt))
    await scene.undisturbed()
    expect(idle.open).toBeLessThanOrEqual(1)
  })

  // Each number makes a connection; Chromium has 500 for a page, and closed ones count until they are collected.
  it('with two hundred numbers in a second are few connections in all', async () => {
    for (let attempt = 1; attempt <= 200; attempt++) await signal('offer', offer(attempt))
    await scene.undisturbed()
    expect(idle.made).toBeLessThanOrEqual(20)
  })

  it('of one number, two hundred times, are one connection', async () => {
    for (let i = 0; i < 200; i++) await signal('offer', offer(7))
    await scene.undisturbed()
    expect(idle.made).toBe(1)
  })

  it('of older numbers than the newest are ignored', async () => {
    await signal('offer', offer(9))
    for (let attempt = 8; attempt >= 0; attempt--) await signal('offer', offer(attempt))
    await scene.undisturbed()
    expect(idle.made).toBe(1)
  })

  it('with ten thousand candidates are taken with a few', async () => {
    await signal('offer', offer(1))
    const candidates = Array.from({ length: 16 }, (_, i) => `candidate:${i} 1 udp 1 192.0.2.${i} 9 typ host`)
    for (let i = 0; i < 625; i++) await signal('ice-candidate', encodeCandidates({ attempt: 1, candidates }))
    await scene.undisturbed()
    expect(idle.candidates).toBeLessThanOrEqual(64)
  })
})
