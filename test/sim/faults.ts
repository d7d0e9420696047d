/** What goes wrong, and how often. */
import * as application from './faults/application.ts'
import * as direct from './faults/direct.ts'
import type { Fault } from './faults/harm.ts'
import * as relay from './faults/relay.ts'

export interface NamedFault {
  readonly name: string
  readonly fault: Fault
  /** How often it comes, beside the others. */
  readonly weight: number
}

/** What may happen while there is no direct path and can be none. */
export const RELAY_FAULTS: readonly NamedFault[] = [
  { name: 'drop socket', fault: relay.dropSocket, weight: 8 },
  { name: 'drop socket unnoticed', fault: relay.dropSocketUnnoticed, weight: 8 },
  { name: 'half-dead socket', fault: relay.halfDeadSocket, weight: 2 },
  { name: 'late socket', fault: relay.lateSocket, weight: 2 },
  { name: 'restart room', fault: relay.restartRoom, weight: 4 },
  { name: 'lose relayed', fault: relay.loseRelayed, weight: 4 },
  { name: 'limit bulk', fault: relay.limitBulk, weight: 2 },
  { name: 'lie', fault: relay.lie, weight: 4 },
  { name: 'stand still', fault: application.standStill, weight: 1 },
  { name: 'change manner', fault: application.changeManner, weight: 2 },
  { name: 'flood', fault: application.flood, weight: 2 },
]

export const FAULTS: readonly NamedFault[] = [
  { name: 'close connection', fault: direct.closeConnection, weight: 40 },
  { name: 'close both ends', fault: direct.closeBothEnds, weight: 16 },
  { name: 'flap', fault: direct.flap, weight: 16 },
  { name: 'replace', fault: direct.replace, weight: 6 },
  { name: 'cut for ever', fault: direct.cutForEver, weight: 6 },
  { name: 'cut for a while', fault: direct.cutForAWhile, weight: 8 },
  { name: 'blink', fault: direct.blink, weight: 4 },
  { name: 'half open', fault: direct.halfOpen, weight: 3 },
  { name: 'lose probes', fault: direct.loseProbes, weight: 3 },
  { name: 'drop socket', fault: relay.dropSocket, weight: 4 },
  { name: 'half-dead socket', fault: relay.halfDeadSocket, weight: 2 },
  { name: 'late socket', fault: relay.lateSocket, weight: 2 },
  { name: 'restart room', fault: relay.restartRoom, weight: 3 },
  { name: 'lose relayed', fault: relay.loseRelayed, weight: 4 },
  { name: 'limit bulk', fault: relay.limitBulk, weight: 2 },
  { name: 'lie', fault: relay.lie, weight: 3 },
  { name: 'stand still', fault: application.standStill, weight: 3 },
  { name: 'outage', fault: relay.outage, weight: 2 },
  { name: 'change manner', fault: application.changeManner, weight: 6 },
  { name: 'nudge', fault: application.nudge, weight: 3 },
  { name: 'flood', fault: application.flood, weight: 3 },
  { name: 'overfill', fault: application.overfill, weight: 2 },
  { name: 'take slots', fault: application.takeSlots, weight: 1 },
]
