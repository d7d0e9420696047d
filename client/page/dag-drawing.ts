/**
 * The drawing of the recent ledger on the page: scrolls, follows what comes, and lets people choose an entry with pointer or
 * keyboard. Paints at most once a frame, and only while something has changed.
 */
import type { LedgerEntry } from '../qdag/api.ts'
import { coloursOf, freshContext } from './canvas.ts'
import { COLOURS } from './contributor-colours.ts'
import { DagLayout, type Direction } from './dag-layout.ts'
import {
  CELL_PX,
  centreOf,
  HEIGHT_PX,
  MARGIN_PX,
  paintDag,
  trackWidthPx,
  type DagPalette,
  type PaintedEntry,
} from './dag-paint.ts'

/** Who has scrolled further back than this is left alone. */
const FOLLOW_WITHIN_PX = 8
const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
}

export class DagDrawing {
  readonly #host: HTMLElement
  readonly #track = document.createElement('div')
  readonly #canvas = document.createElement('canvas')
  readonly #onSelect: (id: string | undefined) => void
  readonly #layout = new DagLayout<PaintedEntry>()
  #palette: DagPalette | undefined
  #entries: readonly LedgerEntry[] = []
  #selected: string | undefined
  #widthPx = 0
  #leftPx = 0
  #isFollowing = true
  #isPlanned = false

  /** @param onSelect called with the entry that somebody points at or walks to; `undefined`: with none any more */
  constructor(host: HTMLElement, onSelect: (id: string | undefined) => void) {
    this.#host = host
    this.#onSelect = onSelect
    this.#track.className = 'dag-track'
    this.#track.append(this.#canvas)
    host.append(this.#track)
    host.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    host.addEventListener('pointermove', (event) => this.#pointed(event))
    host.addEventListener('pointerdown', (event) => this.#pointed(event))
    host.addEventListener('keydown', (event) => this.#pressed(event))
    new ResizeObserver(() => this.#arrange()).observe(host)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#palette = undefined
      this.#plan()
    })
  }

  /** @param entries in the order of their times */
  show(entries: readonly LedgerEntry[], colourOf: (siteId: string) => number, selected: string | undefined): void {
    const isNew = entries !== this.#entries
    if (!isNew && selected === this.#selected) return
    this.#entries = entries
    this.#selected = selected
    if (isNew) {
      const firstColumn = this.#layout.firstColumn
      this.#layout.update(entries.map((entry) => ({ ...entry, colour: colourOf(entry.contributor) })))
      // What somebody is looking at stays where it is when something before it goes away.
      if (!this.#isFollowing) this.#leftPx -= (this.#layout.firstColumn - firstColumn) * CELL_PX.width
      this.#arrange()
    }
    this.#plan()
  }

  /** Brings the width of what is scrolled, and the place where it stands, to the layout. */
  #arrange(): void {
    // Not left to the observer alone: scrolling is told before it, and would be taken for somebody who scrolled back.
    this.#widthPx = this.#host.clientWidth
    const trackPx = Math.max(trackWidthPx(this.#layout), this.#widthPx)
    this.#track.style.width = `${trackPx}px`
    this.#scrollTo(this.#isFollowing ? trackPx : this.#leftPx)
    this.#plan()
  }

  #scrollTo(leftPx: number): void {
    const trackPx = Math.max(trackWidthPx(this.#layout), this.#widthPx)
    this.#leftPx = Math.max(0, Math.min(leftPx, trackPx - this.#widthPx))
    this.#host.scrollLeft = this.#leftPx
  }

  #scrolled(): void {
    this.#leftPx = this.#host.scrollLeft
    this.#isFollowing = this.#leftPx + this.#widthPx >= trackWidthPx(this.#layout) - FOLLOW_WITHIN_PX
    this.#plan()
  }

  #pointed({ clientX, clientY }: PointerEvent): void {
    const { left, top } = this.#canvas.getBoundingClientRect()
    const column = this.#layout.firstColumn + (clientX - left + this.#leftPx - MARGIN_PX) / CELL_PX.width
    const node = this.#layout.nearest(column, (clientY - top - MARGIN_PX) / CELL_PX.height)
    // Between the entries the last one stays chosen, so that its facts can be read.
    if (node && node.entry.id !== this.#selected) this.#select(node.entry.id)
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#select(undefined)
    const direction = DIRECTIONS[event.key]
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const node = this.#layout.step(this.#selected, direction)
    if (!node) return
    const [x] = centreOf(node, this.#layout.firstColumn)
    const isVisible = x >= this.#leftPx + MARGIN_PX && x <= this.#leftPx + this.#widthPx - MARGIN_PX
    if (!isVisible) this.#scrollTo(x - this.#widthPx / 2)
    this.#select(node.entry.id)
  }

  /** At once, not when the page comes round to it: the next key may be faster. */
  #select(id: string | undefined): void {
    this.#selected = id
    this.#plan()
    this.#onSelect(id)
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    requestAnimationFrame(() => {
      this.#isPlanned = false
      this.#paint()
    })
  }

  #paint(): void {
    if (this.#widthPx === 0) return
    const context = freshContext(this.#canvas, this.#widthPx, HEIGHT_PX)
    if (!context) return
    this.#palette ??= paletteOf(this.#host)
    const window = { widthPx: this.#widthPx, leftPx: this.#leftPx, selected: this.#selected }
    paintDag(context, this.#layout, window, this.#palette)
  }
}

function paletteOf(element: Element): DagPalette {
  const colour = coloursOf(element)
  return {
    panel: colour('panel'),
    ink: colour('ink'),
    edge: colour('field-line'),
    contributors: Array.from({ length: COLOURS }, (_, i) => colour(`contributor-${i}`)),
  }
}
