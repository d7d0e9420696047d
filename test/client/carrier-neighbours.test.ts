/** Neighbours pass what every carrier must. The two who talk have no link to each other: others carry for them. */
import { describe, it } from 'vitest'
import { carrierScenarios, type CarrierWorld } from '../../client/carrier/acceptance.ts'
import type { Carrier, CarrierSelf } from '../../client/carrier/carrier.ts'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { keysIn, MeshWorld, selfOf, type MeshMember } from '../support/mesh-world.ts'

/** Who carries for the others. */
const CARRYING = 2

class NeighbourWorld implements CarrierWorld {
  readonly #worlds = new Map<string, { readonly world: MeshWorld; readonly carrying: MeshMember[] }>()

  async open(self: CarrierSelf): Promise<Carrier> {
    const { world, carrying } = await this.#network(self.networkId)
    const member = world.add({ ...selfLike(self), sign: () => Promise.reject(new Error('nobody speaks here')) })
    member.join()
    for (const other of carrying) world.connect(member, other)
    return member.mesh.carrier
  }

  async cut(): Promise<void> {
    for (const { world } of this.#worlds.values()) {
      for (const one of world.members.values()) for (const id of one.peers.keys()) one.move(id, 'relay')
    }
  }

  async mend(): Promise<void> {
    for (const { world } of this.#worlds.values()) {
      for (const one of world.members.values()) for (const id of one.peers.keys()) one.move(id, 'direct')
    }
  }

  /** Somebody who is a member says what no mesh says, and what is none of its business. */
  async litter(network: Bytes): Promise<void> {
    const { world } = await this.#network(network)
    const stranger = world.add(selfOf(await keysIn(network, 'stranger')))
    for (const other of world.members.values()) {
      world.connect(stranger, other)
      for (let kind = 0; kind < 16; kind++) {
        void stranger.send(other.peerId, Uint8Array.of(kind, ...new Uint8Array(60).fill(kind)), { channel: 4 })
      }
    }
  }

  async close(): Promise<void> {
    for (const { world } of this.#worlds.values()) world.close()
  }

  async #network(id: Bytes): Promise<{ readonly world: MeshWorld; readonly carrying: MeshMember[] }> {
    const key = toBase64Url(id)
    const known = this.#worlds.get(key)
    if (known) return known
    const world = new MeshWorld()
    world.hasRoom = false
    world.isSealed = true
    const made: { world: MeshWorld; carrying: MeshMember[] } = { world, carrying: [] }
    this.#worlds.set(key, made)
    const keys = await Promise.all(Array.from({ length: CARRYING }, (_, i) => keysIn(id, `carrying ${i}`)))
    for (const own of keys) {
      const member = world.add(selfOf(own)).join()
      const before = made.carrying.at(-1)
      made.carrying.push(member)
      if (before) world.connect(before, member)
    }
    return made
  }
}

function selfLike(self: CarrierSelf): Pick<CarrierSelf, 'networkId' | 'peerId' | 'announcement'> {
  return { networkId: self.networkId, peerId: self.peerId, announcement: () => self.announcement() }
}

describe('neighbours as a carrier', () => {
  const scenarios = carrierScenarios(() => new NeighbourWorld(), { patienceMs: 20_000 })
  for (const { name, run } of scenarios) it(name, run)
})
