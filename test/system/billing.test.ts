/**
 * What the platform would bill, counted at its borders. A change that makes an idle peer cost something, or a relayed
 * megabyte cost more, fails here and not on somebody's invoice.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import { toBase64Url } from '../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, signGenesis, type Terms } from '../../protocol/genesis.ts'
import { acceptanceMessage, signInvite } from '../../protocol/invite.ts'
import { NEVER_MS } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { networkIdText } from '../../protocol/network.ts'
import { counted, enterRoom, relay } from '../bench/bill.ts'
import { billableObjectRequests } from '../bench/counting/counts.ts'
import { startCounting, type CountingService } from '../bench/counting/hour.ts'
import { edgeNetRoom, newCandidate } from '../bench/load-client.ts'

const HOUR_MS = 3_600_000
const PEERS = 8

let service: CountingService

beforeAll(async () => {
  service = await startCounting()
})
afterAll(() => service.close())

// Before time is moved on, which the SDK would take for a wrong clock of its own.
test('a relayed MiB costs at most five object requests: 64 frames and not half as many acknowledgements', async () => {
  const counts = await relay(service, 1)
  expect(counts.incomingMessages).toBeGreaterThanOrEqual(64)
  expect(billableObjectRequests(counts)).toBeLessThanOrEqual(5)
  expect(counts.rowsWritten).toBe(0)
})

test('a join of a closed network costs no more, except for first uses of invites and a question a minute', async () => {
  const { network, chainFor } = await foundClosedNetwork(PEERS)
  const room = edgeNetRoom(service.port, network)
  const identities = await Promise.all(Array.from({ length: PEERS }, () => createIdentity()))
  const enter = async (some: readonly Identity[]) => {
    const candidates = await Promise.all(
      some.map(async (identity) => newCandidate(network, service.port, { identity, chain: await chainFor(identity) })),
    )
    return counted(service, async () => {
      for (const candidate of candidates) await room.enter(candidate)
    })
  }
  // The isolate has just registered it, and knows nothing of it yet: it asks once.
  const first = await enter(identities.slice(0, 1))
  expect(first.counts.objectRequests).toBe(3)
  const others = await enter(identities.slice(1))
  expect(others.counts.objectRequests).toBe(2 * (PEERS - 1))
  expect(others.counts.rowsWritten).toBeLessThanOrEqual(PEERS + 1)
  const again = await enter(identities)
  expect(again.counts.objectRequests).toBe(PEERS)
  expect(again.counts.rowsWritten).toBe(0)
})

test('a join costs one object request, and an idle hour nothing but the room’s own alarms', async () => {
  const joins = await counted(service, () => enterRoom(service, PEERS))
  expect(joins.counts.objectRequests).toBe(PEERS)
  expect(joins.counts.workerRequests).toBe(2 * PEERS)
  expect(joins.counts.incomingMessages).toBe(0)
  expect(joins.counts.rowsWritten).toBeLessThanOrEqual(2)

  const hour = await counted(service, () => service.pass(HOUR_MS, 'hour', joins.result))
  // Pings are answered without waking the room: whatever reached it would be here.
  expect(hour.counts.incomingMessages).toBe(0)
  expect(hour.counts.workerRequests).toBe(0)
  // Every five minutes the alarm sweeps and reports to the registry; two more follow the joins.
  expect(hour.counts.alarms).toBeGreaterThanOrEqual(12)
  expect(hour.counts.alarms).toBeLessThanOrEqual(14)
  expect(hour.counts.objectRequests).toBeLessThanOrEqual(14)
  expect(hour.counts.rowsWritten).toBeLessThanOrEqual(3 * 14)
  // The peers are still there: an hour in which the room had lost them would be cheap, too.
  expect(hour.counts.closes).toBe(0)
})

async function foundClosedNetwork(uses: number) {
  const [creator, invited] = [await createIdentity(), await createIdentity()]
  const terms: Terms = {
    policy: 'private',
    createdAtMs: Date.now(),
    creator: creator.publicKey,
    name: 'billed',
    description: '',
    parameters: DEFAULT_PARAMETERS,
    approvers: [],
    threshold: 0,
  }
  const genesis = await signGenesis(terms, (message) => creator.sign(message))
  const invite = await signInvite(
    genesis.id,
    { inviteKey: invited.publicKey, expiresAtMs: NEVER_MS, uses },
    (message) => creator.sign(message),
  )
  const response = await fetch(`${service.url}/networks`, { method: 'POST', body: toBase64Url(genesis.bytes) })
  expect(response.status).toBe(201)
  return {
    network: networkIdText(genesis.id),
    chainFor: async ({ publicKey }: Identity) => {
      const acceptance = await invited.sign(acceptanceMessage(genesis.id, publicKey))
      return encodeChain({ kind: 'invite', invite, acceptance })
    },
  }
}
