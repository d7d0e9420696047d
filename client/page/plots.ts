/** All plots of the page: made when a row comes, drawn once a second while somebody can see them. */
import { historyWords, type History } from './history.ts'
import { paletteOf, Plot, type PlotSize } from './plot.ts'

/** Time passes visibly, and 32 plots stay far below a frame's time in each second. */
const DRAW_EVERY_MS = 1_000

interface Entry {
  plot: Plot
  history: History
  isVisible: boolean
}

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
  if (entry?.plot.size !== size) {
    entry?.plot.close()
    const isVisible = entry?.isVisible ?? false
    entry = { plot: new Plot(host, size), history, isVisible }
    if (!entries.has(host)) visibility.observe(host)
    entries.set(host, entry)
    draw([entry])
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
    plot.close()
    entries.delete(host)
  }
}

function draw(some: Iterable<Entry>): void {
  const now = performance.now()
  const palette = paletteOf(document.documentElement)
  for (const { plot, history } of some) plot.draw(history, now, palette)
}

setInterval(() => {
  if (!document.hidden) draw([...entries.values()].filter(({ isVisible }) => isVisible))
}, DRAW_EVERY_MS)
