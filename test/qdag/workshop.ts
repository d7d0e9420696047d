/** Makes entries that build on each other, some of them flawed, as a plan says that any number of them may be made from. */
import * as fc from 'fast-check'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { idOfBody, type Entry, type EntryBody, type Receipt } from '../../client/qdag/entry.ts'
import { NO_CHAIN } from '../../client/qdag/entry-fields.ts'
import { compareBytes, utf8, type Bytes } from '../../protocol/bytes.ts'

export const NETWORK_ID = sha256(utf8('workshop'))
export const START_MS = 1_790_000_000_000
/** More than entries need to be in order, so that there is something between. */
export const MIN_GAP_MS = 3

const RECEIPT: Receipt = {
  requester: sha256(utf8('requester')),
  resultHash: sha256(utf8('result')),
  signature: new Uint8Array(64),
}

/** How to make an entry out of those that there are. Numbers that choose are taken modulo the number of choices. */
export interface Plan {
  readonly author: number
  readonly writer: number
  readonly task: number
  readonly computeUnits: number
  readonly hasReceipt: boolean
  /** Chooses parents, the latest entries first. */
  readonly parents: readonly number[]
  /** Follows not the writer's latest entry but one before, or none. */
  readonly fork: number | undefined
  readonly gapMs: number
  readonly flaw: Flaw | undefined
  /** Builds on flawed entries as on others. */
  readonly isReckless: boolean
}

const FLAWS = ['time', 'pace', 'number', 'writer', 'contributor', 'root beside', 'root late', 'root before'] as const
export type Flaw = (typeof FLAWS)[number]

export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  author: fc.nat(4),
  writer: fc.constantFrom(0, 0, 0, 1),
  task: fc.nat(2),
  computeUnits: fc.constantFrom(0, 99, 100, 250, 1_000, 2 ** 40),
  hasReceipt: fc.boolean(),
  parents: fc.array(fc.oneof(fc.nat(3), fc.nat(30)), { maxLength: 2 }),
  fork: fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(30) }),
  gapMs: fc.constantFrom(0, 0, 1, 10, 1_000),
  flaw: fc.oneof(
    { weight: 14, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...FLAWS) },
  ),
  isReckless: fc.nat(9).map((drawn) => drawn === 0),
})

export class Workshop {
  readonly entries: Entry[] = []
  /** Neither they nor what they build on is flawed. */
  readonly #sound: Entry[] = []

  /** @param aheadMs for an entry whose time is to come */
  make(plan: Plan, aheadMs = 0): Entry {
    const contributor = sha256(utf8(`contributor ${plan.author}`))
    const writer = sha256(utf8(`writer ${plan.writer}`)).slice(0, 16)
    const choices = plan.isReckless ? this.entries : this.#sound
    const prev = prevOf(
      plan,
      choices.filter((entry) => isBy(entry, contributor, writer)),
    )
    const others = plan.parents.flatMap((back) => choices.at(-1 - (back % (choices.length || 1))) ?? [])
    const parents = [...new Set(others)].filter((parent) => parent !== prev)
    const ids = parents.map(({ id }) => id)
    if (ids.length === 0) ids.push(prev?.id ?? NETWORK_ID)
    const after = Math.max(START_MS, ...parents.map(({ tsMs }) => tsMs + 1), prev ? prev.tsMs + MIN_GAP_MS : 0)
    const edges = prev ? [...parents, prev] : parents
    const sound: EntryBody = {
      contributor,
      writer,
      seq: prev ? prev.seq + 1 : 0,
      prev: prev?.id,
      tsMs: after + plan.gapMs + aheadMs,
      computeUnits: plan.computeUnits,
      taskId: `task ${plan.task}`,
      parents: ids.toSorted(compareBytes),
      receipt: plan.hasReceipt ? RECEIPT : undefined,
      chain: NO_CHAIN,
    }
    const body = flawed(sound, plan.flaw, edges)
    const entry = { ...body, id: idOfBody(body, sha256), signature: new Uint8Array(64) }
    // The same plan may make the same entry once more.
    const known = this.entries.find(({ id }) => compareBytes(id, entry.id) === 0)
    if (known) return known
    this.entries.push(entry)
    if (body === sound && edges.every((edge) => this.#sound.includes(edge))) this.#sound.push(entry)
    return entry
  }
}

function isBy(entry: Entry, contributor: Bytes, writer: Bytes): boolean {
  return compareBytes(entry.contributor, contributor) === 0 && compareBytes(entry.writer, writer) === 0
}

function prevOf({ fork }: Plan, own: readonly Entry[]): Entry | undefined {
  return own.at(fork === undefined ? -1 : (fork % (own.length + 1)) - 1 - own.length)
}

/** Breaks one rule, where the entry has what the rule is about. */
function flawed(body: EntryBody, flaw: Flaw | undefined, edges: readonly Entry[]): EntryBody {
  const flaws: Record<Flaw, Partial<EntryBody>> = {
    time: { tsMs: Math.max(1, ...edges.map(({ tsMs }) => tsMs)) },
    pace: { tsMs: Math.max(1, ...edges.map(({ tsMs }) => tsMs + 1)) },
    number: { seq: body.seq + 1 },
    writer: { writer: sha256(utf8('somebody else')).slice(0, 16) },
    contributor: { contributor: sha256(utf8('somebody else')) },
    'root beside': { parents: [...body.parents.slice(0, 1), NETWORK_ID].toSorted(compareBytes) },
    'root late': { parents: [NETWORK_ID] },
    'root before': { prev: NETWORK_ID },
  }
  const isFirst = body.prev === undefined
  const needsPrev = flaw !== 'time' && flaw !== 'root beside'
  return flaw === undefined || (isFirst && needsPrev) ? body : { ...body, ...flaws[flaw] }
}
