/**
 * A plot of a peer's round trips with the ways by which it was reached: small in a row of the list, large in its
 * diagnosis. Ways differ by pattern and, where there is room, by word, so nobody has to tell colours apart.
 */
import uPlot from 'uplot'
import { REACH_WORDS, type Reach } from '../words.ts'
import { plotted, type History, type Span } from './history.ts'

export type PlotSize = 'small' | 'large'

const HEIGHT_PX: Record<PlotSize, number> = { small: 40, large: 168 }
/** A flat line of a fraction of a millisecond is no mountain range. */
const LEAST_RANGE_MS = 4
const HEADROOM = 1.15
/** Until the row is in the page. */
const UNKNOWN_WIDTH_PX = 300
/** In CSS pixels. */
const STRIP_PX = 3
const Y_AXIS_PX = 52
const X_AXIS_PX = 28
const LABEL_MARGIN_PX = 6
const FONT = '12px system-ui, sans-serif'
/** The line below the plot: whole where packets go straight, broken where somebody forwards them. In CSS pixels. */
const DASHES: Record<Reach, readonly number[]> = { direct: [], turn: [10, 4], relay: [3, 3], stalled: [1, 7] }

/** Colours of the style sheet, by their names there. */
export interface Palette {
  readonly line: string
  readonly text: string
  readonly grid: string
  readonly reach: Readonly<Record<Reach, { readonly fill: string; readonly strip: string }>>
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element)
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    line: color('accent'),
    text: color('soft'),
    grid: color('line'),
    reach: {
      direct: { fill: color('tint'), strip: color('accent') },
      turn: { fill: color('warn-tint'), strip: color('warn') },
      relay: { fill: color('sunken'), strip: color('field-line') },
      stalled: { fill: color('bad-tint'), strip: color('bad') },
    },
  }
}

export class Plot {
  readonly size: PlotSize
  readonly #plot: uPlot
  readonly #observer: ResizeObserver
  #spans: readonly Span[] = []
  #windowSeconds = 60
  #palette: Palette

  constructor(host: HTMLElement, size: PlotSize) {
    this.size = size
    this.#palette = paletteOf(host)
    this.#plot = new uPlot(this.#options(host.clientWidth || UNKNOWN_WIDTH_PX), [[], []], host)
    this.#observer = new ResizeObserver(() => {
      if (host.clientWidth > 0) this.#plot.setSize({ width: host.clientWidth, height: HEIGHT_PX[size] })
    })
    this.#observer.observe(host)
  }

  draw(history: History, nowMs: number, palette: Palette): void {
    const { xs, ys, spans, windowSeconds } = plotted(history, nowMs)
    this.#palette = palette
    this.#spans = spans
    this.#windowSeconds = windowSeconds
    this.#plot.setData([xs, ys])
  }

  close(): void {
    this.#observer.disconnect()
    this.#plot.destroy()
  }

  #options(width: number): uPlot.Options {
    const isLarge = this.size === 'large'
    const stroke = () => this.#palette.line
    const axis: uPlot.Axis = {
      show: isLarge,
      font: FONT,
      stroke: () => this.#palette.text,
      grid: { stroke: () => this.#palette.grid, width: 1 },
      ticks: { show: false },
    }
    return {
      width,
      height: HEIGHT_PX[this.size],
      padding: isLarge ? [20, 16, null, null] : [4, 4, STRIP_PX + 4, 4],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [-this.#windowSeconds, 0] },
        y: { range: (_, __, maxMs) => [0, Math.max(LEAST_RANGE_MS, (maxMs ?? 0) * HEADROOM)] },
      },
      series: [{}, { stroke, width: 1.5, points: { show: true, size: isLarge ? 5 : 3.5, fill: stroke, width: 0 } }],
      axes: [
        { ...axis, size: X_AXIS_PX, space: 70, values: (_, splits) => splits.map(agoWords) },
        { ...axis, size: Y_AXIS_PX, space: 36, values: (_, splits) => splits.map((ms) => `${ms} ms`) },
      ],
      hooks: { drawClear: [(plot) => this.#drawSpans(plot)] },
    }
  }

  #drawSpans(plot: uPlot): void {
    const { ctx, bbox } = plot
    const scale = devicePixelRatio
    const isLarge = this.size === 'large'
    const bottom = bbox.top + bbox.height
    ctx.save()
    ctx.font = `${12 * scale}px system-ui, sans-serif`
    ctx.textAlign = 'left'
    ctx.textBaseline = 'alphabetic'
    let labelledTo = -Infinity
    for (const { from, to, reach } of this.#spans) {
      const { fill, strip } = this.#palette.reach[reach]
      const left = Math.round(plot.valToPos(from, 'x', true))
      const right = Math.round(plot.valToPos(to, 'x', true))
      ctx.fillStyle = fill
      ctx.fillRect(left, bbox.top, right - left, bbox.height)
      line(
        ctx,
        strip,
        STRIP_PX * scale,
        DASHES[reach].map((length) => length * scale),
        [
          [left, bottom + (STRIP_PX * scale) / 2],
          [right, bottom + (STRIP_PX * scale) / 2],
        ],
      )
      if (from > -this.#windowSeconds) {
        line(
          ctx,
          this.#palette.text,
          scale,
          [],
          [
            [left, bbox.top],
            [left, bottom],
          ],
        )
      }
      const word = REACH_WORDS[reach]
      const latest = bbox.left + bbox.width - ctx.measureText(word).width
      const free = labelledTo + LABEL_MARGIN_PX * scale
      if (!isLarge || free > latest) continue
      const at = Math.min(Math.max(left, free), latest)
      ctx.fillStyle = this.#palette.text
      ctx.fillText(word, at, bbox.top - LABEL_MARGIN_PX * scale)
      labelledTo = at + ctx.measureText(word).width
    }
    ctx.restore()
  }
}

function line(
  ctx: CanvasRenderingContext2D,
  color: string,
  width: number,
  dash: number[],
  [from, to]: [from: [number, number], to: [number, number]],
): void {
  ctx.strokeStyle = color
  ctx.lineWidth = width
  ctx.setLineDash(dash)
  ctx.beginPath()
  ctx.moveTo(...from)
  ctx.lineTo(...to)
  ctx.stroke()
}

function agoWords(seconds: number): string {
  if (seconds === 0) return 'now'
  return seconds % 60 === 0 ? `−${-seconds / 60} min` : `−${-seconds} s`
}
