import { array, assert, nat, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DagLayout, ROWS, type DagEntry } from '../../client/page/dag-layout.ts'

const CAPACITY = 60

function entry(id: string, contributor: string, parents: string[] = [], prev?: string): DagEntry {
  return { id, contributor, parents, ...(prev !== undefined && { prev }) }
}

function laidOut(...entries: DagEntry[]): DagLayout<DagEntry> {
  const layout = new DagLayout<DagEntry>()
  layout.update(entries)
  return layout
}

function places(layout: DagLayout<DagEntry>): Record<string, [column: number, row: number]> {
  return Object.fromEntries([...layout.nodes].map(({ entry: { id }, column, row }) => [id, [column, row]]))
}

/** Random ledgers: each entry builds on up to two of those before it, and on its contributor's last one. */
const ledgers = array(record({ contributor: nat(12), first: nat(30), second: nat(30) }), {
  maxLength: 200,
  size: 'max',
}).map((drafts) => {
  const heads = new Map<number, string>()
  const entries: DagEntry[] = []
  for (const { contributor, first, second } of drafts) {
    const parents = [first, second].flatMap((back) => entries.at(-1 - back)?.id ?? [])
    const id = `${entries.length}`
    entries.push(entry(id, `${contributor}`, [...new Set(parents)], heads.get(contributor)))
    heads.set(contributor, id)
  }
  return entries
})

