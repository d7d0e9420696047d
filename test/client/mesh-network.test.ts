/** What a mesh does for its network: everybody hears what is said to all, nobody has too many links, and members are reached by way of others. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { holdTime, pass, releaseTime, until } from '../support/passing-time.ts'
import { keysIn, MeshWorld, selfOf, type Keys, type MeshMember } from '../support/mesh-world.ts'

const MOST = 16
const DEGREE = 4
/** A carrier's place in the order of resort. */
const GUN = 2
/** Room for newcomers above the degree. */
const MAX_NEIGHBOURS = DEGREE + DEGREE / 2

let network: Bytes
let keys: readonly Keys[]
let world: MeshWorld

beforeAll(async () => {
  network = await sha256(utf8('mesh'))
  keys = await Promise.all(Array.from({ length: MOST }, (_, i) => keysIn(network, `member ${i}`)))
})
afterEach(() => world.close())

/** Members who are in one room, as many links as they like. */
async function meshOf(count: number, degree = DEGREE): Promise<readonly MeshMember[]> {
  world = new MeshWorld()
  const members = keys.slice(0, count).map((own) => world.add(selfOf(own), { degree }))
  for (const member of members) member.join().carry()
  world.tellTotal()
  // Whoever joins is told of some who are there.
  for (const [i, member] of members.entries())
    for (const other of members.slice(Math.max(0, i - 8), i)) member.told(other)
  await expect.poll(() => members.every(isSatisfied), { interval: 20 }).toBe(true)
  return members
}

/** Members who were in a room that is gone, and somebody who has just come. */
async function newcomerWithoutRoom(): Promise<{ members: readonly MeshMember[]; newcomer: MeshMember }> {
  const members = await meshOf(MOST - 1)
  world.hasRoom = false
  const own = selfOf(keys[MOST - 1] as Keys)
  return { members, newcomer: world.add(own, { degree: DEGREE }).join().carry() }
}

function isSatisfied({ mesh }: MeshMember): boolean {
  return mesh.neighbours.size >= Math.min(world.members.size - 1, DEGREE)
}

/** Somebody to whom this one has no link. */
function stranger(member: MeshMember): MeshMember {
  const found = [...world.members.values()].find((other) => other !== member && !member.peers.has(other.peerId))
  if (!found) throw new Error('everybody is linked to everybody')
  return found
}

describe('in a small network', () => {
  it('everybody is a neighbour of everybody, and hears texts and bytes once, but not its own', async () => {
    const members = await meshOf(5)
    for (const { mesh } of members) expect(mesh.isComplete).toBe(true)
    const [ada, ...others] = members as [MeshMember, ...MeshMember[]]
    await ada.mesh.broadcast('to all')
    await ada.mesh.broadcast(Uint8Array.of(1, 2, 3))
    for (const other of others) {
      await expect.poll(() => other.words.length).toBe(2)
      expect(other.words).toEqual(['to all', Uint8Array.of(1, 2, 3)])
      expect(other.heardWords[0]?.from).toMatchObject({ id: ada.peerId, name: 'member 0' })
    }
    expect(ada.words).toEqual([])
    expect(members.flatMap(({ blames, failures }) => [...blames, ...failures])).toEqual([])
  })

  it('a client without a mesh keeps its link, and nobody blames it', async () => {
    const [ada] = await meshOf(3)
    const plain = world.add(selfOf(await keysIn(network, 'plain')))
    if (ada) world.connect(ada, plain)
    await ada?.mesh.broadcast('is heard by meshes')
    await expect.poll(() => [...world.members.values()].filter(({ words }) => words.length > 0).length).toBe(2)
    expect(plain.peers.size).toBe(1)
    expect(ada?.blames).toEqual([])
  })
})

