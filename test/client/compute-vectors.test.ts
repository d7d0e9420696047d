import { describe, expect, it } from 'vitest'
import { Similarity } from '../../client/compute/similarity.ts'
import { parseTaskId, PIECE_SIZES, taskIdOf, type VectorTask } from '../../client/compute/task.ts'
import { Xoshiro128 } from '../../client/compute/xoshiro.ts'

const SMALL: VectorTask = { seed: [1, 2, 3, 4], vectors: 300, dimensions: 24, queries: 7, top: 5 }

function done(task: VectorTask): Similarity {
  const piece = new Similarity(task)
  while (!piece.isDone) piece.step()
  return piece
}

/** The same search as anybody would write it who knows only what the comments say, with real cosines. */
function plainSearch({ seed, vectors, dimensions, queries, top }: VectorTask): { index: number; dot: number }[][] {
  const random = new Xoshiro128(seed)
  const draw = (count: number) => {
    const components = new Int8Array(count)
    random.draw(components)
    return [...components]
  }
  const components = draw(queries * dimensions)
  const asked = Array.from({ length: queries }, (_, i) => components.slice(i * dimensions, (i + 1) * dimensions))
  const known = Array.from({ length: vectors }, () => draw(dimensions))
  const dotOf = (a: number[], b: number[]) => a.reduce((sum, component, i) => sum + component * (b[i] ?? 0), 0)
  return asked.map((query) =>
    known
      .map((vector, index) => ({ index, dot: dotOf(query, vector), length: Math.sqrt(dotOf(vector, vector)) }))
      .toSorted((a, b) => b.dot / b.length - a.dot / a.length)
      .slice(0, top)
      .map(({ index, dot }) => ({ index, dot })),
  )
}

function readResult(bytes: Uint8Array<ArrayBuffer>, top: number): { index: number; dot: number }[][] {
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / 8 / top }, (_, query) =>
    Array.from({ length: top }, (__, place) => {
      const at = (query * top + place) * 8
      return { index: view.getUint32(at), dot: view.getInt32(at + 4) }
    }),
  )
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
}

describe('the generator', () => {
  it('gives the numbers of its reference implementation', () => {
    const random = new Xoshiro128([1, 2, 3, 4])
    expect(Array.from({ length: 10 }, () => random.next() >>> 0)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })
})

describe('a piece of similarity search', () => {
  it('finds for each query the vectors with the highest cosine', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const task: VectorTask = { ...SMALL, seed: [seed, 0, 0, 0] }
      expect(readResult(done(task).result(), task.top)).toEqual(plainSearch(task))
    }
  })

  it('prefers vectors that point away least when all of them point away, and keeps no place empty', () => {
    const task: VectorTask = { seed: [9, 9, 9, 9], vectors: 4, dimensions: 2, queries: 16, top: 4 }
    expect(readResult(done(task).result(), task.top)).toEqual(plainSearch(task))
  })

  // The hashes were computed by another implementation, in another language.
  it('gives everybody the same bytes, now and in later versions', async () => {
    expect(await sha256(done(SMALL).result())).toBe('f641b5c3ade484354aaf9b7d0936f2ef720307c4391c10a4ae583f364c59431d')
    const large = done({ ...PIECE_SIZES, seed: [1, 2, 3, 4], queries: 10 })
    expect(await sha256(large.result())).toBe('643eaae5c21ae2350bf8ad4eed5d4813247a93701e5e9c7825bf11e08cf8b59b')
  })

  it('counts the multiply-adds that were done, whole millions of them, and only those', () => {
    const piece = new Similarity({ ...PIECE_SIZES, seed: [1, 2, 3, 4] })
    expect(piece.computeUnits).toBe(0)
    const each = PIECE_SIZES.dimensions * (1 + PIECE_SIZES.queries)
    for (let i = 0; i < 100; i++) piece.step()
    expect(piece.computeUnits).toBe(Math.floor((100 * each) / 1_000_000))
    expect(piece.fraction).toBeCloseTo(100 / PIECE_SIZES.vectors)
    const small = done(SMALL)
    const { computeUnits } = small
    small.step()
    expect(small.computeUnits).toBe(computeUnits)
  })
})

describe('the name of a piece', () => {
  it('says everything that it takes to do the piece again', () => {
    const task: VectorTask = { ...PIECE_SIZES, seed: [0, 0xff, 0xffff_ffff, 0x0123_4567] }
    expect(taskIdOf(task)).toBe('vectors/1/00000000000000ffffffffff01234567/16384x128/1000/10')
    expect(parseTaskId(taskIdOf(task))).toEqual(task)
    const largest = { ...task, vectors: 1_048_576, dimensions: 1_024, queries: 4_096, top: 64 }
    expect(parseTaskId(taskIdOf(largest))).toEqual(largest)
    expect(taskIdOf(largest).length).toBeLessThanOrEqual(64)
  })

  it.each([
    '',
    'vectors',
    'vectors/2/00000000000000000000000000000001/16384x128/1000/10',
    'vectors/1/00000000000000000000000000000000/16384x128/1000/10',
    'vectors/1/0000000000000000000000000000000G/16384x128/1000/10',
    'vectors/1/00000000000000000000000000000001/9999999x128/1000/10',
    'vectors/1/00000000000000000000000000000001/16384x1025/1000/10',
    'vectors/1/00000000000000000000000000000001/16384x128/5000/10',
    'vectors/1/00000000000000000000000000000001/16384x128/1000/65',
    'vectors/1/00000000000000000000000000000001/5x128/1000/10',
    'vectors/1/00000000000000000000000000000001/016384x128/1000/10',
    'vectors/1/00000000000000000000000000000001/16384x128/1000/10\n',
    'VECTORS/1/00000000000000000000000000000001/16384x128/1000/10',
  ])('is no other text: %j', (text) => {
    expect(parseTaskId(text)).toBeUndefined()
  })
})
