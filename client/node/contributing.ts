/** Works for the network in a thread of its own, piece after piece, and records each that is finished. */
import type { Computer, ComputeReport, FinishedPiece } from '../compute/messages.ts'
import type { Contribution, LedgerEntry } from '../qdag/api.ts'
import { CommandFailure } from './command-failure.ts'

export interface ContributingParts {
  /** How much of one processor core to take, 1 to 100. */
  readonly sharePercent: number
  /** Resolves when the entry is kept safely. */
  readonly record: (contribution: Contribution) => Promise<LedgerEntry>
  /** A piece is done and its entry is kept. */
  readonly recorded: (entry: LedgerEntry, piece: FinishedPiece) => void
  readonly startComputer: (report: (report: ComputeReport) => void) => Computer
}

export class Contributing {
  /** Resolves with the reason when it cannot go on; never otherwise. What cannot be recorded is not worth computing. */
  readonly failed: Promise<unknown>
  readonly #parts: ContributingParts
  readonly #computer: Computer
  readonly #recording = new Set<Promise<void>>()
  #fail: (reason: unknown) => void = () => undefined

  /** Begins at once. */
  constructor(parts: ContributingParts) {
    this.#parts = parts
    this.failed = new Promise((resolve) => (this.#fail = resolve))
    this.#computer = parts.startComputer((report) => this.#handle(report))
    this.#computer.send({ type: 'start', share: parts.sharePercent / 100 })
  }

  /** Drops the piece that is being worked on. Resolves when those that were finished are kept, or cannot be. */
  async stop(): Promise<void> {
    this.#computer.close()
    await Promise.all(this.#recording)
  }

  #handle(report: ComputeReport): void {
    if (report.type === 'done') {
      const recording = this.#record(report.piece)
      this.#recording.add(recording)
      void recording.finally(() => this.#recording.delete(recording))
    } else if (report.type === 'failed') {
      this.#fail(new CommandFailure('compute', `Computing failed: ${report.message}.`, 'Join without --contribute.'))
    }
  }

  async #record(piece: FinishedPiece): Promise<void> {
    const { taskId, computeUnits } = piece
    try {
      this.#parts.recorded(await this.#parts.record({ taskId, computeUnits }), piece)
    } catch (error) {
      this.#fail(error)
    }
  }
}
