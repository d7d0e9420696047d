/**
 * What must be so when faults are over, honest peers are connected, and enough time has passed: all honest peers have the
 * same, all of it is what the entries themselves say, and nothing that was promised is missing.
 */
import type { Entry } from '../../../client/qdag/entry.ts'
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import { edgesOf, keyOf, referenceOf } from './reference.ts'
import type { Session } from './session.ts'
import type { World } from './world.ts'

export const sessionsOf = (world: World): Session[] => world.devices.flatMap(({ session }) => session ?? [])

/** Quick enough to be asked again and again. */
export function isAgreed(world: World): boolean {
  const [first, ...others] = sessionsOf(world)
  return (
    first !== undefined &&
    sessionsOf(world).every(({ isReady, author }) => isReady && author.isIdle) &&
    others.every(({ ledger }) => compareBytes(ledger.tipDigest(), first.ledger.tipDigest()) === 0) &&
    unkept(world, world.judge.keysOf(first)).length === 0
  )
}

/** @param before keys of the entries that live honest peers had when it became quiet */
export function checkAgreement(world: World, before: ReadonlySet<string>): void {
  const sessions = sessionsOf(world)
  const [first] = sessions
  if (!first) return
  const keys = world.judge.keysOf(first)
  for (const session of sessions) {
    const theirs = world.judge.keysOf(session)
    if (theirs.size !== keys.size || session.ledger.size !== keys.size)
      throw new Error(`${session.name} has other entries`)
    for (const key of theirs)
      if (!keys.has(key)) throw new Error(`${session.name} has an entry that ${first.name} lacks`)
    mustBeSame(session.ledger.stateDigest(), first.ledger.stateDigest(), `${session.name}: the digest of the state`)
  }
  for (const key of before) if (!keys.has(key)) throw new Error('an entry is lost that a live honest peer had')
  checkState(world, first, keys)
}

/** Own entries that were kept and are not there, though all that they build on is. */
function unkept(world: World, keys: ReadonlySet<string>): Entry[] {
  const root = keyOf(world.networkId)
  const missing = [...world.judge.promises].filter(([key]) => !keys.has(key)).map(([, { entry }]) => entry)
  return missing.filter((entry) => edgesOf(entry, root).every((edge) => keys.has(edge)))
}

/** Everything that the ledger says follows from its entries. */
function checkState(world: World, { ledger }: Session, keys: ReadonlySet<string>): void {
  const entries = [...keys].flatMap((key) => world.judge.entries.get(key) ?? [])
  const statistics = ledger.statistics()
  const { tips, confirmed, standings } = referenceOf(entries, world.networkId, statistics.confirmations)
  const theirTips = ledger.tips().map((index) => hexOf(keyOf(ledger.idOf(index))))
  mustBeEqual(theirTips.toSorted(), [...tips].map(hexOf).toSorted(), 'tips')
  for (let index = 0; index < ledger.size; index++) {
    mustBeEqual(ledger.isConfirmed(index), confirmed.has(keyOf(ledger.idOf(index))), 'isConfirmed')
  }
  const contributors = ledger.contributors()
  mustBeEqual(contributors.length, standings.size, 'number of contributors')
  let [credits, attestedCredits] = [0, 0]
  for (const [contributor, standing] of standings) {
    const said = ledger.contributor(Buffer.from(contributor, 'latin1'))
    for (const name of ['credits', 'attestedCredits', 'entries', 'confirmedEntries', 'isForked'] as const) {
      mustBeEqual(said?.[name], standing[name], name)
    }
    credits += standing.credits
    attestedCredits += standing.attestedCredits
  }
  mustBeEqual(statistics.credits, credits, 'credits of all')
  mustBeEqual(statistics.attestedCredits, attestedCredits, 'attested credits of all')
  mustBeEqual(statistics.entries, entries.length, 'number of entries')
}

const hexOf = (key: string): string => Buffer.from(key, 'latin1').toString('hex', 0, 4)

function mustBeSame(actual: Bytes, expected: Bytes, what: string): void {
  if (compareBytes(actual, expected) !== 0) throw new Error(`${what} differs`)
}

function mustBeEqual(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
  }
}

/** What honest peers have, all together. */
export function unionOf(world: World): Set<string> {
  const union = new Set<string>()
  for (const session of sessionsOf(world)) for (const key of world.judge.keysOf(session)) union.add(key)
  return union
}

/** Entries that some honest peer lacks, over all of them. */
export function missingOf(world: World, union: ReadonlySet<string>): number {
  return sessionsOf(world).reduce((sum, session) => sum + union.size - world.judge.keysOf(session).size, 0)
}
