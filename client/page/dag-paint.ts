/** Paints the part of a layout that can be seen: edges first, then entries, all of one colour at once. */
import type { DagEntry, DagLayout, DagNode } from './dag-layout.ts'
import { ROWS } from './dag-layout.ts'

export interface PaintedEntry extends DagEntry {
  readonly isConfirmed: boolean
  /** An index into the palette's contributors; number 0 is our own and has a shape of its own, too. */
  readonly colour: number
}

export interface DagPalette {
  readonly panel: string
  readonly ink: string
  readonly edge: string
  readonly contributors: readonly string[]
}

export interface DagWindow {
  readonly widthPx: number
  /** How much of the drawing is hidden at the left. */
  readonly leftPx: number
  readonly selected: string | undefined
}

/** In CSS pixels. */
export const CELL_PX = { width: 22, height: 18 } as const
export const MARGIN_PX = 16
export const HEIGHT_PX = (ROWS - 1) * CELL_PX.height + 2 * MARGIN_PX
const RADIUS_PX = 5
const HALO_PX = 8.5
/** The ring of an entry that is not confirmed must not look smaller than a full one. */
const RING_PX = 2
/** There are three times as many edges as entries, and the entries are what it is about. */
const EDGE_OPACITY = 0.7
const CHAIN_OPACITY = 0.5
const HALO_OPACITY = 0.25

export function trackWidthPx(layout: Pick<DagLayout<PaintedEntry>, 'firstColumn' | 'lastColumn'>): number {
  return Math.max(0, layout.lastColumn - layout.firstColumn) * CELL_PX.width + 2 * MARGIN_PX
}

/** Where a node stands, in pixels from the left end of the whole drawing. */
export function centreOf(
  { column, row }: Pick<DagNode<PaintedEntry>, 'column' | 'row'>,
  firstColumn: number,
): readonly [x: number, y: number] {
  return [MARGIN_PX + (column - firstColumn) * CELL_PX.width, MARGIN_PX + row * CELL_PX.height]
}

export function paintDag(
  context: CanvasRenderingContext2D,
  layout: DagLayout<PaintedEntry>,
  { widthPx, leftPx, selected }: DagWindow,
  palette: DagPalette,
): void {
  const { firstColumn } = layout
  const placeOf = (node: DagNode<PaintedEntry>) => {
    const [x, y] = centreOf(node, firstColumn)
    return [x - leftPx, y] as const
  }
  const layers = palette.contributors.map(() => ({
    chain: new Path2D(),
    halo: new Path2D(),
    full: new Path2D(),
    ring: new Path2D(),
  }))
  const edges = new Path2D()
  let ring: readonly [number, number] | undefined
  for (const node of layout.nodes) {
    const { entry, isTip } = node
    const [x, y] = placeOf(node)
    const layer = layers[entry.colour]
    if (!layer || x < -widthPx) continue
    const prev = entry.prev === undefined ? undefined : layout.node(entry.prev)
    for (const id of entry.parents) {
      const parent = id === entry.prev ? undefined : layout.node(id)
      if (parent) addEdge(edges, placeOf(parent), [x, y], widthPx)
    }
    if (prev) addEdge(layer.chain, placeOf(prev), [x, y], widthPx)
    if (x < -HALO_PX || x > widthPx + HALO_PX) continue
    addShape(entry.isConfirmed ? layer.full : layer.ring, entry, x, y)
    if (isTip) addCircle(layer.halo, x, y, HALO_PX)
    if (entry.id === selected) ring = [x, y]
  }

  context.strokeStyle = palette.edge
  context.lineWidth = 1
  context.globalAlpha = EDGE_OPACITY
  context.stroke(edges)
  for (const [i, { chain, halo }] of layers.entries()) {
    const colour = palette.contributors[i] ?? palette.ink
    context.strokeStyle = colour
    context.fillStyle = colour
    context.globalAlpha = CHAIN_OPACITY
    context.lineWidth = 2
    context.stroke(chain)
    context.globalAlpha = HALO_OPACITY
    context.fill(halo)
  }
  context.globalAlpha = 1
  context.lineWidth = RING_PX
  for (const [i, { full, ring: rings }] of layers.entries()) {
    const colour = palette.contributors[i] ?? palette.ink
    context.fillStyle = colour
    context.fill(full)
    context.fillStyle = palette.panel
    context.fill(rings)
    context.strokeStyle = colour
    context.stroke(rings)
  }
  if (!ring) return
  const [x, y] = ring
  const around = new Path2D()
  addCircle(around, x, y, HALO_PX + 1)
  context.strokeStyle = palette.ink
  context.stroke(around)
}

/** A curve from an entry to one that builds on it. One that stays in a row swings around what stands between. */
function addEdge(
  path: Path2D,
  [fromX, fromY]: readonly [number, number],
  [toX, toY]: readonly [number, number],
  widthPx: number,
): void {
  if (toX < 0 || fromX > widthPx) return
  const bend = (toX - fromX) / 2
  const isLong = fromY === toY && bend > CELL_PX.width / 2
  const lift = isLong ? CELL_PX.height * 0.7 : 0
  path.moveTo(fromX, fromY)
  path.bezierCurveTo(fromX + bend, fromY - lift, toX - bend, toY - lift, toX, toY)
}

/** Our own entries are squares, those of others circles. */
function addShape(path: Path2D, { colour, isConfirmed }: PaintedEntry, x: number, y: number): void {
  const radius = isConfirmed ? RADIUS_PX : RADIUS_PX - RING_PX / 2
  if (colour === 0) path.rect(x - radius, y - radius, 2 * radius, 2 * radius)
  else addCircle(path, x, y, radius)
}

function addCircle(path: Path2D, x: number, y: number, radius: number): void {
  path.moveTo(x + radius, y)
  path.arc(x, y, radius, 0, 2 * Math.PI)
}