describe('in a network that is larger than that', () => {
  it('everybody has some neighbours, and everybody hears everything', async () => {
    const members = await meshOf(MOST)
    for (const { mesh } of members) {
      expect(mesh.isComplete).toBe(false)
      expect(mesh.neighbours.size).toBeLessThanOrEqual(MAX_NEIGHBOURS)
    }
    await Promise.all(members.map(({ mesh }, i) => mesh.broadcast(`${i}`)))
    const all = members.map((_, i) => `${i}`)
    for (const [i, member] of members.entries()) {
      await expect.poll(() => member.words.length).toBe(MOST - 1)
      expect(new Set(member.words)).toEqual(new Set(all.filter((word) => word !== `${i}`)))
    }
    expect(members.flatMap(({ blames }) => blames)).toEqual([])
  })

  it('the founder says how many neighbours there are, and nobody has more than he says', async () => {
    world = new MeshWorld()
    const members = keys.map((own, i) => world.add(selfOf(own), { founded: 3, ...(i % 2 === 0 && { degree: 32 }) }))
    for (const member of members) member.join().carry()
    world.tellTotal()
    for (const [i, member] of members.entries())
      for (const other of members.slice(Math.max(0, i - 8), i)) member.told(other)
    await expect.poll(() => members.every(({ mesh }) => mesh.neighbours.size >= 3), { interval: 20 }).toBe(true)
    for (const { mesh } of members) expect(mesh.neighbours.size).toBeLessThanOrEqual(5)
  })

  it('a member without a link is reached over neighbours when there is no room', async () => {
    const members = await meshOf(MOST)
    world.hasRoom = false
    const [ada] = members as [MeshMember]
    const far = stranger(ada)
    const [first, second] = await Promise.all([ada.mesh.reach(far.peerId), ada.mesh.reach(far.peerId)])
    expect(first.id).toBe(far.peerId)
    expect(second).toBe(first)
    expect(await ada.mesh.reach(far.peerId)).toBe(first)
    expect(far.peers.has(ada.peerId)).toBe(true)
  })

  it('a newcomer that knows one member comes in without the room, and everybody hears it', async () => {
    const { members, newcomer } = await newcomerWithoutRoom()
    world.connect(newcomer, members[0] as MeshMember)
    await expect.poll(() => newcomer.mesh.neighbours.size, { interval: 20 }).toBeGreaterThanOrEqual(2)
    await newcomer.mesh.broadcast('here I am')
    await expect.poll(() => members.every((member) => member.words.includes('here I am'))).toBe(true)
  })

  it('a newcomer to whom many show themselves without a room knows that it is one of many', async () => {
    const { members, newcomer } = await newcomerWithoutRoom()
    const wasComplete: boolean[] = []
    vi.spyOn(newcomer, 'link').mockImplementation(async () => {
      wasComplete.push(newcomer.mesh.isComplete)
      return true
    })
    expect(newcomer.mesh.isComplete).toBe(true)
    for (const member of members) newcomer.mesh.told(member.announcement(), GUN)
    await expect.poll(() => wasComplete.length).toBeGreaterThan(MOST / 2)
    expect(newcomer.mesh.isComplete).toBe(false)
    // A small network's limit, and a quarter beyond.
    expect(wasComplete.filter(Boolean).length).toBeLessThanOrEqual(1.25 * 2 * DEGREE)
  })

  it('what is said goes on when neighbours have died', async () => {
    const members = await meshOf(MOST)
    const [ada, ...others] = members as [MeshMember, ...MeshMember[]]
    for (const dead of others.slice(0, 5)) world.remove(dead)
    world.tellTotal()
    const alive = others.slice(5)
    await expect.poll(() => alive.every(({ mesh }) => mesh.neighbours.size >= 2), { interval: 20 }).toBe(true)
    await ada.mesh.broadcast('still here')
    await expect.poll(() => alive.every((member) => member.words.includes('still here'))).toBe(true)
  })
})

