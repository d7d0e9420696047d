/**
 * How much of the machine others use while something is timed. With two cores, a neighbour's test run makes a join of
 * many small steps look several times slower than it is; such samples are told apart and left out. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Above this much of a core (research/anchors.md left out runs by the same measure) a sample is not quiet. */
const QUIET_CORES = 0.5
/** As many noisy rounds as wanted quiet ones: then a bench gives up waiting for the neighbours. */
const MAX_ROUNDS_FACTOR = 3

export interface Watched {
  /** Cores that processes which are not ours kept busy meanwhile. */
  readonly neighbourCores: number
}

/** Does something and says what the neighbours did meanwhile. */
export async function watched<T>(act: () => Promise<T>): Promise<T & Watched> {
  const before = reading()
  const result = await act()
  const after = reading()
  const others = after.allTicks - before.allTicks - (after.ownTicks - before.ownTicks)
  return { ...result, neighbourCores: Math.max(0, others) / (after.elapsedTicks - before.elapsedTicks) }
}

/**
 * Repeats a round until every kind of sample is there often enough with quiet neighbours, at most so many times as often;
 * the first round, which starts processes, does not count.
 */
export async function quietRounds<Sample extends Watched>(
  rounds: number,
  round: (index: number) => Promise<Sample[]>,
  maxRoundsFactor = MAX_ROUNDS_FACTOR,
): Promise<{ samples: Sample[]; note: string }> {
  await round(0)
  const all: Sample[][] = []
  const quietOf = (kind: number) => all.flatMap((some) => some[kind] ?? []).filter(isQuiet)
  const kinds = () => all[0]?.map((_, kind) => kind) ?? []
  while (
    all.length < rounds ||
    (all.length < rounds * maxRoundsFactor && kinds().some((kind) => quietOf(kind).length < rounds))
  ) {
    all.push(await round(all.length + 1))
  }
  const enough = kinds().every((kind) => quietOf(kind).length >= rounds / 2)
  const samples = enough ? kinds().flatMap(quietOf) : all.flat()
  const quietCounts = kinds().map((kind) => quietOf(kind).length)
  const note = enough
    ? `${all.length} rounds after one uncounted; counted are the ${Math.min(...quietCounts)} to ${Math.max(...quietCounts)} of each kind during which other processes used less than half a core.`
    : `${all.length} rounds after one uncounted. THE MACHINE WAS BUSY: fewer than ${Math.ceil(rounds / 2)} of each kind had quiet neighbours, so all are counted, and absolute times mean little.`
  return { samples, note }
}

function isQuiet({ neighbourCores }: Watched): boolean {
  return neighbourCores < QUIET_CORES
}

/** Processor time in clock ticks: of all processes, of ours, and what one core has had. */
function reading(): { allTicks: number; ownTicks: number; elapsedTicks: number } {
  // `cpu user nice system idle iowait irq softirq steal …`, summed over all cores.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number) ?? []
  const allTicks = user + nice + system + irq + softirq + steal
  return { allTicks, ownTicks: ownTicks(), elapsedTicks: (allTicks + idle + iowait) / cpus().length }
}

/** Of this process and its descendants; the time of those that have ended stands with the parent that waited for them. */
function ownTicks(): number {
  const processes = new Map<number, { parent: number; ticks: number }>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(name)
    // `pid (comm) state ppid …`, utime stime cutime cstime are fields 14 to 17; comm may hold spaces.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + field, 0)
    if (stat !== '') processes.set(Number(name), { parent: fields[1] ?? 0, ticks })
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (pid > 1 && isOurs(processes.get(pid)?.parent ?? 0))
  let sum = 0
  for (const [pid, { ticks }] of processes) if (isOurs(pid)) sum += ticks
  return sum
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    // It ended while /proc was being read.
    return ''
  }
}
