/**
 * A plot of a peer's round trips with the ways by which it was reached: small in a row of the list, large in its
 * diagnosis. Ways differ by pattern and, where there is room, by word, so nobody has to tell colours apart.
 */
import { REACH_WORDS, type Reach } from '../words.ts'
import { coloursOf, freshContext } from './canvas.ts'
import { plotted, type History, type Plotted, type Span } from './history.ts'
import { decimalTicks, secondsTicks } from './ticks.ts'

export type PlotSize = 'small' | 'large'

/** All of it in CSS pixels: the height, and what is kept free around the field that is plotted. */
const FRAMES = {
  small: { height: 40, top: 4, right: 4, bottom: 7, left: 4, point: 1.75 },
  large: { height: 168, top: 20, right: 16, bottom: 28, left: 52, point: 2.5 },
} as const
/** A flat line of a fraction of a millisecond is no mountain range. */
const LEAST_RANGE_MS = 4
const HEADROOM = 1.15
/** In CSS pixels. */
const STRIP_PX = 3
const LABEL_MARGIN_PX = 6
const X_TICK_PX = 70
const Y_TICK_PX = 36
const FONT = '12px system-ui, sans-serif'
/** The line below the plot: whole where packets go straight, broken where somebody forwards them. In CSS pixels. */
const DASHES: Record<Reach, number[]> = { direct: [], turn: [10, 4], relay: [3, 3], stalled: [1, 7] }

/** Colours of the style sheet, by their names there. */
export interface Palette {
  readonly line: string
  readonly text: string
  readonly grid: string
  readonly reach: Readonly<Record<Reach, { readonly fill: string; readonly strip: string }>>
}

export function paletteOf(element: Element): Palette {
  const colour = coloursOf(element)
  return {
    line: colour('accent'),
    text: colour('soft'),
    grid: colour('line'),
    reach: {
      direct: { fill: colour('tint'), strip: colour('accent') },
      turn: { fill: colour('warn-tint'), strip: colour('warn') },
      relay: { fill: colour('sunken'), strip: colour('field-line') },
      stalled: { fill: colour('bad-tint'), strip: colour('bad') },
    },
  }
}

type Point = readonly [x: number, y: number]

/** Where the field that is plotted lies, and where values lie in it. */
interface Field {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly x: (seconds: number) => number
  readonly y: (ms: number) => number
  readonly rangeMs: number
}

export class Plot {
  readonly size: PlotSize
  readonly #canvas = document.createElement('canvas')
  readonly #observer: ResizeObserver
  #widthPx: number
  #redraw: () => void = () => undefined

