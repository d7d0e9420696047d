/** Leaving where neighbours are the only way to somebody: what was said last arrives, and so does the goodbye. */
import { afterEach, expect, it } from 'vitest'
import type { JoinOptions, Network } from '../../client/index.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { join } from '../../client/node/index.ts'
import { cuttableEngine } from '../support/cuttable-engine.ts'
import { eventually } from '../support/eventually.ts'
import { startService, type Service } from '../support/server.ts'
import { heardBy } from '../support/two-peers.ts'

const MEETING_MS = 20_000
/** What is acknowledged takes less; what is not is waited for 500 ms. */
const PROMPT_MS = 400

let service: Service | undefined
const networks: Network[] = []
afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()))
  await service?.close()
})

async function enter(options: JoinOptions = {}): Promise<Network> {
  const room = service?.roomUrl('mesh-leaving') ?? ''
  const network = await join(room, { mesh: createMesh(), iceServers: [], ...options })
  networks.push(network)
  return network
}

function meeting(one: Network, other: Network, way: string): Promise<void> {
  return eventually(() => {
    const { path, carrier } = one.peers.get(other.peerId)?.explain() ?? {}
    expect(path?.kind === 'direct' ? 'direct' : carrier).toBe(way)
  }, MEETING_MS)
}

it('has the last words and the goodbye carried, without a room', async () => {
  service = await startService({ rateLimits: 'off' })
  const direct = { isCut: false }
  const ada = await enter({ rtc: await cuttableEngine(direct) })
  const between = await enter()
  await meeting(ada, between, 'direct')
  direct.isCut = true
  const far = await enter()
  await meeting(far, between, 'direct')
  await service.close()
  service = undefined
  await Promise.all([meeting(ada, far, 'neighbours'), meeting(far, ada, 'neighbours')])

  const heard = heardBy(far)
  const left: string[] = []
  for (const network of [far, between]) network.on('peer-left', ({ reason }) => void left.push(reason))
  const { delivered } = ada.send(far.peerId, 'last words')
  const startedMs = performance.now()
  await ada.close()
  expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS)
  await delivered
  expect(heard).toEqual(['last words'])
  await expect.poll(() => left).toEqual(['left', 'left'])
}, 60_000)
