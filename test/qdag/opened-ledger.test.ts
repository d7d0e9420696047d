/** A ledger as an application uses it: alone, and shared by two. Real signatures, real verifiers, no network. */
import { afterEach, describe, expect, it } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import type { LedgerEntry, SharedLedger } from '../../client/qdag/api.ts'
import { networkIdOf } from '../../client/qdag/network-id.ts'
import type { OpenLedgerOptions } from '../../client/qdag/open-ledger.ts'
import { signReceipt } from '../../client/qdag/receipt.ts'
import { MemoryPlace, MemoryStore } from '../../client/qdag/stores/memory-store.ts'
import { eventually } from '../support/eventually.ts'
import { loopback } from './support/loopback.ts'

const NETWORK = 'ledger-test'
const open: SharedLedger[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((ledger) => ledger.close()))
})

async function ledgerOf(options: Partial<OpenLedgerOptions> = {}): Promise<SharedLedger> {
  const ledger = await openLedger({ network: NETWORK, ...options })
  open.push(ledger)
  return ledger
}

async function allOf(entries: AsyncIterable<LedgerEntry>): Promise<LedgerEntry[]> {
  const all: LedgerEntry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

async function contributeMany(ledger: SharedLedger, name: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await ledger.contribute({ taskId: `${name}/${i}`, computeUnits: 100 * (i + 1) })
}

function agree(...ledgers: readonly SharedLedger[]): Promise<void> {
  return eventually(() => {
    const digests = new Set(ledgers.map((ledger) => ledger.statistics().digest))
    if (digests.size > 1) throw new Error('the ledgers differ')
  }, 10_000)
}

describe('a ledger alone', () => {
  it('records what was contributed, one building on the other', async () => {
    const identity = await createIdentity()
    const ledger = await ledgerOf({ identity })
    const told: string[] = []
    ledger.on('entry', ({ entry, isOwn }) => void told.push(`${entry.taskId} ${isOwn}`))
    const first = await ledger.contribute({ taskId: 'a', computeUnits: 250 })
    const second = await ledger.contribute({ taskId: 'b', computeUnits: 99 })
    expect(first).toMatchObject({ contributor: identity.siteId, seq: 0, parents: [], credits: 2, isConfirmed: false })
    expect(second).toMatchObject({ seq: 1, prev: first.id, writer: first.writer, credits: 0 })
    expect(second.tsMs).toBeGreaterThan(first.tsMs)
    expect(ledger.statistics()).toMatchObject({ entries: 2, tips: 1, credits: 2, contributors: 1, confirmedEntries: 0 })
    expect(ledger.contributor(identity.siteId)).toMatchObject({ entries: 2, credits: 2, isForked: false })
    expect(await ledger.entry(first.id)).toEqual(first)
    expect(ledger.tips()).toEqual([second.id])
    expect(await ledger.recent(1)).toEqual([second])
    expect(told).toEqual(['a true', 'b true'])
    expect(await ledger.verify()).toEqual({ entries: 2, faults: [] })
  })

  it('credits a task once, at the least that was claimed for it', async () => {
    const identity = await createIdentity()
    const ledger = await ledgerOf({ identity })
    await ledger.contribute({ taskId: 'same', computeUnits: 900 })
    await ledger.contribute({ taskId: 'same', computeUnits: 400 })
    await ledger.contribute({ taskId: 'same', computeUnits: 700 })
    expect(ledger.contributor(identity.siteId)).toMatchObject({ entries: 3, credits: 4 })
  })

  it('tells attested credits apart, and takes no receipt that does not hold', async () => {
    const [worker, requester] = [await createIdentity(), await createIdentity()]
    const ledger = await ledgerOf({ identity: worker })
    const networkId = await networkIdOf(NETWORK)
    const work = { contributor: worker.siteId, taskId: 'asked', computeUnits: 300, resultHash: worker.siteId }
    const receipt = await signReceipt(requester, networkId, work)
    await ledger.contribute({ taskId: 'asked', computeUnits: 300, receipt })
    await ledger.contribute({ taskId: 'not asked', computeUnits: 500 })
    expect(ledger.contributor(worker.siteId)).toMatchObject({ credits: 8, attestedCredits: 3 })
    await expect(ledger.contribute({ taskId: 'asked', computeUnits: 301, receipt })).rejects.toMatchObject({
      code: 'invalid-argument',
      reason: 'receipt',
    })
    expect(ledger.statistics().entries).toBe(2)
  })

  it.each([
    [{ taskId: '', computeUnits: 1 }, 'taskId'],
    [{ taskId: 'x'.repeat(65), computeUnits: 1 }, 'taskId'],
    [{ taskId: 'ok', computeUnits: -1 }, 'computeUnits'],
    [{ taskId: 'ok', computeUnits: 0.5 }, 'computeUnits'],
    [{ taskId: 'ok', computeUnits: 2 ** 41 }, 'computeUnits'],
    [{ taskId: 'ok', computeUnits: 1, receipt: { requester: '?', resultHash: '', signature: '' } }, 'receipt'],
  ])('refuses %j', async (contribution, reason) => {
    const ledger = await ledgerOf({ identity: await createIdentity() })
    const refused = ledger.contribute(contribution)
    await expect(refused).rejects.toBeInstanceOf(EdgeNetError)
    await expect(refused).rejects.toMatchObject({ code: 'invalid-argument', reason })
    expect(ledger.statistics().entries).toBe(0)
  })

  it('can be read without an identity, but not written', async () => {
    const ledger = await ledgerOf()
    await expect(ledger.contribute({ taskId: 'x', computeUnits: 1 })).rejects.toMatchObject({ reason: 'identity' })
    await expect(ledgerOf({ network: 'No Network' })).rejects.toMatchObject({ reason: 'network' })
    expect(() => ledger.contributor('nobody')).toThrow(EdgeNetError)
  })

  it('comes back as it was from where it is kept, and goes on where it stopped', async () => {
    const identity = await createIdentity()
    const place = new MemoryPlace()
    const before = await ledgerOf({ identity, store: new MemoryStore(place) })
    await contributeMany(before, 'kept', 1_500)
    const statistics = before.statistics()
    await before.close()
    await expect(before.contribute({ taskId: 'late', computeUnits: 1 })).rejects.toMatchObject({ code: 'aborted' })
    const after = await ledgerOf({ identity, store: new MemoryStore(place) })
    expect(after.statistics()).toEqual(statistics)
    const next = await after.contribute({ taskId: 'next', computeUnits: 1 })
    expect(next.seq).toBe(1_500)
    expect(after.statistics().forkedContributors).toBe(0)
  })

  it('says that a part of it was damaged, and goes on with the rest', async () => {
    const place = new MemoryPlace()
    const before = await ledgerOf({ identity: await createIdentity(), store: new MemoryStore(place) })
    await contributeMany(before, 'damaged', 1_100)
    await before.close()
    place.segments[1]?.fill(0, 100, 200)
    const after = await ledgerOf({ store: new MemoryStore(place) })
    const errors: string[] = []
    after.on('error', ({ error }) => void errors.push(`${error.code} ${error.reason}`))
    expect(errors).toEqual(['ledger-failed damaged'])
    expect(after.statistics().entries).toBe(1_024)
  })

  it('answers questions by contributor, task and time', async () => {
    const identity = await createIdentity()
    const ledger = await ledgerOf({ identity })
    await contributeMany(ledger, 'q', 5)
    const all = await allOf(ledger.entries())
    expect(all.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4])
    expect(await allOf(ledger.entries({ taskId: 'q/3' }))).toEqual([all[3]])
    expect(await allOf(ledger.entries({ contributor: identity.siteId }))).toEqual(all)
    expect(await allOf(ledger.entries({ fromMs: all[2]?.tsMs ?? 0, untilMs: all[4]?.tsMs ?? 0 }))).toEqual(
      all.slice(2, 4),
    )
    expect(await allOf(ledger.entries({ isConfirmed: true }))).toEqual([])
  })

  it('goes into lines and comes back from them, and takes nothing that is not genuine', async () => {
    const ledger = await ledgerOf({ identity: await createIdentity() })
    await contributeMany(ledger, 'line', 20)
    const lines: string[] = []
    for await (const line of ledger.export()) lines.push(line)
    const copy = await ledgerOf()
    const forged = lines[4]?.replace(/"computeUnits":\d+/, '"computeUnits":9') ?? ''
    const report = await copy.import([...lines.slice(0, 3), '', 'no json', forged, ...lines.slice(2)])
    expect(report).toMatchObject({ added: 20, known: 1, orphans: 0 })
    expect(report.rejected.map(({ line }) => line)).toEqual([5, 6])
    expect(copy.statistics().digest).toBe(ledger.statistics().digest)
    const foreign = await ledgerOf({ network: 'another-network' })
    const refused = await foreign.import(lines)
    expect(refused.added).toBe(0)
    expect(refused.rejected).toHaveLength(20)
    expect(refused.rejectedMore).toBe(0)
  })

  it('lists a thousand of the lines that it refuses, and counts the others', async () => {
    const ledger = await ledgerOf()
    const { rejected, rejectedMore } = await ledger.import(Array.from({ length: 1_234 }, () => 'no json'))
    expect(rejected.map(({ line }) => line)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1))
    expect(rejectedMore).toBe(234)
  })
})

