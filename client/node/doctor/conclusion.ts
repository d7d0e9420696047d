/** What all findings come to, for people and for scripts. */
import type { ExitCode } from '../exit.ts'
import type { CheckName, Finding } from './finding.ts'

/** Exit codes of `edge-net doctor`. Wrong arguments and interruption have the same ones as elsewhere. */
export const DOCTOR_EXIT = { allWell: 0, broken: 1, limited: 3 } as const satisfies Record<string, ExitCode>

export interface Conclusion {
  readonly exitCode: (typeof DOCTOR_EXIT)[keyof typeof DOCTOR_EXIT]
  readonly summary: string
}

/** Whoever has these, the first where it takes one, can talk to everybody; all else makes it faster and cheaper. */
const ESSENTIAL: ReadonlySet<CheckName> = new Set(['membership', 'websocket', 'relay'])

const WITHOUT_ROOM = 'The room is out of reach from here. Members who use the same Gun relays can be met.'

export function conclusionOf(findings: readonly Finding[]): Conclusion {
  const verdictOf = (name: CheckName) => findings.find(({ check }) => check === name)?.verdict
  const hasGun = verdictOf('gun') === 'ok' || verdictOf('gun') === 'limited'
  if (hasGun && verdictOf('http') === 'failed' && verdictOf('websocket') === 'failed') {
    return { exitCode: DOCTOR_EXIT.limited, summary: WITHOUT_ROOM }
  }
  const isBroken = findings.some(({ check, verdict }) => ESSENTIAL.has(check) && verdict === 'failed')
  if (isBroken) return { exitCode: DOCTOR_EXIT.broken, summary: 'Edge-Net does not work from here.' }
  const isLimited = findings.some(({ verdict }) => verdict === 'failed' || verdict === 'limited')
  return isLimited
    ? { exitCode: DOCTOR_EXIT.limited, summary: 'Edge-Net works from here, with limits.' }
    : { exitCode: DOCTOR_EXIT.allWell, summary: 'All is well.' }
}
