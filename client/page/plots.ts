/** All plots of the page: made when a row comes, drawn once a second while somebody can see them. */
import { historyWords, type History } from './history.ts'
import type * as plots from './plot.ts'
import type { Plot, PlotSize } from './plot.ts'

/** Time passes visibly, and 32 plots stay far below a frame's time in each second. */
const DRAW_EVERY_MS = 1_000

interface Entry {
  readonly size: PlotSize
  /** Absent until the code for it has come. */
  plot: Plot | undefined
  history: History
  isVisible: boolean
}

/** The library that plots is larger than all the rest of the page's own code, and nobody is there yet when a page opens. */
let plotting: typeof plots | undefined
let isLoading = false

const entries = new Map<HTMLElement, Entry>()
const visibility = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    const entry = entries.get(target as HTMLElement)
    if (!entry) continue
    entry.isVisible = isIntersecting
    if (isIntersecting) draw([entry])
  }
})

/** Shows a history in an element; called as often as there is news. It is drawn with the next tick. */
export function showHistory(host: HTMLElement, history: History, size: PlotSize): void {
  let entry = entries.get(host)
  if (entry?.size !== size) {
    entry?.plot?.close()
    const isVisible = entry?.isVisible ?? false
    entry = { size, plot: plotting && new plotting.Plot(host, size), history, isVisible }
    if (!entries.has(host)) visibility.observe(host)
    entries.set(host, entry)
    draw([entry])
    if (!isLoading) load().catch(reportError)
  }
  entry.history = history
  const words = historyWords(history)
  if (host.getAttribute('aria-label') !== words) host.setAttribute('aria-label', words)
}

/** Forgets the plots of rows that are gone. */
export function forgetDetached(): void {
  for (const [host, { plot }] of entries) {
    if (host.isConnected) continue
    visibility.unobserve(host)
    plot?.close()
    entries.delete(host)
  }
}

async function load(): Promise<void> {
  isLoading = true
  try {
    plotting = await import('./plot.ts')
  } catch (error) {
    // The host may be gone, and peers are there all the same: the page says everything in words, and the next row tries again.
    isLoading = false
    if (error instanceof TypeError) return
    throw error
  }
  for (const [host, entry] of entries) entry.plot ??= new plotting.Plot(host, entry.size)
  draw(entries.values())
}

function draw(some: Iterable<Entry>): void {
  if (!plotting) return
  const now = performance.now()
  const palette = plotting.paletteOf(document.documentElement)
  for (const { plot, history } of some) plot?.draw(history, now, palette)
}

setInterval(() => {
  if (!document.hidden) draw([...entries.values()].filter(({ isVisible }) => isVisible))
}, DRAW_EVERY_MS)
