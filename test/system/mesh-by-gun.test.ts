/**
 * A newcomer whom a Gun relay alone brings to a network that is too large for a connection with everybody. Over Gun no messages go,
 * so not even the question whether somebody wants to be a neighbour.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gunCarrier } from '../../client/carrier/gun/index.ts'
import type { Network } from '../../client/index.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { nodeEngine } from '../../client/node/engine.ts'
import { join } from '../../client/node/index.ts'
import { eventually } from '../support/eventually.ts'
import { startGunRelay, type GunRelay } from '../support/gun-relay.ts'
import { startService, type Service } from '../support/server.ts'

const MEMBERS = 10
const DEGREE = 3
const MEETING_MS = 30_000

let service: Service
let relay: GunRelay
const networks: Network[] = []

beforeAll(async () => {
  ;[service, relay] = await Promise.all([startService({ rateLimits: 'off' }), startGunRelay()])
  for (let i = 0; i < MEMBERS; i++) await enter(1)
  const isLarge = ({ mesh }: Network) => mesh?.isComplete === false && mesh.neighbours.size >= DEGREE
  await eventually(() => expect(networks.every(isLarge)).toBe(true), MEETING_MS)
  await service.close()
})
afterAll(async () => {
  await Promise.all(networks.map((network) => network.close()))
  await relay.close()
})

/** @param rank whoever has the higher one offers */
async function enter(rank: number): Promise<Network> {
  const engine = await nodeEngine()
  if (!engine) throw new Error('node-datachannel is missing: npm ci')
  const network = await join(service.roomUrl('mesh-by-gun'), {
    iceServers: [],
    mesh: createMesh({ degree: DEGREE }),
    carriers: [gunCarrier({ relays: [relay.url] })],
    rtc: { ...engine, rank },
  })
  networks.push(network)
  return network
}

it.each([
  ['offers to nobody', 0],
  ['offers to everybody', 2],
])('becomes a neighbour, and is heard by all, when it %s', async (_who, rank) => {
  const heard = networks.map(() => 0)
  for (const [i, network] of networks.entries()) network.on('broadcast', () => void (heard[i] = (heard[i] ?? 0) + 1))
  const newcomer = await enter(rank)
  await expect.poll(() => newcomer.mesh?.neighbours.size).toBeGreaterThan(0)
  await newcomer.broadcast('here I am')
  await expect.poll(() => heard).toEqual(heard.map(() => 1))
})
