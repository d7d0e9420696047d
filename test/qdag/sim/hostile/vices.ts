/** All ways to be hostile, and which of them come together. */
import type { Random } from '../../../sim/random.ts'
import * as entries from './bad-entries.ts'
import * as floods from './floods.ts'
import * as messages from './bad-messages.ts'
import type { Vice } from './vice.ts'

/** What it says in an exchange; one of these at a time. */
const MANNERS: readonly (() => Vice)[] = [
  messages.silent,
  messages.lying,
  messages.replaying,
  floods.endless,
  floods.flooding,
  messages.babbling,
  messages.mirroring,
  entries.withholding,
]

const DEEDS: readonly (() => Vice)[] = [
  entries.equivocating,
  entries.forging,
  entries.orphaning,
  entries.tipping,
  entries.prophesying,
  entries.lawless,
  entries.claimingTwice,
  entries.gushing,
]

export const VICES = [...MANNERS, ...DEEDS]

export function someVices(random: Random): Vice[] {
  const manner = random.pick(MANNERS)
  const deed = random.pick(DEEDS)
  const other = random.pick(DEEDS)
  return random.pick([[manner], [deed], [manner, deed], [deed, other]]).map((make) => make())
}
