/** What was contributed a moment before a network is left, or its page put away, is told to others all the same. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createIdentity } from '../../client/identity/identity.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import type { SharedLedger } from '../../client/qdag/api.ts'
import { eventually } from '../support/eventually.ts'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

const NETWORK = 'leaving-ledger'
/** The first is said at once; those that follow soon wait, to be said together. */
const TASKS = ['one', 'two', 'three']

let room: ScriptedRoom
let page: EventTarget
const networks: ObservedNetwork[] = []

beforeEach(async () => {
  page = new EventTarget()
  vi.stubGlobal('document', page)
  room = await ScriptedRoom.open(NETWORK)
})
afterEach(async () => {
  await Promise.all(networks.splice(0).map(({ network }) => network.close()))
  await room.close()
  vi.unstubAllGlobals()
})

interface Member extends ObservedNetwork {
  readonly ledger: SharedLedger
}

async function joinWithLedger(): Promise<Member> {
  const identity = await createIdentity()
  const ledger = await openLedger({ network: NETWORK, identity })
  const observed = await joinObserved(room.roomUrl, { identity, ledger, mesh: createMesh() })
  networks.push(observed)
  return { ...observed, ledger }
}

/** Two who hear what is said to everybody. */
async function twoMembers(): Promise<[Member, Member]> {
  const ada = await joinWithLedger()
  const bob = await joinWithLedger()
  await eventually(() => {
    expect(ada.network.gossip?.reaches(bob.network.peerId)).toBe(true)
    expect(ada.network.mesh?.neighbours.size).toBe(1)
    expect([...ada.ledger.syncs().values()]).toEqual(['live'])
  })
  return [ada, bob]
}

async function contributeAll({ network }: Member): Promise<void> {
  for (const taskId of TASKS) await network.contribute({ taskId, computeUnits: 100 })
}

it('by who leaves', async () => {
  const [ada, bob] = await twoMembers()
  await contributeAll(ada)
  await ada.network.close()
  expect(bob.ledger.statistics().entries).toBe(TASKS.length)
})

it('by whose page is put away, while its carriers still work', async () => {
  const [ada] = await twoMembers()
  const carriers: string[] = []
  await contributeAll(ada)
  const { network } = ada
  if (network.gossip) {
    vi.spyOn(network.gossip, 'publish').mockImplementation(() => {
      carriers.push(...network.carriers.filter(({ isUp }) => isUp).map(({ name }) => name))
    })
  }
  page.dispatchEvent(new Event('freeze'))
  expect(carriers).toEqual(['room'])
})
