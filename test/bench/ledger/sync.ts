/**
 * What it costs to find out what is missing, to the byte: two replicas with a hundred thousand entries each, in memory. The
 * control is what anybody can do without a thought: to tell the first 8 bytes of each id that one has, under a fresh key.
 */
import { Random } from '../../sim/random.ts'
import { Group, names } from '../../qdag/support/growing.ts'
import { Lab, type LabNode } from '../../qdag/support/lab.ts'
import type { Finding, Row } from '../report.ts'

const ENTRIES = 100_000
const SEED = 1
const CONTROL_BYTES_PER_ENTRY = 8
const QUIET_MS = 5_000
const IN_SYNC_BYTES = 300
const IN_SYNC_MESSAGES = 2
const ONE_SIDED_BYTES = 2_048
const ONE_SIDED_BYTES_PER_ENTRY = 2
const TWO_SIDED_BYTES_PER_ENTRY = 10

interface Cost {
  readonly messages: number
  /** Everything but batches of entries. */
  readonly metadataBytes: number
  /** What all ids of both sides would take. */
  readonly controlBytes: number
}

/** The same bytes each time: one round is enough. */
export async function ledgerSync(): Promise<Finding> {
  const random = new Random(SEED)
  const group = new Group(names(20), random)
  const lab = new Lab()
  const [one, other] = [lab.node('one'), lab.node('other')]
  const history = group.write(ENTRIES)
  one.load(history)
  other.load(history)

  const rows: Row[] = []
  const inSync = meet(lab, one, other)
  rows.push(
    row('in-sync reconnection, bytes both ways', inSync, inSync.metadataBytes, IN_SYNC_BYTES, ' B'),
    row('in-sync reconnection, messages', inSync, inSync.messages, IN_SYNC_MESSAGES, ''),
  )
  for (const missing of [1, 1_000, 10_000]) {
    one.load(group.write(missing))
    rows.push(oneSided(`one side lacks the last ${missing.toLocaleString('en')}`, missing, meet(lab, one, other)))
  }
  for (const missing of [1_000, 10_000]) {
    const hermit = new Group([`hermit ${missing}`], random, group.tips.slice(0, 1))
    for (let i = 0; i < missing; i++) {
      const heard = group.write(1)
      one.load(heard).load(hermit.write(1))
      other.load(heard)
    }
    const what = `one side lacks ${missing.toLocaleString('en')} of one contributor, among those of all others`
    rows.push(oneSided(what, missing, meet(lab, one, other)))
  }
  for (const differing of [1_000, 10_000]) {
    one.load(new Group(names(10, `here of ${differing}`), random, group.tips).write(differing / 2))
    other.load(new Group(names(10, `there of ${differing}`), random, group.tips).write(differing / 2))
    const cost = meet(lab, one, other)
    const what = `each side lacks ${(differing / 2).toLocaleString('en')}, bytes per differing entry`
    rows.push(row(what, cost, cost.metadataBytes / differing, TWO_SIDED_BYTES_PER_ENTRY, ' B'))
  }
  const notes = [
    `Two replicas with ${ENTRIES.toLocaleString('en')} entries and more by 20 contributors, on the real ledger and the real wire format, signatures left out of it. Everything but the batches of entries counts; sizes depend on the seed (${SEED}) alone, not on the machine.`,
    `Bar of a one-sided difference: ${ONE_SIDED_BYTES.toLocaleString('en')} B and ${ONE_SIDED_BYTES_PER_ENTRY} B for each missing entry; the value is the share of that.`,
    `Control: ${CONTROL_BYTES_PER_ENTRY} B for each entry that the smaller side has, so that the other can tell what is missing.`,
  ]
  return { title: 'Finding out what is missing', rows, notes, samples: rows }
}

/** Lets two meet until they have the same. */
function meet(lab: Lab, one: LabNode, other: LabNode): Cost {
  const controlBytes = CONTROL_BYTES_PER_ENTRY * Math.min(one.ledger.size, other.ledger.size)
  const link = lab.link(one, other)
  lab.run(QUIET_MS)
  if (one.ledger.size !== other.ledger.size) throw new Error('they have not the same')
  link.cut()
  return { messages: link.sent.length, metadataBytes: link.metadataBytes, controlBytes }
}

function oneSided(what: string, missing: number, cost: Cost): Row {
  const barBytes = ONE_SIDED_BYTES + ONE_SIDED_BYTES_PER_ENTRY * missing
  return row(what, cost, cost.metadataBytes / barBytes, 1, ' of the bar')
}

function row(
  what: string,
  { messages, metadataBytes, controlBytes }: Cost,
  value: number,
  bar: number,
  unit: string,
): Row {
  return {
    what,
    ours: `${metadataBytes.toLocaleString('en')} B in ${messages} messages, batches included`,
    control: `${controlBytes.toLocaleString('en')} B`,
    value,
    bar,
    unit,
  }
}
