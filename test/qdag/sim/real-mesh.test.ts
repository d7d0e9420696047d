/**
 * Twenty-four ledgers over real meshes, of eight neighbours each, over links with the delays of a continent: what is contributed is
 * everywhere, and how often it comes and what that costs is counted, beside ledgers that tell every peer.
 */
import { afterEach, expect, it } from 'vitest'
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import { decodeMessage as decodeMeshMessage } from '../../../client/mesh/messages.ts'
import { decodeBatch } from '../../../client/qdag/batch.ts'
import { openLedger, type SharedLedger } from '../../../client/qdag/index.ts'
import { networkIdOf } from '../../../client/qdag/network-id.ts'
import { decodeMessage } from '../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'
import { keysIn, MeshWorld, selfOf, type MeshMember } from '../../support/mesh-world.ts'
import { Random } from '../../sim/random.ts'

const MEMBERS = 24
const DEGREE = 8
const NETWORK = 'ledgers-of-a-mesh'
const LEDGER_CHANNEL = 2
const MESH_CHANNEL = 4
const ENTRIES_TOPIC = 2
/**
 * Three neighbours push it, and whoever contributes pushes it to the other neighbours as well: in a mesh as small as this one
 * they are a fifth of all members, in one of a thousand a two-hundredth.
 */
const EAGER = 3
const MAX_COPIES = EAGER + (DEGREE - EAGER) / (MEMBERS - 1)
const LINK_MS = [10, 60] as const
const WARM_UP_ENTRIES = 40
const ENTRIES = 120
/** Of all members together. */
const ENTRY_INTERVAL_MS = 100
const TIMEOUT_MS = 120_000

interface Count {
  copies: number
  ledgerBytes: number
  meshBytes: number
}

const open: { readonly close: () => unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

it(
  'has an entry come to each member three times at most, not counting what its contributor says to more than three',
  { timeout: TIMEOUT_MS },
  async () => {
    const gossiped = await measure(true)
    const flooded = await measure(false)
    // Vitest hides the console of what passes.
    process.stdout.write(`gossip: ${told(gossiped)}\neverybody tells all peers: ${told(flooded)}\n`)
    expect(copiesOf(gossiped)).toBeLessThanOrEqual(MAX_COPIES)
    expect(copiesOf(gossiped)).toBeLessThan(copiesOf(flooded))
  },
)

const copiesOf = ({ copies }: Count): number => copies / (ENTRIES * (MEMBERS - 1))

function told(count: Count): string {
  const each = (bytes: number): string => `${(bytes / MEMBERS / ENTRIES).toFixed()} B`
  return `${copiesOf(count).toFixed(2)} copies an entry and member; ledger ${each(count.ledgerBytes)}, mesh ${each(count.meshBytes)} sent an entry and member`
}

async function measure(hasGossip: boolean): Promise<Count> {
  const world = new MeshWorld()
  const random = new Random(1)
  const count: Count = { copies: 0, ledgerBytes: 0, meshBytes: 0 }
  const pairs: { readonly member: MeshMember; readonly ledger: SharedLedger }[] = []
  for (let i = 0; i < MEMBERS; i++) {
    const keys = await keysIn(await networkIdOf(NETWORK), `member ${i}`)
    const member = world.add(selfOf(keys), { degree: DEGREE })
    slowDown(world, member, random, count)
    pairs.push({ member, ledger: await openLedger({ network: NETWORK, identity: keys.identity }) })
  }
  open.push({ close: () => Promise.all(pairs.map(({ ledger }) => ledger.close())).then(() => world.close()) })
  const members = pairs.map(({ member }) => member)
  for (const { member, ledger } of pairs) {
    member.join().carry()
    ledger.attach({
      peers: member.peers,
      channel: (channel, handler) => member.channel(channel, ({ peer, data }) => handler({ peer, data })),
      on: (type, handler) => member.on(type, handler),
      send: (peer, data, options) => member.send(peer, data, options),
      ...(hasGossip && { gossip: member.mesh.gossip }),
    })
  }
  world.tellTotal()
  for (const [i, member] of members.entries())
    for (const other of members.slice(Math.max(0, i - DEGREE), i)) member.told(other)
  await expect.poll(() => members.every(({ mesh }) => mesh.neighbours.size >= DEGREE)).toBe(true)
  await contribute(
    pairs.map(({ ledger }) => ledger),
    random,
    WARM_UP_ENTRIES,
  )
  Object.assign(count, { copies: 0, ledgerBytes: 0, meshBytes: 0 })
  await contribute(
    pairs.map(({ ledger }) => ledger),
    random,
    ENTRIES,
  )
  return { ...count }
}

/** One now and then, by whom chance picks; ends when all have all. */
async function contribute(ledgers: readonly SharedLedger[], random: Random, entries: number): Promise<void> {
  const before = ledgers[0]?.statistics().entries ?? 0
  for (let i = 0; i < entries; i++) {
    await random.pick(ledgers).contribute({ taskId: `task ${before + i}`, computeUnits: 100 })
    await new Promise((resolve) => void setTimeout(resolve, ENTRY_INTERVAL_MS))
  }
  await expect
    .poll(() => new Set(ledgers.map((ledger) => ledger.statistics().entries)), { timeout: TIMEOUT_MS })
    .toEqual(new Set([before + entries]))
  expect(new Set(ledgers.map((ledger) => ledger.statistics().digest)).size).toBe(1)
}

/** What it sends takes its time on each link, in order; and is counted. */
function slowDown(world: MeshWorld, member: MeshMember, random: Random, count: Count): void {
  const delays = new Map<PeerId, number>()
  member.send = (to, data, options) => {
    const { channel = 0 } = options ?? {}
    const bytes = (data as Bytes).slice()
    if (channel === LEDGER_CHANNEL) count.ledgerBytes += bytes.length
    if (channel === MESH_CHANNEL) count.meshBytes += bytes.length
    count.copies += entriesIn(channel, bytes)
    const delayMs = delays.get(to) ?? random.between(...LINK_MS)
    delays.set(to, delayMs)
    const taken = new Promise<void>((resolve) => {
      setTimeout(() => {
        world.members.get(to)?.arrived(member.peerId, channel, bytes)
        resolve()
      }, delayMs)
    })
    return Object.assign(taken, { id: 0, delivered: taken })
  }
}

function entriesIn(channel: number, bytes: Bytes): number {
  let batch: Bytes | undefined
  if (channel === LEDGER_CHANNEL) {
    const message = decodeMessage(bytes)
    if (message?.kind === 'qdag_entries' || message?.kind === 'qdag_sync_response') batch = message.batch
  } else if (channel === MESH_CHANNEL) {
    const message = decodeMeshMessage(bytes)
    if (message?.kind === 'mesh_gossip' && message.body.topic === ENTRIES_TOPIC) batch = message.body.payload
  }
  return (batch && batch.length > 0 && decodeBatch(batch, sha256)?.length) || 0
}
