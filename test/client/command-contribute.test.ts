/** What `join --contribute` makes of what the thread computes. */
import { describe, expect, it } from 'vitest'
import type { ComputeCommand, ComputeReport, FinishedPiece } from '../../client/compute/messages.ts'
import { Contributing } from '../../client/node/contributing.ts'
import type { Contribution, LedgerEntry } from '../../client/qdag/api.ts'

const PIECE: FinishedPiece = { taskId: 'vectors/1/…', computeUnits: 2_097, resultHash: 'h', elapsedMs: 1_500 }

/** A thread that does what the test says. */
function staged(record: (contribution: Contribution) => Promise<LedgerEntry>) {
  const sent: (ComputeCommand | 'close')[] = []
  const told: string[] = []
  let report: (report: ComputeReport) => void = () => undefined
  const contributing = new Contributing({
    sharePercent: 25,
    record,
    recorded: (entry, piece) => told.push(`${entry.id} for ${piece.computeUnits}`),
    startComputer: (listener) => {
      report = listener
      return { send: (command) => void sent.push(command), close: () => void sent.push('close') }
    },
  })
  return { contributing, sent, told, report: (said: ComputeReport) => report(said) }
}

const entry = (id: string) => ({ id }) as LedgerEntry

describe('contributing', () => {
  it('takes the share that was asked for, and tells of a piece when its entry is kept', async () => {
    let keep: (entry: LedgerEntry) => void = () => undefined
    const asked: Contribution[] = []
    const { contributing, sent, told, report } = staged((contribution) => {
      asked.push(contribution)
      return new Promise((resolve) => (keep = resolve))
    })
    expect(sent).toEqual([{ type: 'start', share: 0.25 }])
    report({ type: 'progress', taskId: PIECE.taskId, fraction: 0.5, computeUnits: 1_000 })
    report({ type: 'done', piece: PIECE })
    expect({ asked, told }).toEqual({ asked: [{ taskId: PIECE.taskId, computeUnits: 2_097 }], told: [] })
    // Leaving waits for what is finished, and for nothing else.
    const stopped = contributing.stop()
    keep(entry('first'))
    await stopped
    expect({ sent: sent.at(-1), told }).toEqual({ sent: 'close', told: ['first for 2097'] })
  })

  it('ends when a piece cannot be recorded, or the thread breaks', async () => {
    const full = staged(() => Promise.reject(new Error('the disk is full')))
    full.report({ type: 'done', piece: PIECE })
    await expect(full.contributing.failed).resolves.toMatchObject({ message: 'the disk is full' })
    await full.contributing.stop()
    expect(full.told).toEqual([])
    const broken = staged(() => Promise.resolve(entry('never')))
    broken.report({ type: 'failed', message: 'out of memory' })
    await expect(broken.contributing.failed).resolves.toMatchObject({ message: 'Computing failed: out of memory.' })
  })
})