describe('reaching', () => {
  it('fails for nonsense, for oneself, and in the end for those whom nobody knows', async () => {
    holdTime()
    try {
      world = new MeshWorld()
      world.hasRoom = false
      const [ada, bob] = keys.slice(0, 2).map((own) => world.add(selfOf(own)).join()) as [MeshMember, MeshMember]
      world.connect(ada, bob)
      await until(() => expect(ada.mesh.neighbours.size).toBe(1))
      const unknown = expect.objectContaining({ code: 'peer-unknown', reason: 'unreachable' })
      await expect(ada.mesh.reach('nonsense' as PeerId)).rejects.toEqual(unknown)
      await expect(ada.mesh.reach(ada.peerId)).rejects.toEqual(unknown)
      const reaching = expect(ada.mesh.reach((await keysIn(network, 'nobody')).peerId)).rejects.toEqual(unknown)
      await pass(11_000)
      await reaching
    } finally {
      releaseTime()
    }
  })

  it('makes a new link when the one that there is is being ended', async () => {
    holdTime()
    try {
      world = new MeshWorld()
      const [ada, bob] = keys.slice(0, 2).map((own) => world.add(selfOf(own))) as [MeshMember, MeshMember]
      ada.join().emit('total', { total: 100 })
      world.connect(ada, bob)
      const ending = ada.peers.get(bob.peerId)
      let reaching: Promise<unknown> | undefined
      const release = ada.release.bind(ada)
      ada.release = (id) => {
        release(id)
        reaching ??= ada.mesh.reach(id)
      }
      await pass(30_000, 1_000)
      await until(() => expect(reaching).toBeDefined())
      await pass(2_000)
      expect(await reaching).toBe(ada.peers.get(bob.peerId))
      expect(await reaching).not.toBe(ending)
    } finally {
      releaseTime()
    }
  })

  it('fails at once for somebody without neighbours', async () => {
    world = new MeshWorld()
    const [own, other] = keys as readonly [Keys, Keys]
    const alone = world.add(selfOf(own)).join()
    await expect(alone.mesh.reach(other.peerId)).rejects.toMatchObject({ code: 'peer-unknown' })
  })

  it('ends with the network', async () => {
    const [ada] = (await meshOf(3)) as readonly [MeshMember]
    const reaching = ada.mesh.reach((await keysIn(network, 'nobody')).peerId)
    ada.close()
    await expect(reaching).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a mesh', () => {
  it('is of one network at a time', async () => {
    world = new MeshWorld()
    const [first, second] = keys as readonly [Keys, Keys]
    const ada = world.add(selfOf(first)).join()
    const bob = world.add(selfOf(second))
    expect(() => ada.mesh.attach(bob)).toThrow(EdgeNetError)
    ada.mesh.detach()
    expect(ada.mesh.neighbours.size).toBe(0)
    await expect(ada.mesh.broadcast('nobody')).rejects.toMatchObject({ code: 'aborted' })
    ada.mesh.gossip.publish(16, Uint8Array.of(1))
    ada.mesh.attach(bob)
    ada.mesh.detach()
  })

  it.each([2, 33, 4.5, Number.NaN, '8'])('has no degree of %s', (degree) => {
    world = new MeshWorld()
    expect(() => createMesh({ degree: degree as number })).toThrow(expect.objectContaining({ reason: 'degree' }))
  })

  it('is quiet while it is put away, and goes on afterwards', async () => {
    const members = await meshOf(4)
    const [ada, bob] = members as readonly [MeshMember, MeshMember]
    for (const { mesh } of members) mesh.suspend()
    for (const { mesh } of members) mesh.resume()
    await ada.mesh.broadcast('back')
    await expect.poll(() => bob.words).toEqual(['back'])
  })
})

describe('a neighbour whose link takes nothing', () => {
  it('has a bounded amount waiting, and others hear all the same', async () => {
    const members = await meshOf(4)
    const [ada, slow, ...others] = members as [MeshMember, MeshMember, ...MeshMember[]]
    ada.stuck.add(slow.peerId)
    let waiting = 0
    const send = ada.send.bind(ada)
    ada.send = (to, data, options) => {
      if (to === slow.peerId) waiting += (data as Bytes).length
      return send(to, data, options)
    }
    const long = new Uint8Array(12_288)
    for (let i = 0; i < 40; i++) await ada.mesh.broadcast(long)
    for (const other of others) await expect.poll(() => other.heardWords.length).toBe(40)
    expect(waiting).toBeGreaterThan(100_000)
    expect(waiting).toBeLessThan(300_000)
    // And so does the slow one, by way of the others.
    await expect.poll(() => slow.heardWords.length).toBe(40)
  })
})

describe('gossip of others', () => {
  it('is judged by whoever takes the topic, once, and passed on as it says', async () => {
    const members = await meshOf(3)
    const [ada, bob, eve] = members as readonly [MeshMember, MeshMember, MeshMember]
    const seen: number[] = []
    bob.mesh.gossip.take(20, ([first = 0]) => (seen.push(first), 'accept'))
    const stop = eve.mesh.gossip.take(20, () => {
      throw new Error('a judge that fails')
    })
    ada.mesh.gossip.publish(20, Uint8Array.of(7))
    await expect.poll(() => [seen, eve.failures.length]).toEqual([[7], 1])
    expect(eve.blames).toEqual([])
    stop()
    ada.mesh.gossip.publish(20, Uint8Array.of(8))
    await expect.poll(() => seen).toEqual([7, 8])
  })

  it('has bounds', async () => {
    const [ada] = (await meshOf(2)) as readonly [MeshMember]
    const { gossip } = ada.mesh
    expect(() => gossip.publish(0, Uint8Array.of(1))).toThrow(expect.objectContaining({ reason: 'topic' }))
    expect(() => gossip.publish(256, Uint8Array.of(1))).toThrow(expect.objectContaining({ reason: 'topic' }))
    expect(() => gossip.publish(1.5, Uint8Array.of(1))).toThrow(expect.objectContaining({ reason: 'topic' }))
    expect(() => gossip.take(0, () => 'accept')).toThrow(expect.objectContaining({ reason: 'topic' }))
    const tooLong = new Uint8Array(16_385)
    expect(() => gossip.publish(16, tooLong)).toThrow(expect.objectContaining({ code: 'message-too-large' }))
    await expect(ada.mesh.broadcast(new Uint8Array(12_289))).rejects.toMatchObject({ code: 'message-too-large' })
    await ada.mesh.broadcast('x'.repeat(12_288))
  })
})
