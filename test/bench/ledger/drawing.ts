/** What a new entry costs the join page, drawing included, in ledgers of different sizes: in real Chromium. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { launchChromium } from '../../support/chromium.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { median, quantile, spread } from '../stats.ts'

const DEFAULT_ROUNDS = 5
const FRAMES = 100
/** A picture holds 320 entries; the first has fewer. */
const SIZES = [100, 320, 5_000, 20_000] as const
type Size = (typeof SIZES)[number]
/** From 320 entries on nothing may depend on how many there are; the rest is for noise. */
const SAME_BAR = 1.25
/** Half of a frame at 60 a second. */
const FRAME_BAR_MS = 8

interface Sample extends Watched {
  readonly size: Size
  readonly framesMs: readonly number[]
}

export async function drawing({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const { outputFiles } = await build({
    entryPoints: ['test/bench/ledger/drawing-page.ts', 'client/page/page.css'],
    outdir: 'unused',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    // package.json says that nothing here has side effects; this page is nothing but.
    ignoreAnnotations: true,
    write: false,
  })
  const textOf = (extension: string) => outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? ''
  const html = `<!doctype html><style>${textOf('.css')}</style><script type="module">${textOf('.js')}</script>`
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await page.waitForFunction(() => 'timeFrames' in globalThis)
    const timed = (size: Size) =>
      watched(async () => ({
        size,
        framesMs: await page.evaluate(([entries, frames]) => globalThis.timeFrames(entries, frames), [
          size,
          FRAMES,
        ] as const),
      }))
    const measured = await quietRounds<Sample>(rounds, async () => {
      const samples: Sample[] = []
      for (const size of SIZES) samples.push(await timed(size))
      return samples
    })
    return finding(measured.samples, measured.note)
  } finally {
    await browser.close()
    await new Promise((resolve) => server.close(resolve))
  }
}

function finding(samples: readonly Sample[], roundsNote: string): Finding {
  const of = (size: Size) => samples.filter((sample) => sample.size === size).flatMap(({ framesMs }) => framesMs)
  const compared = (size: Size, control: Size, bar?: number): Row => ({
    what: `one more entry on the page, ${size} against ${control} entries, ms`,
    ours: spread(of(size)),
    control: spread(of(control)),
    value: median(of(size)) / median(of(control)),
    ...(bar !== undefined && { bar }),
    unit: ' ×',
  })
  const slow = quantile(of(5_000), 0.95)
  return {
    title: 'The drawing of the ledger',
    rows: [
      compared(5_000, 100),
      compared(5_000, 320, SAME_BAR),
      compared(20_000, 320, SAME_BAR),
      {
        what: 'the slowest of twenty, 5000 entries, ms',
        ours: slow.toFixed(2),
        control: '',
        value: slow,
        bar: FRAME_BAR_MS,
        unit: ' ms',
      },
    ],
    notes: [
      roundsNote,
      `${FRAMES} frames a round and size, each with one more entry of 12 contributors: state, words, layout and picture of 690 × 176 pixels, read back so that it is really painted. Chromium without a GPU.`,
      'The picture holds 320 entries at most: with 100 there are fewer of them to draw.',
    ],
    samples,
  }
}
