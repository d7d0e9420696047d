/**
 * `npm run test:nat`: every pair of NAT types and every fault, with Chromium and Node; the tables go to
 * `test/nat/results`. `npm run test:nat -- matrix` or `-- faults` runs one half, `-- chromium~node` one pair of engines,
 * `-- stun` one set of ICE servers.
 */
import { FAULTS, isUnharmed, suffer, type Outcome } from './faults.ts'
import { laboratory, type Laboratory } from './lab/laboratory.ts'
import { whyNoLaboratory } from './lab/requirements.ts'
import type { IceSet } from './lab/server-program.ts'
import { isDirectExpected, NAT_PAIRS, reach, type Engine } from './reachability.ts'
import { cellText, shortcomings, writeFaults, writeMatrix, type Cell } from './results.ts'

type Engines = readonly [Engine, Engine]

const ENGINES: readonly Engines[] = [
  ['chromium', 'chromium'],
  ['node', 'node'],
  ['chromium', 'node'],
]
const ICE_SETS: readonly IceSet[] = ['stun', 'turn-udp', 'turn']
/** A browser that does not start is a broken experiment and no result. */
const TRIES = 2

const chosen = process.argv.slice(2)
const enginesChosen = ENGINES.filter(
  (pair) => !chosen.some((arg) => arg.includes('~')) || chosen.includes(pair.join('~')),
)
const iceChosen = ICE_SETS.filter((ice) => !ICE_SETS.some((some) => chosen.includes(some)) || chosen.includes(ice))
const wants = (part: string) => !chosen.some((arg) => arg === 'matrix' || arg === 'faults') || chosen.includes(part)

const reason = await whyNoLaboratory()
if (reason) {
  console.log(`skipped: ${reason}`)
  process.exit(0)
}
const problems: string[] = []
await using lab = await laboratory()
if (wants('matrix')) await matrix()
if (wants('faults')) await faults()
console.log(
  problems.length === 0 ? '\nall as promised' : `\n${problems.length} not as promised:\n${problems.join('\n')}`,
)
process.exitCode = problems.length === 0 ? 0 : 1

async function matrix(): Promise<void> {
  const cells: Cell[] = []
  for (const engines of enginesChosen) {
    for (const nats of NAT_PAIRS) {
      const measured = await trying(`${engines.join('~')} ${nats.join('~')}`, () => measure(lab, engines, nats))
      for (const cell of measured ?? []) {
        cells.push(cell)
        console.log(`${engines.join('~')} ${nats.join(' ~ ')} ${cell.ice}: ${cellText(cell)}`)
      }
    }
    await writeMatrix(cells)
  }
  problems.push(...shortcomings(cells))
}

/** All sets of ICE servers between two hosts. */
async function measure(room: Laboratory, engines: Engines, nats: Cell['nats']): Promise<Cell[]> {
  const hosts = await Promise.all(nats.map((nat) => room.host(nat)))
  const [a, b] = hosts
  try {
    if (!a || !b) throw new Error('two hosts make a pair')
    const peers = await Promise.all([a.peer(engines[0]), b.peer(engines[1])])
    // What a process does for the first time is slow, with the product and without; what is compared comes after it.
    const url = await room.room('stun')
    await Promise.all(peers.map((peer) => peer.join(url)))
    await Promise.all(peers.map((peer) => peer.warmUp().catch(() => undefined)))
    const cells: Cell[] = []
    for (const ice of iceChosen) {
      const directExpected = isDirectExpected(nats, ice, engines)
      cells.push({ engines, ice, nats, ...(await reach(room, peers, ice, directExpected)) })
    }
    return cells
  } finally {
    await Promise.all(hosts.map((host) => room.remove(host)))
  }
}

async function faults(): Promise<void> {
  const outcomes: Outcome[] = []
  for (const engines of enginesChosen.filter(([a, b]) => a === b)) {
    for (const fault of FAULTS) {
      const outcome = await trying(`${engines.join('~')} ${fault.name}`, () => suffer(lab, fault, engines))
      if (!outcome) continue
      outcomes.push(outcome)
      const unharmed = isUnharmed(outcome)
      console.log(
        `${unharmed ? '✓' : '✗'} ${fault.name} (${engines.join('~')}): gap ${Math.round(outcome.gapMs)} ms` +
          `, after ${Math.round(outcome.gapAfterRepairMs ?? 0)} ms, direct again ${Math.round(outcome.directAgainMs ?? NaN)} ms`,
      )
      if (!unharmed) problems.push(`${engines.join('~')} ${fault.name}: ${JSON.stringify(outcome)}`)
      if (fault.directAfter && outcome.directAgainMs === undefined) problems.push(`${fault.name}: not direct again`)
      await writeFaults(outcomes)
    }
  }
}

async function trying<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
  for (let left = TRIES; ; left--) {
    try {
      return await act()
    } catch (error) {
      console.log(`${what}: broken experiment: ${String(error)}`)
      if (left > 1) continue
      problems.push(`${what}: broken experiment`)
      return undefined
    }
  }
}
