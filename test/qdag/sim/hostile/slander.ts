/** A vice of those who have a mesh: makes honest members pass on what others will blame them for, if they can be made to. */
import { encodeBatch } from '../../../../client/qdag/batch.ts'
import type { Entry } from '../../../../client/qdag/entry.ts'
import type { LinkEnd } from '../connection.ts'
import { randomBytes } from '../pen.ts'
import type { Rogue } from './rogue.ts'
import type { Vice } from './vice.ts'

type Deed = (rogue: Rogue, ends: readonly LinkEnd[]) => void

/** What only those would refuse who lack the first entry, if others looked at the second one only. */
const forgeKnown: Deed = (rogue, ends) => {
  const known = rogue.entry()
  const next = rogue.entry({
    seq: 1,
    prev: known.id,
    writer: known.writer,
    tsMs: known.tsMs + 1,
    parents: [known.id],
  })
  const [first, ...others] = ends
  if (first) tell(rogue, first, known)
  const forged = { ...known, signature: randomBytes(rogue.world.random, 64) }
  rogue.world.agenda.after(1_000, () => {
    for (const end of [first, ...others]) if (end) tell(rogue, end, forged, next)
  })
}

/** What only those see broken who have what it builds on. */
const breakRule: Deed = (rogue, ends) => {
  const before = rogue.entry()
  const lawless = rogue.entry({ writer: randomBytes(rogue.world.random, 16), tsMs: before.tsMs, parents: [before.id] })
  const [first, ...others] = ends
  if (first) tell(rogue, first, before)
  for (const end of others) tell(rogue, end, lawless)
}

const babble: Deed = ({ world, session }, ends) => {
  const payload = randomBytes(world.random, world.random.below(300))
  for (const end of ends) if (session) world.whispers?.tell(session, end, { payload })
}

export function slandering(): Vice {
  return {
    name: 'slandering',
    everyMs: 8_000,
    makesEntries: true,
    act: (rogue) => {
      const { random } = rogue.world
      random.pick([forgeKnown, forgeKnown, breakRule, breakRule, babble])(rogue, random.shuffled(rogue.ends))
    },
  }
}

function tell({ world, session }: Rogue, end: LinkEnd, ...entries: readonly Entry[]): void {
  if (session) world.whispers?.tell(session, end, { payload: encodeBatch(entries) })
}