describe('two ledgers that meet', () => {
  let identities: readonly [Identity, Identity]

  async function two(): Promise<readonly [SharedLedger, SharedLedger]> {
    identities = [await createIdentity(), await createIdentity()]
    return [await ledgerOf({ identity: identities[0] }), await ledgerOf({ identity: identities[1] })]
  }

  it('agree on everything, whoever has more', async () => {
    const [a, b] = await two()
    await contributeMany(a, 'a', 1_200)
    await contributeMany(b, 'b', 700)
    loopback(a, b)
    await agree(a, b)
    expect(a.statistics()).toEqual(b.statistics())
    expect(a.statistics()).toMatchObject({ entries: 1_900, contributors: 2, orphans: 0, parked: 0 })
    expect(a.contributors()).toEqual(b.contributors())
    expect((await b.verify()).faults).toEqual([])
  })

  it('tell each other at once of what is new, and go on after a parting', async () => {
    const [a, b] = await two()
    const wire = loopback(a, b)
    await eventually(() => expect([...a.syncs().values()]).toEqual(['live']))
    await Promise.all([contributeMany(a, 'a', 20), contributeMany(b, 'b', 20)])
    await agree(a, b)
    wire.part()
    expect(a.syncs().size).toBe(0)
    await Promise.all([contributeMany(a, 'apart', 300), contributeMany(b, 'apart too', 5)])
    wire.meet()
    await agree(a, b)
    expect(a.statistics()).toMatchObject({ entries: 345, forkedContributors: 0 })
  })

  it('need two messages and three hundred bytes when they have the same', async () => {
    const [a, b] = await two()
    await contributeMany(a, 'a', 50)
    const wire = loopback(a, b)
    await agree(a, b)
    await eventually(() => expect([...a.syncs().values(), ...b.syncs().values()]).toEqual(['live', 'live']))
    wire.part()
    const before = wire.ends.map(({ sentMessages, sentBytes }) => ({ sentMessages, sentBytes }))
    wire.meet()
    await eventually(() => expect([...a.syncs().values(), ...b.syncs().values()]).toEqual(['live', 'live']))
    const messages = wire.ends.map((end, i) => end.sentMessages - (before[i]?.sentMessages ?? 0))
    const bytes = wire.ends.map((end, i) => end.sentBytes - (before[i]?.sentBytes ?? 0))
    expect(messages).toEqual([1, 1])
    expect((bytes[0] ?? 0) + (bytes[1] ?? 0)).toBeLessThanOrEqual(300)
  })

  it('confirm an entry when enough others have built on it', async () => {
    const [a, b] = [await createIdentity(), await createIdentity()]
    const [one, other] = [
      await ledgerOf({ identity: a, confirmations: 1 }),
      await ledgerOf({ identity: b, confirmations: 1 }),
    ]
    loopback(one, other)
    const confirmed: string[] = []
    one.on('confirmed', ({ id, contributor }) => void confirmed.push(`${contributor} ${id}`))
    const entry = await one.contribute({ taskId: 'mine', computeUnits: 100 })
    await agree(one, other)
    await other.contribute({ taskId: 'yours', computeUnits: 100 })
    await eventually(() => expect(confirmed).toEqual([`${a.siteId} ${entry.id}`]))
    expect(await one.entry(entry.id)).toMatchObject({ isConfirmed: true })
  })

  it('see a fork when one identity writes the same number twice, and hold a proof of it', async () => {
    const identity = await createIdentity()
    const place = new MemoryPlace()
    const original = await ledgerOf({ identity, store: new MemoryStore(place) })
    // A copy of the place, as of a disk: both think that they are the writer.
    const copied = structuredClone({ writers: place.writers, own: place.own })
    const copy = new MemoryPlace()
    for (const [name, writer] of copied.writers) copy.writers.set(name, writer)
    const twin = await ledgerOf({ identity, store: new MemoryStore(copy) })
    await original.contribute({ taskId: 'one', computeUnits: 100 })
    await twin.contribute({ taskId: 'two', computeUnits: 100 })
    const forks: string[] = []
    original.on('fork', ({ contributor, seq }) => void forks.push(`${contributor} ${seq}`))
    loopback(original, twin)
    await agree(original, twin)
    await eventually(() => expect(forks).toEqual([`${identity.siteId} 0`]))
    const [proof] = await original.forks()
    expect(proof).toMatchObject({ contributor: identity.siteId, seq: 0 })
    expect(original.contributor(identity.siteId)?.isForked).toBe(true)
  })
})
