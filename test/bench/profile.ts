/**
 * `node test/bench/profile.ts [--rounds n] [--calls]`: where the time of a join goes, ours beside the control. Prints the
 * median time of each step, the functions that kept the joiner's and the member's main thread busy, and with `--calls`
 * every call to the platform of the round with the median time to open. For whoever makes joins faster; no bar depends
 * on it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { CDPSession } from 'playwright-core'
import { startPages, type OpenPage, type PageFactory, type Side } from './pages.ts'
import type { Mark } from './pages/recorder.ts'
import { startBare, startEdgeNet } from './servers.ts'
import { figure, median, spread } from './stats.ts'

const SAMPLING_INTERVAL_US = 100
const SHOWN_FUNCTIONS = 14

type Who = 'joiner' | 'member'
interface Run {
  readonly side: Side
  readonly openMs: number
  readonly marks: Record<Who, readonly Mark[]>
  /** Self time by function, in ms. */
  readonly busy: Record<Who, ReadonlyMap<string, number>>
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '8' }, calls: { type: 'boolean', default: false } },
})
const rounds = Number(values.rounds)
const [ours, bare] = [await startEdgeNet(), await startBare()]
const pages = await startPages({ readable: true, traced: values.calls })
const runs: Run[] = []
try {
  for (let round = 0; round <= rounds; round++) {
    for (const side of round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
      const url =
        side === 'ours' ? `http://127.0.0.1:${ours.port}/n/p-${round}` : `ws://127.0.0.1:${bare.port}/p-${round}`
      const run = await measure(pages, side, url)
      if (round > 0) runs.push(run)
    }
  }
} finally {
  await pages.close()
  await Promise.all([ours.close(), bare.close()])
}
for (const side of ['ours', 'bare'] as const)
  report(
    runs.filter((run) => run.side === side),
    side,
  )

async function measure(factory: PageFactory, side: Side, url: string): Promise<Run> {
  const [a, b] = [await factory.open(side), await factory.open(side)]
  try {
    await a.join(url)
    await a.reached('in-room', 1)
    await sleep(1_000)
    await b.page.bringToFront()
    // The profiler slows the page down; with calls traced there is no need for it.
    const profilers = values.calls ? [] : [await startProfile(a), await startProfile(b)]
    await b.join(url)
    const opens = await Promise.all([a.reached('open', 1), b.reached('open', 1)])
    const [busyA, busyB] = await Promise.all(profilers.map((profiler) => stopProfile(profiler)))
    const startMs = await b.reached('join', 1)
    const since = async (page: OpenPage) =>
      (await page.marks()).map(({ step, atMs }) => ({ step, atMs: atMs - startMs })).filter(({ atMs }) => atMs >= 0)
    return {
      side,
      openMs: Math.max(...opens) - startMs,
      marks: { joiner: await since(b), member: await since(a) },
      busy: { joiner: busyB ?? new Map(), member: busyA ?? new Map() },
    }
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

async function startProfile({ page }: OpenPage): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page)
  await session.send('Profiler.enable')
  await session.send('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US })
  await session.send('Profiler.start')
  return session
}

async function stopProfile(session: CDPSession): Promise<Map<string, number>> {
  const { profile } = await session.send('Profiler.stop')
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName || `(line ${callFrame.lineNumber})`]),
  )
  const busy = new Map<string, number>()
  profile.samples?.forEach((id, i) => {
    const name = names.get(id) ?? '?'
    busy.set(name, (busy.get(name) ?? 0) + (profile.timeDeltas?.[i] ?? 0) / 1_000)
  })
  return busy
}

function report(some: readonly Run[], side: Side): void {
  console.log(`\n${side}: open ${spread(some.map(({ openMs }) => openMs))} ms`)
  if (values.calls) {
    const middle = some.toSorted((a, b) => a.openMs - b.openMs)[Math.floor(some.length / 2)]
    const lines = (['joiner', 'member'] as const).flatMap((who) =>
      (middle?.marks[who] ?? []).map((mark) => ({ who, ...mark })),
    )
    for (const { who, step, atMs } of lines.toSorted((a, b) => a.atMs - b.atMs)) {
      console.log(`${figure(atMs).padStart(7)}  ${who === 'joiner' ? step : ''.padEnd(40) + step}`)
    }
    return
  }
  for (const who of ['joiner', 'member'] as const) {
    const steps = new Set(some.flatMap(({ marks }) => marks[who].map(({ step }) => step)))
    const times = [...steps].map((step) => ({
      step,
      atMs: median(some.flatMap(({ marks }) => marks[who].find((mark) => mark.step === step)?.atMs ?? [])),
    }))
    const timeline = times.toSorted((a, b) => a.atMs - b.atMs).map(({ step, atMs }) => `${step} ${figure(atMs)}`)
    console.log(`  ${who}: ${timeline.join(', ')}`)
    const names = new Set(some.flatMap(({ busy }) => [...busy[who].keys()]))
    const totals = [...names].map((name) => ({ name, ms: median(some.map(({ busy }) => busy[who].get(name) ?? 0)) }))
    const shown = totals
      .filter(({ name }) => name !== '(idle)')
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, SHOWN_FUNCTIONS)
    console.log(`  ${who} busy, ms: ${shown.map(({ name, ms }) => `${name} ${figure(ms)}`).join(', ')}`)
  }
}
