/** What an application sees of a link's life: its phases, its quality, stalls, restarts and bad ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join as joinPaths } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createIdentity,
  join,
  type Explanation,
  type LinkPhase,
  type Network,
  type Peer,
} from '../../client/node/index.ts'
import { eventually } from '../support/eventually.ts'
import { startService } from '../support/server.ts'
import { heardBy, isDirect, useRoom } from '../support/two-peers.ts'

const PROGRAM = joinPaths(import.meta.dirname, '..', 'support', 'leaving-process.ts')
const PATIENCE_MS = 20_000
const { meet, joinAs, service } = useRoom()
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A peer in a process of its own, which answers every message with itself. */
async function echo(
  network: Network,
  room: string,
  direct: 'on' | 'off',
): Promise<{ child: ChildProcess; peer: Peer }> {
  const met = new Promise<Peer>((resolve) => network.on('peer', ({ peer }) => resolve(peer)))
  const child = spawn(process.execPath, [PROGRAM, service().roomUrl(room), direct], { stdio: 'ignore' })
  children.push(child)
  return { child, peer: await met }
}

/** What `explain()` always has, whatever the phase. */
function expectExplanation(explanation: Explanation, phases: readonly LinkPhase[]): void {
  expect(phases).toContain(explanation.phase)
  expect(explanation).toMatchObject({
    peerId: expect.stringMatching(/^[\w-]{22}$/),
    path: { kind: expect.stringMatching(/^(relay|direct)$/) },
    quality: { score: expect.any(Number), level: expect.any(String), loss: expect.any(Number) },
    relayIsUp: expect.any(Boolean),
    unacknowledgedBytes: expect.any(Number),
    attempts: expect.any(Array),
    advice: expect.any(Array),
  })
  // Plain data: it can be sent, stored and shown.
  expect(structuredClone(explanation)).toEqual(explanation)
}

