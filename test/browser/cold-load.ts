/**
 * `node test/browser/cold-load.ts`: how long a first visit takes on a slow device, from the address to the first paint, to where
 * everything that can be pressed answers, to a place in the room, and to where a person can begin to contribute. The browser knows nothing of the page, and its main thread runs at a quarter of this
 * machine's speed; with `taskset -c 0` in front, browser and service share one core, too.
 */
import type { Browser } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { startService } from '../support/server.ts'

const SLOWER = 4
const VISITS = 9
/** What a person takes for at once. */
const BAR_MS = 1_000
const MARKS = ['first paint', 'interactive', 'in the room', 'ready to contribute'] as const
type Mark = (typeof MARKS)[number]

const service = await startService({ rateLimits: 'off' })
const browser = await launchChromium()
try {
  // The first one warms the service, which is no part of it.
  await visit(browser, 'warm')
  const visits = []
  for (let i = 0; i < VISITS; i++) visits.push(await visit(browser, `cold-${i}`))
  for (const mark of MARKS) {
    const times = visits.map((visited) => visited[mark])
    const verdict =
      mark !== 'interactive' ? '' : median(times) <= BAR_MS ? `; bar ${BAR_MS} ms met` : `; bar ${BAR_MS} ms MISSED`
    console.log(`${mark.padEnd(22)} ${words(times)}${verdict}`)
  }
} finally {
  await browser.close()
  await service.close()
}

async function visit(of: Browser, room: string): Promise<Record<Mark, number>> {
  const context = await of.newContext()
  try {
    const page = await context.newPage()
    const devtools = await context.newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
    // The page's own clock says when, so that watching costs next to nothing.
    await page.addInitScript(() => {
      new MutationObserver(() => {
        const marks = document.documentElement.dataset
        const { status } = document.body?.dataset ?? {}
        if (status !== undefined) marks['interactive'] ??= `${performance.now()}`
        if (status === 'open') marks['open'] ??= `${performance.now()}`
        const button = document.querySelector<HTMLButtonElement>('#contribute-toggle')
        if (button && !button.disabled) marks['ready'] ??= `${performance.now()}`
      }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-status', 'disabled'] })
    })
    await page.goto(service.roomUrl(room))
    await page.locator('html[data-ready]').waitFor()
    return await page.evaluate(() => {
      const { interactive, open, ready } = document.documentElement.dataset
      return {
        'first paint': performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
        interactive: Number(interactive),
        'in the room': Number(open),
        'ready to contribute': Number(ready),
      }
    })
  } finally {
    await context.close()
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** The median, and the range. */
function words(values: readonly number[]): string {
  return `${Math.round(median(values))} ms (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`
}
