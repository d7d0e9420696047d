/** What a story came to, as numbers beside their bars and as a list of what is wrong. */
import type { Finding, Row } from '../bench/report.ts'
import type { Outcome } from './story.ts'

const RECONNECTION_BAR_MS = 5_000
const DISCOVERY_BAR_MS = 2_000

/** What must not be in any run, whatever the machine does; empty when all is well. */
export function faultsOf({ after, said }: Outcome): string[] {
  const faults: string[] = []
  for (const { name, heard, broken, left, state } of after) {
    for (const stream of broken) faults.push(`${name} heard ${stream}`)
    for (const [text, times] of Object.entries(heard))
      if (times > 1) faults.push(`${name} heard ${text} ${times} times`)
    const { lost = 0 } = left
    if (lost > 0) faults.push(`${name} lost ${lost} links`)
    if (state !== 'open') faults.push(`${name} is ${state}`)
  }
  for (const { text, names } of said) {
    const deaf = after.filter(({ name, heard }) => names.includes(name) && !heard[text]).map(({ name }) => name)
    if (deaf.length > 0) faults.push(`${text} was not heard by ${deaf.join(', ')}`)
  }
  const digests = new Set(after.map(({ digest }) => digest))
  if (digests.size !== 1) faults.push(`${digests.size} different ledgers`)
  const [first] = after
  if (first?.entries !== said.length) faults.push(`${first?.entries} entries of ${said.length}`)
  return faults
}

export function findingOf(outcome: Outcome, members: string): Finding {
  const { reached, overNeighbours, overGun, newcomers, returnedMs, said, after } = outcome
  const hearings = said.reduce((sum, { names }) => sum + names.length, 0)
  const messages = after.reduce((sum, report) => sum + report.messages, 0)
  const faults = faultsOf(outcome)
  const degrees = outcome.before.map(({ neighbours }) => neighbours)
  const rows: Row[] = [
    {
      what: 'Said to all, and heard by everybody who was there, once',
      ours: `${said.length} words, ${hearings} hearings`,
      control: '',
      value: faults.length,
      bar: 0,
      unit: ' faults',
    },
    { what: 'Messages between neighbours, in order, once', ours: String(messages), control: '' },
    { what: 'Ledgers at the end', ours: `${after[0]?.entries} entries`, control: '', value: ledgers(outcome), bar: 1 },
    {
      what: 'Neighbours before the end of the Worker',
      ours: `${Math.min(...degrees)} to ${Math.max(...degrees)}`,
      control: '',
    },
    timed(
      'First word to a member without a link, over neighbours',
      reached,
      ({ deliveredMs }) => deliveredMs,
      DISCOVERY_BAR_MS,
    ),
    timed('Direct path to it, over neighbours', reached, ({ directMs }) => directMs, RECONNECTION_BAR_MS),
    timed(
      'A path that was cut is direct again, over neighbours',
      overNeighbours,
      ({ directMs }) => directMs,
      RECONNECTION_BAR_MS,
    ),
    timed('All paths were cut: direct again, over Gun', overGun, ({ directMs }) => directMs, RECONNECTION_BAR_MS),
    timed('Newcomer by Gun alone: first member', newcomers, ({ peerMs }) => peerMs, DISCOVERY_BAR_MS),
    timed('Newcomer by Gun alone: first direct path', newcomers, ({ directMs }) => directMs, RECONNECTION_BAR_MS),
    timed('In the room again after its return', returnedMs, (ms) => ms, RECONNECTION_BAR_MS),
  ]
  return {
    title: `A network that outlives its room: ${members}`,
    rows,
    notes: [
      'Values are the slowest of each kind. The Worker was killed under traffic and came back on the same port.',
      'The relay of Gun was stopped while paths were mended over neighbours.',
      ...faults.slice(0, 20).map((fault) => `FAULT: ${fault}`),
    ],
    samples: outcome,
  }
}

function ledgers({ after }: Outcome): number {
  return new Set(after.map(({ digest }) => digest)).size
}

function timed<T>(what: string, samples: readonly T[], msOf: (sample: T) => number, barMs: number): Row {
  const all = samples.map(msOf).toSorted((a, b) => a - b)
  const median = all[Math.floor(all.length / 2)]
  const ours = median === undefined ? 'nothing' : `${all.length} times, median ${median.toFixed(0)} ms`
  return { what, ours, control: '', value: all.at(-1) ?? Infinity, bar: barMs, unit: ' ms' }
}
