/**
 * Where the entries of a drawing stand: columns from left to right so that whatever an entry builds on is left of it, rows so
 * that a contributor's entries stay in one line where they can. An entry keeps its place as long as it is drawn. Work and
 * memory depend on how many entries are drawn, not on how many there are.
 */

export const ROWS = 9
const MIDDLE_ROW = (ROWS - 1) / 2
/** From the middle outwards. */
const ROW_ORDER = Array.from({ length: ROWS }, (_, i) => i).toSorted(
  (a, b) => Math.abs(a - MIDDLE_ROW) - Math.abs(b - MIDDLE_ROW),
)

/** What of an entry decides where it stands. */
export interface DagEntry {
  readonly id: string
  readonly contributor: string
  readonly parents: readonly string[]
  readonly prev?: string
}

export interface DagNode<Entry extends DagEntry> {
  /** As it was when last told: the same entry can become confirmed. */
  readonly entry: Entry
  readonly column: number
  readonly row: number
  /** Nothing that is drawn builds on it. */
  readonly isTip: boolean
}

/** Nodes do not refer to each other: those that are drawn would keep all that ever were. */
interface Node<Entry extends DagEntry> extends DagNode<Entry> {
  entry: Entry
  isTip: boolean
  /** Number of the update that last named it. */
  seenIn: number
}

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

export class DagLayout<Entry extends DagEntry> {
  readonly #nodes = new Map<string, Node<Entry>>()
  readonly #columns = new Map<number, (Node<Entry> | undefined)[]>()
  /** Which row a contributor's entries are put into, and how many of them are drawn. */
  readonly #lanes = new Map<string, { readonly row: number; nodes: number }>()
  #updates = 0
  #firstColumn = 0
  #lastColumn = -1

  get nodes(): Iterable<DagNode<Entry>> {
    return this.#nodes.values()
  }

  get size(): number {
    return this.#nodes.size
  }

  get firstColumn(): number {
    return this.#firstColumn
  }

  /** Below `firstColumn` when nothing is drawn. */
  get lastColumn(): number {
    return this.#lastColumn
  }

  node(id: string): DagNode<Entry> | undefined {
    return this.#nodes.get(id)
  }

  /**
   * @param entries all that are to be drawn, in the order of their times, so parents first. Who was drawn and is not among
   *   them goes away.
   */
  update(entries: readonly Entry[]): void {
    this.#updates++
    let before: Node<Entry> | undefined
    for (const entry of entries) {
      let node = this.#nodes.get(entry.id)
      if (node) node.entry = entry
      else node = this.#place(entry, before?.column)
      node.seenIn = this.#updates
      before = node
    }
    for (const node of this.#nodes.values()) if (node.seenIn !== this.#updates) this.#remove(node)
    this.#measure()
  }

  /** The node nearest to a place that may lie between columns and rows; none when it is further than one cell. */
  nearest(column: number, row: number): DagNode<Entry> | undefined {
    let found: DagNode<Entry> | undefined
    let least = 1
    for (const near of [Math.floor(column), Math.ceil(column)]) {
      for (const node of this.#columns.get(near) ?? []) {
        const distance = node ? Math.hypot(node.column - column, node.row - row) : Infinity
        if (distance >= least) continue
        least = distance
        found = node
      }
    }
    return found
  }

  /** The node that a step leads to; the newest one when the walk begins, the same one where there is no further. */
  step(from: string | undefined, direction: Direction): DagNode<Entry> | undefined {
    const node = from === undefined ? undefined : this.#nodes.get(from)
    if (!node || direction === 'last') return this.#towards(this.#lastColumn, -1, node?.row ?? MIDDLE_ROW)
    if (direction === 'first') return this.#towards(this.#firstColumn, 1, node.row)
    if (direction === 'left') return this.#towards(node.column - 1, -1, node.row) ?? node
    if (direction === 'right') return this.#towards(node.column + 1, 1, node.row) ?? node
    const others = this.#columns.get(node.column) ?? []
    const beyond = direction === 'up' ? others.slice(0, node.row).toReversed() : others.slice(node.row + 1)
    return beyond.find((other) => other !== undefined) ?? node
  }

  /** The node of the first column that has any, in this direction, with the row nearest to one. */
  #towards(column: number, step: 1 | -1, row: number): DagNode<Entry> | undefined {
    for (let at = column; at >= this.#firstColumn && at <= this.#lastColumn; at += step) {
      const nodes = (this.#columns.get(at) ?? []).filter((node) => node !== undefined)
      const [nearest] = nodes.toSorted((a, b) => Math.abs(a.row - row) - Math.abs(b.row - row))
      if (nearest) return nearest
    }
    return undefined
  }

  /** @param columnOfTime where the entry stands that comes before this one in time */
  #place(entry: Entry, columnOfTime: number | undefined): Node<Entry> {
    const references = entry.prev === undefined ? entry.parents : [...entry.parents, entry.prev]
    const below = references.flatMap((id) => this.#nodes.get(id) ?? [])
    const isAnchored = below.length === references.length && below.length > 0
    // What it builds on is not drawn (any more), or it builds on nothing: its time says where it belongs.
    const earliest = isAnchored ? -Infinity : (columnOfTime ?? this.#firstColumn)
    const column = Math.max(earliest, ...below.map((node) => node.column + 1))
    const place = this.#freePlace(column, this.#laneOf(entry.contributor))
    const node = { entry, ...place, isTip: true, seenIn: 0 }
    for (const reference of below) reference.isTip = false
    this.#nodes.set(entry.id, node)
    const cells = this.#columns.get(place.column) ?? Array.from<undefined>({ length: ROWS })
    this.#columns.set(place.column, cells)
    cells[place.row] = node
    return node
  }

  /** A contributor's row; a new one gets the row that the fewest others have. */
  #laneOf(contributor: string): number {
    let lane = this.#lanes.get(contributor)
    if (!lane) {
      const users = Array.from<number>({ length: ROWS }).fill(0)
      for (const { row } of this.#lanes.values()) users[row] = (users[row] ?? 0) + 1
      const fewest = Math.min(...users)
      lane = { row: ROW_ORDER.find((row) => users[row] === fewest) ?? MIDDLE_ROW, nodes: 0 }
      this.#lanes.set(contributor, lane)
    }
    lane.nodes++
    return lane.row
  }

  /** The free cell nearest to a row in this column, or in the next one that is not full. */
  #freePlace(from: number, row: number): { column: number; row: number } {
    for (let column = from; ; column++) {
      const cells = this.#columns.get(column)
      for (let distance = 0; distance < ROWS; distance++) {
        for (const candidate of [row - distance, row + distance]) {
          if (candidate >= 0 && candidate < ROWS && !cells?.[candidate]) return { column, row: candidate }
        }
      }
    }
  }

  #remove({ entry, column, row }: Node<Entry>): void {
    this.#nodes.delete(entry.id)
    const cells = this.#columns.get(column)
    if (cells) cells[row] = undefined
    if (cells?.every((cell) => cell === undefined)) this.#columns.delete(column)
    const lane = this.#lanes.get(entry.contributor)
    if (lane && --lane.nodes === 0) this.#lanes.delete(entry.contributor)
  }

  #measure(): void {
    if (this.#columns.size === 0) {
      this.#lastColumn = this.#firstColumn - 1
      return
    }
    this.#firstColumn = Math.min(...this.#columns.keys())
    this.#lastColumn = Math.max(...this.#columns.keys())
  }
}
