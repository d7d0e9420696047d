/** The laboratory's results as tables for people. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { isUnharmed, type Outcome } from './faults.ts'
import { NAT_TYPES, type NatType } from './lab/nat.ts'
import type { IceSet } from './lab/server-program.ts'
import type { Engine, Reached } from './reachability.ts'

export interface Cell extends Reached {
  readonly engines: readonly [Engine, Engine]
  readonly ice: IceSet
  readonly nats: readonly [NatType, NatType]
}

const FOLDER = join(import.meta.dirname, 'results')
const ICE_NAMES: Record<IceSet, string> = {
  stun: 'STUN only',
  'turn-udp': 'STUN and TURN over UDP',
  turn: 'STUN and TURN over UDP, TCP 3478, TCP 80 and TLS 443',
}

/** What this run did not measure stays as an earlier one left it. */
export async function writeMatrix(measured: readonly Cell[]): Promise<void> {
  const cells = await merged('matrix', measured, ({ engines, ice }) => `${engines.join('~')} ${ice}`)
  const groups = Map.groupBy(cells, ({ engines, ice }) => `${engines.join(' ~ ')}, ${ICE_NAMES[ice]}`)
  const sections = [...groups].map(([title, group]) => `## ${title}\n\n${summary(group)}\n\n${table(group)}`)
  const head = `# Who reaches whom behind which NATs

Written by \`npm run test:nat\`. Each cell: the path of the product and the milliseconds until both sides used it; in
brackets a bare RTCPeerConnection between the same networks in the same processes with the same ICE servers. Path: our
candidate's type/the peer's as the first side names them, where \`relay\` is a TURN server; \`room\` is our own relay. The
times count from the later side's welcome, the bare ones from making the connection with both sockets open. One run a
cell without delay on the links, so times are code and scheduling: good for order only.

${machine()}`
  await write('matrix', cells, [head, ...sections])
}

export async function writeFaults(suffered: readonly Outcome[]): Promise<void> {
  const outcomes = await merged('faults', suffered, ({ engines }) => engines.join('~'))
  const head = `# What faults do to peers that talk

Written by \`npm run test:nat\`. A message every 50 ms each way. Gap: the longest time without a delivered message on
either side, while the fault lasted and (after the slash) once it was over. Direct again: from the fault until both sides
sent over a direct path again; 0 if they never left it. One run a row, so cases rather than rates.

${machine()}`
  const rows = outcomes.map((outcome) =>
    row([
      outcome.fault,
      outcome.engines.join(' ~ '),
      `${outcome.nats.join(' ~ ')}, ${outcome.ice}`,
      outcome.pathBefore === 'relay' ? 'room' : outcome.pathBefore,
      seconds(outcome.gapMs) +
        (outcome.gapAfterRepairMs === undefined ? '' : ` / ${seconds(outcome.gapAfterRepairMs)}`),
      outcome.directAgainMs === undefined ? '–' : seconds(outcome.directAgainMs),
      `${outcome.received} of ${outcome.sent}`,
      isUnharmed(outcome)
        ? 'once, in order'
        : `${outcome.lost} lost, ${outcome.repeated} repeated, ${outcome.unconfirmed} unconfirmed`,
    ]),
  )
  const titles = ['fault', 'engines', 'networks', 'path before', 'gap', 'direct again', 'messages', 'result']
  await write('faults', outcomes, [head, [row(titles), row(titles.map(() => '---')), ...rows].join('\n')])
}

/** The bar: everybody is reached, and directly wherever WebRTC alone would. */
export function shortcomings(cells: readonly Cell[]): string[] {
  return cells.flatMap(({ engines, ice, nats, reachable, directMs, bareMs }) => {
    const where = `${engines.join('~')} ${ice} ${nats.join('~')}`
    if (!reachable) return [`${where}: not reached`]
    return bareMs !== undefined && directMs === undefined ? [`${where}: not direct, and bare WebRTC is`] : []
  })
}

export function cellText({ reachable, directMs, firstMessageMs, path, bareMs }: Reached): string {
  const bare = bareMs === undefined ? '✗' : Math.round(bareMs)
  if (!reachable) return `✗ (${bare})`
  return directMs === undefined
    ? `room ${Math.round(firstMessageMs ?? 0)} (${bare})`
    : `${path} ${Math.round(directMs)} (${bare})`
}

function summary(cells: readonly Cell[]): string {
  const count = (fits: (cell: Cell) => boolean) => `${cells.filter(fits).length} of ${cells.length}`
  const first = median(cells.flatMap(({ firstMessageMs = [] }) => firstMessageMs))
  const both = cells.filter(({ bareMs, directMs }) => bareMs !== undefined && directMs !== undefined)
  const direct = median(both.map(({ directMs }) => directMs ?? 0))
  const bare = median(both.map(({ bareMs }) => bareMs ?? 0))
  return `Reachable: ${count(({ reachable }) => reachable)}. Direct: ${count(({ directMs }) => directMs !== undefined)}; bare: ${count(({ bareMs }) => bareMs !== undefined)}.
Medians: first message ${first} ms; where both are direct, product ${direct} ms, bare ${bare} ms.`
}

function table(cells: readonly Cell[]): string {
  const lines = NAT_TYPES.map((a, index) =>
    row([
      `**${a}**`,
      ...NAT_TYPES.map((b, column) => {
        const cell = column < index ? undefined : cells.find(({ nats }) => nats[0] === a && nats[1] === b)
        return cell ? cellText(cell) : ''
      }),
    ]),
  )
  return [row(['', ...NAT_TYPES]), row(['', ...NAT_TYPES].map(() => '---')), ...lines].join('\n')
}

function row(items: readonly string[]): string {
  return `| ${items.join(' | ')} |`
}

function median(values: readonly number[]): string {
  return values.length === 0 ? '–' : String(Math.round(values.toSorted((x, y) => x - y)[values.length >> 1] ?? 0))
}

function seconds(ms: number): string {
  return ms === 0 ? '0' : `${(ms / 1_000).toFixed(2)} s`
}

function machine(): string {
  const load = loadavg()[0]?.toFixed(1)
  return `${new Date().toISOString().slice(0, 16)}Z, Linux ${release()}, ${cpus().length} cores shared with other work (load ${load} at the end), Node ${process.version}.`
}

async function merged<T>(name: string, fresh: readonly T[], groupOf: (item: T) => string): Promise<readonly T[]> {
  const groups = new Set(fresh.map(groupOf))
  const earlier = await readFile(join(FOLDER, `${name}.json`), 'utf8').then(
    (text) => JSON.parse(text) as T[],
    () => [],
  )
  return [...earlier.filter((item) => !groups.has(groupOf(item))), ...fresh]
}

async function write(name: string, data: unknown, sections: readonly string[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, `${name}.json`), `${JSON.stringify(data, null, 1)}\n`)
  await writeFile(join(FOLDER, `${name}.md`), `${sections.join('\n\n')}\n`)
}