describe('a link', () => {
  it('explains itself from first contact over the relay to a direct path and the end', async () => {
    const phases: LinkPhase[] = []
    const a = await joinAs('phases')
    const announced = new Promise<Peer>((resolve) => {
      a.on('announced', ({ peer }) => {
        phases.push(peer.explain().phase)
        resolve(peer)
      })
    })
    const b = await joinAs('phases')
    const peer = await announced
    await eventually(() => {
      const explanation = peer.explain()
      expectExplanation(explanation, ['introducing', 'relay', 'connecting', 'direct'])
      if (phases.at(-1) !== explanation.phase) phases.push(explanation.phase)
      expect(explanation.phase).toBe('direct')
    }, PATIENCE_MS)
    expect(phases[0]).toBe('introducing')
    const { attempts, advice, heardMsAgo } = peer.explain()
    expect(attempts.at(-1)).toMatchObject({ state: 'open', openedAfterMs: expect.any(Number) })
    expect(advice).toEqual([])
    expect(heardMsAgo).toBeLessThan(PATIENCE_MS)
    await b.close()
    await eventually(() => expectExplanation(peer.explain(), ['closed']), PATIENCE_MS)
  })

  it('stays on the relay, and says why, where one side has no direct paths', async () => {
    const a = await joinAs('relay-only')
    await joinAs('relay-only', { direct: 'off' })
    await eventually(() => expect(a.peers.size).toBe(1), PATIENCE_MS)
    const [peer] = a.peers.values()
    if (!peer) throw new Error('met nobody')
    expectExplanation(peer.explain(), ['relay'])
    expect(peer.explain().advice).toContain('rtc-missing-there')
  })

  it.each(['off', 'on'] as const)('measures its quality (direct: %s)', async (direct) => {
    const both = await meet(`quality-${direct}`, { direct })
    if (direct === 'on') await Promise.all(both.map(isDirect))
    const [a, b] = both
    heardBy(b.network)
    await eventually(async () => {
      await a.peer.send('keeps it active').delivered
      expect(a.peer.quality.rttMs).toBeGreaterThan(0)
    }, PATIENCE_MS)
    expect(a.peer.rttMs).toBe(a.peer.quality.rttMs)
    expect(a.peer.quality.score).toBeGreaterThan(0)
    expect(['excellent', 'good', 'poor', 'lost']).toContain(a.peer.quality.level)
  })

  it('is not hurt by nudges', async () => {
    const both = await meet('nudges')
    await Promise.all(both.map(isDirect))
    const [a, b] = both
    const heard = heardBy(b.network)
    for (let i = 0; i < 50; i++) {
      a.network.nudge()
      if (i % 2 === 0) b.network.nudge()
      await a.peer.send(`${i}`).delivered
    }
    expect(heard).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
    expect([a.network.state, a.peer.state, b.peer.state]).toEqual(['open', 'verified', 'verified'])
  })

  it('stalls while there is no path, and comes back with all messages in order', { timeout: 120_000 }, async () => {
    const own = await startService({ rateLimits: 'off' })
    const networks: Network[] = []
    let back = own
    try {
      for (const name of ['a', 'b']) {
        networks.push(await join(own.roomUrl('stalls'), { name, direct: 'off' }))
      }
      const [a, b] = networks
      if (!a || !b) throw new Error('two networks')
      const heard = heardBy(b)
      const states: string[] = []
      a.on('peer-state', ({ state }) => void states.push(state))
      const peer = await eventually(() => {
        const other = a.peers.get(b.peerId)
        if (!other) throw new Error('not verified yet')
        return other
      }, PATIENCE_MS)
      await peer.send('before').delivered
      await own.close()
      await eventually(() => expect(states).toEqual(['stalled']), PATIENCE_MS)
      expectExplanation(peer.explain(), ['stalled'])
      expect(peer.explain()).toMatchObject({ relayIsUp: false, quality: { level: 'lost' } })
      expect(peer.explain().advice).toContain('room-unreachable')
      const sendings = Array.from({ length: 20 }, (_, i) => peer.send(`while stalled ${i}`))
      back = await startService({ rateLimits: 'off', port: own.port })
      await Promise.all(sendings.map(({ delivered }) => delivered))
      expect(states).toEqual(['stalled', 'verified'])
      expect(heard).toEqual(['before', ...sendings.map((_, i) => `while stalled ${i}`)])
    } finally {
      await Promise.all(networks.map((network) => network.close()))
      await back.close()
    }
  })

  it.each(['off', 'on'] as const)(
    'to a process that was killed ends as lost, and names what was not confirmed (direct: %s)',
    { timeout: 60_000 },
    async (direct) => {
      const a = await joinAs(`killed-${direct}`, { direct, stalledMs: 2_000 })
      const { child, peer } = await echo(a, `killed-${direct}`, direct)
      if (direct === 'on') await isDirect({ network: a, peer })
      await peer.send('confirmed').delivered
      const ends: unknown[] = []
      a.on('peer-left', ({ peer: { id }, reason, unconfirmed }) => void ends.push({ id, reason, unconfirmed }))
      child.kill('SIGKILL')
      const sendings = ['one', 'two'].map((text) => peer.send(text))
      const outcomes = await Promise.allSettled(sendings.map(({ delivered }) => delivered))
      const rejected = { status: 'rejected', reason: { code: 'not-delivered' } }
      expect(outcomes).toMatchObject([rejected, rejected])
      expect(ends).toEqual([{ id: peer.id, reason: 'lost', unconfirmed: [2, 3] }])
      expect(peer.state).toBe('closed')
      await expect(peer.send('too late')).rejects.toMatchObject({ code: 'peer-unknown' })
    },
  )

  it('to a peer that leaves and joins again is a new one', async () => {
    const identity = createIdentity()
    const a = await joinAs('again')
    const heard = heardBy(a)
    for (const word of ['first', 'second']) {
      const b = await joinAs('again', { identity: await identity })
      await eventually(() => expect(b.peers.size).toBe(1), PATIENCE_MS)
      const [peer] = b.peers.values()
      expect(peer?.send(word)).toMatchObject({ id: 1 })
      await eventually(() => expect(heard.at(-1)).toBe(word), PATIENCE_MS)
      await b.close()
      await eventually(() => expect(a.peers.size).toBe(0), PATIENCE_MS)
    }
    expect(heard).toEqual(['first', 'second'])
  })
})
