/** What a sync costs, to the byte: two replicas in memory that have about a hundred thousand entries each. */
import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { decodeBatch } from '../../client/qdag/batch.ts'
import { decodeMessage } from '../../client/qdag/sync/messages.ts'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { Random } from '../sim/random.ts'
import { Group, names } from './support/growing.ts'
import { Lab, type LabNode, type Sent } from './support/lab.ts'

const ENTRIES = 100_000
const TIMEOUT_MS = 120_000

const random = new Random(1)
/** Who write all the time, and hear of each other. */
const group = new Group(names(20), random)

const lab = new Lab()
const one = lab.node('one')
const other = lab.node('other')

interface Cost {
  readonly messages: number
  readonly metadataBytes: number
  readonly batchBytes: number
  /** Entries that were sent. */
  readonly entries: number
  /** Of these, those that the other side had. */
  readonly redundant: number
}

/** Lets two meet, and says what it costs until they have the same. */
function meet(...nodes: readonly [LabNode, LabNode]): Cost {
  const had = nodes.map(({ ledger }) => ledger.size)
  const link = lab.link(...nodes)
  lab.run(5_000)
  expect(compareBytes(nodes[0].ledger.tipDigest(), nodes[1].ledger.tipDigest())).toBe(0)
  expect(nodes.map(({ replica }) => [...replica.syncs.values()])).toEqual([['live'], ['live']])
  link.cut()
  const wereThere = link.sent.flatMap((message) => {
    const to = nodes[0].name === message.from ? 1 : 0
    return idsIn(message).map((id) => nodes[to].ledger.indexOf(id) < (had[to] ?? 0))
  })
  return {
    messages: link.sent.length,
    metadataBytes: link.metadataBytes,
    batchBytes: link.bytesOf('qdag_sync_response', 'qdag_entries'),
    entries: wereThere.length,
    redundant: wereThere.filter(Boolean).length,
  }
}

function idsIn({ bytes }: Sent): Bytes[] {
  const message = decodeMessage(bytes)
  if (!message || !('batch' in message) || message.batch.length === 0) return []
  return decodeBatch(message.batch, sha256)?.map(({ id }) => id) ?? []
}

function tell(name: string, { messages, metadataBytes, batchBytes, entries, redundant }: Cost): void {
  const per = (bytes: number) => (entries > 0 ? ` (${(bytes / entries).toFixed(2)} an entry)` : '')
  const parts = [
    `${messages} messages`,
    `${metadataBytes} B besides entries${per(metadataBytes)}`,
    `${entries} entries in ${batchBytes} B${per(batchBytes)}`,
    `${redundant} redundant`,
  ]
  // Vitest hides the console of what passes.
  process.stdout.write(`${name}: ${parts.join(', ')}\n`)
}

describe(`a sync at ${ENTRIES} entries and more`, { timeout: TIMEOUT_MS }, () => {
  beforeAll(() => {
    const history = group.write(ENTRIES)
    one.load(history)
    other.load(history)
  }, TIMEOUT_MS)

  it('of two that have the same takes two messages', () => {
    const found = meet(one, other)
    tell('equal', found)
    expect(found.messages).toBe(2)
    expect(found.metadataBytes).toBeLessThanOrEqual(300)
  })

  it.each([1, 1_000, 10_000])('sends exactly what one side lacks: the last %d', (missing) => {
    one.load(group.write(missing))
    const found = meet(one, other)
    tell(`one side lacks the last ${missing}`, found)
    expect(found.entries).toBe(missing)
    expect(found.redundant).toBe(0)
    expect(found.metadataBytes).toBeLessThanOrEqual(2_048 + 2 * missing)
  })

  it.each([1_000, 10_000])('sends exactly the %d entries that one has written beside all others', (missing) => {
    const hermit = new Group(['hermit'], random, group.tips.slice(0, 1))
    for (let i = 0; i < missing; i++) {
      const heard = group.write(1)
      one.load(heard).load(hermit.write(1))
      other.load(heard)
    }
    const found = meet(one, other)
    tell(`one side lacks ${missing} of one contributor among others`, found)
    expect(found.entries).toBe(missing)
    expect(found.redundant).toBe(0)
    expect(found.metadataBytes).toBeLessThanOrEqual(2_048 + 2 * missing)
  })

  it.each([1_000, 10_000])('finds the %d entries that differ when both lack some', (differing) => {
    one.load(new Group(names(10, `here of ${differing}`), random, group.tips).write(differing / 2))
    other.load(new Group(names(10, `there of ${differing}`), random, group.tips).write(differing / 2))
    const found = meet(one, other)
    tell(`both lack ${differing / 2}`, found)
    expect(found.metadataBytes / differing).toBeLessThanOrEqual(10)
    expect(found.redundant).toBeLessThanOrEqual(differing / 100)
  })

  it('sends a newcomer everything', () => {
    const found = meet(lab.node('newcomer'), one)
    tell('one side has nothing', found)
    expect(found.entries).toBe(one.ledger.size)
    expect(found.metadataBytes).toBeLessThanOrEqual(2_048 + 2 * found.entries)
  })
})
