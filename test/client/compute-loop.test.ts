import { describe, expect, it } from 'vitest'
import { ComputeLoop } from '../../client/compute/compute-loop.ts'
import { DutyCycle } from '../../client/compute/duty-cycle.ts'
import type { ComputeReport } from '../../client/compute/messages.ts'
import { startComputer } from '../../client/node/computer.ts'
import { eventually } from '../support/eventually.ts'

const SIZES = { vectors: 10_000, dimensions: 4, queries: 2, top: 1 }
const SLICE_MS = 15
/** What a step takes on the fake clock. */
const STEP_MS = 0.1

const PIECE_MS = SIZES.vectors * STEP_MS

/** A loop on a clock that moves with every look at it, and with every rest. */
class FakeMachine {
  timeMs = 0
  /** How much later than wanted timers come. */
  lateMs = 0
  workedMs = 0
  readonly reports: ComputeReport[] = []
  readonly loop: ComputeLoop
  #next: { readonly atMs: number; readonly act: () => void } | undefined
  #seeds = 0

  constructor() {
    this.loop = new ComputeLoop({
      sizes: SIZES,
      sliceMs: SLICE_MS,
      nowMs: () => (this.timeMs += STEP_MS),
      after: (delayMs, act) => {
        const planned = { atMs: this.timeMs + delayMs + (delayMs > 0 ? this.lateMs : 0), act }
        this.#next = planned
        return () => {
          if (this.#next === planned) this.#next = undefined
        }
      },
      newSeed: () => [++this.#seeds, 0, 0, 0],
      hash: (bytes) => Promise.resolve(`hash of ${bytes.length}`),
      report: (report) => this.reports.push(report),
    })
  }

  get isIdle(): boolean {
    return this.#next === undefined
  }

  /** One slice, and the rest before it. Returns how long the slice took. */
  turn(): number {
    const next = this.#next
    this.#next = undefined
    if (!next) throw new Error('nothing is planned')
    this.timeMs = Math.max(this.timeMs, next.atMs)
    const beforeMs = this.timeMs
    next.act()
    this.workedMs += this.timeMs - beforeMs
    return this.timeMs - beforeMs
  }

  /** The share of the time that went into slices over so many of them. */
  async shareOver(turns: number): Promise<number> {
    const [fromMs, workedMs] = [this.timeMs, this.workedMs]
    for (let i = 0; i < turns; i++) this.turn()
    await Promise.resolve()
    return (this.workedMs - workedMs) / (this.timeMs - fromMs)
  }

  done(): ComputeReport[] {
    return this.reports.filter(({ type }) => type === 'done')
  }
}

function working(share: number): FakeMachine {
  const machine = new FakeMachine()
  machine.loop.handle({ type: 'start', share })
  return machine
}

describe('a compute loop', () => {
  it('does one piece after the other, and reports each with its name, its units and the hash of its result', async () => {
    const machine = working(1)
    await machine.shareOver(200)
    expect(machine.done().length).toBeGreaterThan(1)
    expect(machine.done()[0]).toEqual({
      type: 'done',
      piece: {
        taskId: 'vectors/1/00000001000000000000000000000000/10000x4/2/1',
        computeUnits: 0,
        resultHash: 'hash of 16',
        elapsedMs: expect.closeTo(PIECE_MS, -2),
      },
    })
    expect(machine.done()[1]).toMatchObject({ piece: { taskId: expect.stringContaining('/00000002') } })
  })

  it('lets messages through after every slice, so that a stop is obeyed within 50 ms', () => {
    const machine = working(1)
    for (let i = 0; i < 100; i++) expect(machine.turn()).toBeLessThan(SLICE_MS + 3 * STEP_MS)
    machine.loop.handle({ type: 'stop' })
    expect(machine.isIdle).toBe(true)
    expect(machine.reports.at(-1)).toEqual({ type: 'stopped' })
  })

  it('goes on with the piece that was stopped, and does not count the time between', async () => {
    const machine = working(1)
    for (let i = 0; i < 20; i++) machine.turn()
    machine.loop.handle({ type: 'stop' })
    machine.loop.handle({ type: 'stop' })
    machine.timeMs += 60_000
    machine.loop.handle({ type: 'start', share: 1 })
    while (machine.done().length === 0) await machine.shareOver(1)
    expect(machine.done()[0]).toMatchObject({
      piece: { taskId: expect.stringContaining('/00000001'), elapsedMs: expect.closeTo(PIECE_MS, -2) },
    })
  })

  it.each([0.1, 0.25, 0.5, 0.9, 1])('takes a share of %f of the time, also when timers are late', async (share) => {
    for (const lateMs of [0, 5]) {
      const machine = working(share)
      machine.lateMs = lateMs
      await machine.shareOver(5)
      const taken = await machine.shareOver(500)
      expect(taken).toBeLessThan(share + 0.02)
      // Rests that are shorter than a timer is late cannot be had; the others are made up for.
      expect(taken).toBeGreaterThan(Math.min(share, SLICE_MS / (SLICE_MS + lateMs)) - 0.05)
    }
  })

  it('changes its share while it works, in both directions, at once', async () => {
    const machine = working(0.1)
    await machine.shareOver(20)
    machine.loop.handle({ type: 'start', share: 1 })
    expect(await machine.shareOver(20)).toBeGreaterThan(0.95)
    machine.loop.handle({ type: 'start', share: 0.2 })
    expect(await machine.shareOver(100)).toBeCloseTo(0.2, 1)
  })

  it('tells how far it is a few times a second, however fast slices pass', async () => {
    const machine = working(0.5)
    await machine.shareOver(300)
    const told = machine.reports.filter(({ type }) => type === 'progress').length
    expect(told).toBeGreaterThan(machine.timeMs / 1_000)
    expect(told).toBeLessThanOrEqual(machine.timeMs / 250)
  })

  it('stops with a reason when a result cannot be hashed', async () => {
    const reports: ComputeReport[] = []
    let act: (() => void) | undefined
    const loop = new ComputeLoop({
      sizes: { ...SIZES, vectors: 1 },
      sliceMs: SLICE_MS,
      nowMs: () => 0,
      after: (_, next) => {
        act = next
        return () => (act = undefined)
      },
      newSeed: () => [1, 0, 0, 0],
      hash: () => Promise.reject(new Error('no SHA-256 here')),
      report: (report) => reports.push(report),
    })
    loop.handle({ type: 'start', share: 1 })
    act?.()
    await new Promise((resolve) => setImmediate(resolve))
    expect(reports).toEqual([{ type: 'failed', message: 'no SHA-256 here' }])
    expect(act).toBeUndefined()
  })
})

describe('the duty cycle', () => {
  it('takes a machine that slept in the middle of a slice for no work', () => {
    const duty = new DutyCycle(0.5)
    duty.worked(3_600_000)
    expect(duty.restMs).toBeLessThanOrEqual(1_000)
  })

  it('does not save up rest', () => {
    const duty = new DutyCycle(0.5)
    duty.worked(10)
    duty.rested(3_600_000)
    duty.worked(100)
    expect(duty.restMs).toBeGreaterThanOrEqual(50)
  })
})

describe('a worker thread', () => {
  it('computes beside the process, stops, goes on, and is gone when closed', async () => {
    const reports: ComputeReport[] = []
    const computer = startComputer((report) => reports.push(report))
    try {
      computer.send({ type: 'start', share: 1 })
      await eventually(() => expect(reports.map(({ type }) => type)).toContain('done'), 25_000)
      computer.send({ type: 'stop' })
      await eventually(() => expect(reports.map(({ type }) => type)).toContain('stopped'), 25_000)
      const soFar = reports.length
      await new Promise((resolve) => setTimeout(resolve, 400))
      // A result that was being hashed may still be told; work goes on no more.
      expect(reports.slice(soFar).filter(({ type }) => type === 'progress')).toEqual([])
      expect(reports.find(({ type }) => type === 'done')).toMatchObject({
        piece: { computeUnits: 2_099, resultHash: expect.stringMatching(/^[\w-]{43}$/) },
      })
    } finally {
      computer.close()
    }
  })
})