  constructor(host: HTMLElement, size: PlotSize) {
    this.size = size
    this.#widthPx = host.clientWidth
    host.append(this.#canvas)
    this.#observer = new ResizeObserver(() => {
      this.#widthPx = host.clientWidth
      this.#redraw()
    })
    this.#observer.observe(host)
  }

  draw(history: History, nowMs: number, palette: Palette): void {
    this.#redraw = () => this.#draw(plotted(history, nowMs), palette)
    this.#redraw()
  }

  close(): void {
    this.#observer.disconnect()
    this.#canvas.remove()
    this.#redraw = () => undefined
  }

  #draw(data: Plotted, palette: Palette): void {
    // Until the row is in the page there is no room to draw in.
    if (this.#widthPx === 0) return
    const context = freshContext(this.#canvas, this.#widthPx, FRAMES[this.size].height)
    if (!context) return
    const isLarge = this.size === 'large'
    const field = fieldOf(FRAMES[this.size], this.#widthPx, data)
    context.font = FONT
    drawSpans(context, field, data, palette)
    if (isLarge) {
      drawAxes(context, field, data, palette)
      drawWords(context, field, data.spans, palette)
    }
    drawLine(context, field, data, palette, FRAMES[this.size].point)
  }
}

function fieldOf(frame: (typeof FRAMES)[PlotSize], widthPx: number, { ys, windowSeconds }: Plotted): Field {
  const left: number = frame.left
  const right = widthPx - frame.right
  const top: number = frame.top
  const bottom = frame.height - frame.bottom
  const rangeMs = Math.max(LEAST_RANGE_MS, Math.max(0, ...ys.map((ms) => ms ?? 0)) * HEADROOM)
  return {
    left,
    right,
    top,
    bottom,
    rangeMs,
    x: (seconds) => right + (seconds / windowSeconds) * (right - left),
    y: (ms) => bottom - (ms / rangeMs) * (bottom - top),
  }
}

function drawSpans(
  context: CanvasRenderingContext2D,
  { x, top, bottom }: Field,
  { spans, windowSeconds }: Plotted,
  palette: Palette,
): void {
  for (const { from, to, reach } of spans) {
    const { fill, strip } = palette.reach[reach]
    const left = Math.round(x(from))
    const right = Math.round(x(to))
    const stripY = bottom + STRIP_PX / 2
    context.fillStyle = fill
    context.fillRect(left, top, right - left, bottom - top)
    line(context, strip, STRIP_PX, DASHES[reach], [left, stripY], [right, stripY])
    if (from > -windowSeconds) line(context, palette.text, 1, [], [left, top], [left, bottom])
  }
}

/** A word above each stretch that has room for it; the last one that fits moves as far as the right end. */
function drawWords(context: CanvasRenderingContext2D, field: Field, spans: readonly Span[], { text }: Palette): void {
  let labelledTo = -Infinity
  context.fillStyle = text
  context.textAlign = 'left'
  context.textBaseline = 'alphabetic'
  for (const { from, reach } of spans) {
    const word = REACH_WORDS[reach]
    const latest = field.right - context.measureText(word).width
    const free = labelledTo + LABEL_MARGIN_PX
    if (free > latest) continue
    const at = Math.min(Math.max(field.x(from), free), latest)
    context.fillText(word, at, field.top - LABEL_MARGIN_PX)
    labelledTo = at + context.measureText(word).width
  }
}

function drawAxes(
  context: CanvasRenderingContext2D,
  { left, right, top, bottom, x, y, rangeMs }: Field,
  { windowSeconds }: Plotted,
  { text, grid }: Palette,
): void {
  context.fillStyle = text
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  for (const ms of decimalTicks(rangeMs, (bottom - top) / Y_TICK_PX)) {
    line(context, grid, 1, [], [left, y(ms)], [right, y(ms)])
    context.fillText(`${ms} ms`, left - LABEL_MARGIN_PX, y(ms))
  }
  context.textAlign = 'center'
  context.textBaseline = 'top'
  for (const seconds of secondsTicks(windowSeconds, (right - left) / X_TICK_PX)) {
    line(context, grid, 1, [], [x(seconds), top], [x(seconds), bottom])
    context.fillText(agoWords(seconds), x(seconds), bottom + STRIP_PX + LABEL_MARGIN_PX)
  }
}

function drawLine(
  context: CanvasRenderingContext2D,
  field: Field,
  { xs, ys }: Plotted,
  palette: Palette,
  radius: number,
): void {
  const dots = new Path2D()
  const path = new Path2D()
  let isBroken = true
  for (const [i, seconds] of xs.entries()) {
    const ms = ys[i]
    if (ms === null || ms === undefined) {
      isBroken = true
      continue
    }
    const [x, y] = [field.x(seconds), field.y(ms)]
    if (isBroken) path.moveTo(x, y)
    else path.lineTo(x, y)
    isBroken = false
    dots.moveTo(x + radius, y)
    dots.arc(x, y, radius, 0, 2 * Math.PI)
  }
  context.setLineDash([])
  context.strokeStyle = palette.line
  context.fillStyle = palette.line
  context.lineWidth = 1.5
  context.stroke(path)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- this is no array
  context.fill(dots)
}

function line(
  context: CanvasRenderingContext2D,
  colour: string,
  width: number,
  dash: number[],
  from: Point,
  to: Point,
): void {
  context.strokeStyle = colour
  context.lineWidth = width
  context.setLineDash(dash)
  context.beginPath()
  context.moveTo(...from)
  context.lineTo(...to)
  context.stroke()
}

function agoWords(seconds: number): string {
  if (seconds === 0) return 'now'
  return seconds % 60 === 0 ? `−${-seconds / 60} min` : `−${-seconds} s`
}
