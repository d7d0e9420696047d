/** Eight pages join one empty room at once: how long until all 28 links are direct on both of their sides. */
import { quietRounds, watched, type Watched } from './neighbours.ts'
import { startPages, type OpenPage, type PageFactory, type Side } from './pages.ts'
import type { BenchOptions, Finding, Row } from './report.ts'
import { startBare, startEdgeNet } from './servers.ts'
import { median, spread } from './stats.ts'

const DEFAULT_ROUNDS = 5
const PAGES = 8
const SIDES: readonly Side[] = ['ours', 'bare']

interface Sample extends Watched {
  readonly side: Side
  /** From the first join() until the last page's last link is direct. */
  readonly openMs: number
  /** Until the last page has heard from all others, on whatever path. */
  readonly firstMs: number
}

export async function mesh({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const [ours, bare, pages] = [await startEdgeNet(), await startBare(), await startPages()]
  const roomUrls: Record<Side, (round: number) => string> = {
    ours: (round) => `http://127.0.0.1:${ours.port}/n/mesh-${round}`,
    bare: (round) => `ws://127.0.0.1:${bare.port}/mesh-${round}`,
  }
  try {
    const measured = await quietRounds(rounds, async (round) => {
      const samples = new Map<Side, Sample>()
      for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
        samples.set(side, await watched(() => measure(pages, side, roomUrls[side](round))))
      }
      return SIDES.flatMap((side) => samples.get(side) ?? [])
    })
    return finding(measured.samples, measured.note)
  } finally {
    await pages.close()
    await Promise.all([ours.close(), bare.close()])
  }
}

async function measure(pages: PageFactory, side: Side, roomUrl: string): Promise<Omit<Sample, keyof Watched>> {
  const opened: OpenPage[] = []
  try {
    for (let i = 0; i < PAGES; i++) opened.push(await pages.open(side))
    await Promise.all(opened.map((page) => page.join(roomUrl)))
    const opens = await Promise.all(opened.map((page) => page.reached('open', PAGES - 1)))
    const firsts = await Promise.all(opened.map((page) => page.reached('message', PAGES - 1)))
    const startMs = Math.min(...(await Promise.all(opened.map((page) => page.reached('join', 1)))))
    return { side, openMs: Math.max(...opens) - startMs, firstMs: Math.max(...firsts) - startMs }
  } finally {
    await Promise.all(opened.map((page) => page.close()))
  }
}

function finding(samples: readonly Sample[], roundsNote: string): Finding {
  const of = (side: Side, key: 'openMs' | 'firstMs') =>
    samples.filter((sample) => sample.side === side).map((sample) => sample[key])
  const rows: Row[] = [
    {
      what: 'all links open on all pages, ms',
      ours: spread(of('ours', 'openMs')),
      control: spread(of('bare', 'openMs')),
      value: median(of('ours', 'openMs')) / median(of('bare', 'openMs')),
      bar: 1.1,
      unit: ' ×',
    },
    {
      what: 'everybody has heard from everybody, ms',
      ours: spread(of('ours', 'firstMs')),
      control: spread(of('bare', 'firstMs')),
    },
  ]
  const notes = [
    roundsNote,
    `Sides in turns, ${PAGES} fresh browser contexts of one Chromium; on two cores this is mostly processor time.`,
    'From the first join() to the last `path` event of kind direct (ours) or channel `open` (bare); every page holds 7 links.',
  ]
  return { title: 'Eight pages at once', rows, notes, samples }
}