describe('the layout of a drawing', () => {
  it('puts one contributor alone into one line, a column for each entry', () => {
    const layout = laidOut(entry('a', 'Ada'), entry('b', 'Ada', ['a'], 'a'), entry('c', 'Ada', ['b'], 'b'))
    expect(places(layout)).toEqual({ a: [0, 4], b: [1, 4], c: [2, 4] })
    expect([...layout.nodes].map(({ isTip }) => isTip)).toEqual([false, false, true])
    expect([layout.firstColumn, layout.lastColumn]).toEqual([0, 2])
  })

  it('gives contributors lines of their own, and puts what nobody could know of each other below each other', () => {
    const layout = laidOut(
      entry('a', 'Ada'),
      entry('b', 'Bob', ['a']),
      entry('c', 'Cyd', ['a']),
      entry('d', 'Ada', ['b', 'c'], 'a'),
      entry('e', 'Bob', ['d'], 'b'),
    )
    const { a, b, c, d, e } = places(layout)
    expect([a?.[0], b?.[0], c?.[0], d?.[0], e?.[0]]).toEqual([0, 1, 1, 2, 3])
    expect(a?.[1]).toBe(d?.[1])
    expect(b?.[1]).toBe(e?.[1])
    expect(new Set([a?.[1], b?.[1], c?.[1]]).size).toBe(3)
  })

  it('starts with an entry that builds on nothing where its time is', () => {
    const layout = laidOut(entry('a', 'Ada'), entry('b', 'Ada', ['a'], 'a'), entry('c', 'Cyd'))
    expect(places(layout)['c']?.[0]).toBe(1)
    expect(places(laidOut(entry('x', 'Ada', ['not drawn'])))).toEqual({ x: [0, 4] })
  })

  it('is empty, becomes empty, and begins anew', () => {
    const layout = laidOut()
    expect([layout.size, layout.lastColumn - layout.firstColumn]).toEqual([0, -1])
    expect([layout.nearest(0, 0), layout.step(undefined, 'left')]).toEqual([undefined, undefined])
    layout.update([entry('a', 'Ada')])
    layout.update([])
    expect([layout.size, layout.lastColumn - layout.firstColumn]).toEqual([0, -1])
    layout.update([entry('b', 'Bob')])
    expect(layout.size).toBe(1)
  })

  it('keeps everything in its place while entries come at one end and go at the other', () => {
    assert(
      property(ledgers, (entries) => {
        const layout = new DagLayout<DagEntry>()
        let before: ReturnType<typeof places> = {}
        for (let end = 1; end <= entries.length; end++) {
          layout.update(entries.slice(Math.max(0, end - CAPACITY), end))
          const now = places(layout)
          for (const [id, place] of Object.entries(before)) if (now[id]) expect(now[id]).toEqual(place)
          before = now
        }
      }),
      { numRuns: 40 },
    )
  })

  it('draws edges to the right only, and never two entries at one place, nor outside of its rows', () => {
    assert(
      property(ledgers, (entries) => {
        const layout = new DagLayout<DagEntry>()
        for (let end = 10; end <= entries.length; end += 7) {
          const drawn = entries.slice(Math.max(0, end - CAPACITY), end)
          layout.update(drawn)
          expect(layout.size).toBe(drawn.length)
          const taken = new Set<string>()
          for (const node of layout.nodes) {
            expect(node.row).toBeGreaterThanOrEqual(0)
            expect(node.row).toBeLessThan(ROWS)
            expect(node.column).toBeGreaterThanOrEqual(layout.firstColumn)
            expect(node.column).toBeLessThanOrEqual(layout.lastColumn)
            taken.add(`${node.column}/${node.row}`)
            for (const id of [...node.entry.parents, ...(node.entry.prev === undefined ? [] : [node.entry.prev])]) {
              const below = layout.node(id)
              if (below) expect(below.column).toBeLessThan(node.column)
            }
            const isReferenced = drawn.some(
              ({ parents, prev }) => prev === node.entry.id || parents.includes(node.entry.id),
            )
            expect(node.isTip).toBe(!isReferenced)
          }
          expect(taken.size).toBe(drawn.length)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('spreads a flood of tips on further columns instead of piling it up', () => {
    const flood = Array.from({ length: 100 }, (_, i) => entry(`${i}`, `sybil ${i}`, ['root']))
    const layout = laidOut(entry('root', 'Ada'), ...flood)
    expect(layout.size).toBe(101)
    expect(layout.lastColumn).toBe(1 + Math.floor(99 / ROWS))
  })

  it('does work for what is drawn, however long the ledger gets', () => {
    const layout = new DagLayout<DagEntry>()
    let drawn: DagEntry[] = []
    let reads = 0
    for (let i = 0; i < 5_000; i++) {
      const parents = [`${i - 1}`, `${i - 2}`]
      const counted = {
        id: `${i}`,
        contributor: `${i % 5}`,
        prev: `${i - 5}`,
        get parents() {
          reads++
          return parents
        },
      }
      drawn = [...drawn, counted].slice(-CAPACITY)
      layout.update(drawn)
    }
    expect(layout.size).toBe(CAPACITY)
    // Each entry is looked at when it comes, and its edges never again.
    expect(reads).toBeLessThanOrEqual(5_000 * 2)
  })

  it('knows the entry as it was told last', () => {
    const layout = new DagLayout<DagEntry & { isConfirmed: boolean }>()
    layout.update([{ ...entry('a', 'Ada'), isConfirmed: false }])
    layout.update([{ ...entry('a', 'Ada'), isConfirmed: true }])
    expect(layout.node('a')?.entry.isConfirmed).toBe(true)
  })
})

describe('a walk over the drawing', () => {
  const layout = laidOut(
    entry('a', 'Ada'),
    entry('b', 'Bob', ['a']),
    entry('c', 'Cyd', ['a']),
    entry('d', 'Ada', ['b', 'c'], 'a'),
  )
  const walk = (...directions: Parameters<typeof layout.step>[1][]) =>
    directions.reduce<string | undefined>((at, direction) => layout.step(at, direction)?.entry.id, undefined)

  it('begins at the newest entry, whatever the first key is', () => {
    expect(walk('left')).toBe('d')
    expect(walk('up')).toBe('d')
  })

  it('reaches every entry and stays at the ends', () => {
    expect(walk('left', 'left', 'left')).toBe('a')
    expect(walk('left', 'left', 'left', 'left', 'left')).toBe('a')
    expect(walk('first', 'first', 'right', 'right', 'right')).toBe('d')
    const [upper, lower] = [walk('left', 'left', 'up'), walk('left', 'left', 'down')]
    expect(new Set([upper, lower])).toEqual(new Set(['b', 'c']))
  })

  it('goes on from the newest when the entry is not drawn any more', () => {
    expect(layout.step('gone', 'left')?.entry.id).toBe('d')
  })

  it('finds what somebody points at, and nothing where nothing is', () => {
    const [column = 0, row = 0] = places(layout)['b'] ?? []
    expect(layout.nearest(column + 0.3, row - 0.3)?.entry.id).toBe('b')
    expect(layout.nearest(column, row + 40)).toBeUndefined()
  })
})
