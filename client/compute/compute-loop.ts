/**
 * Works on one piece after the other, in slices: after each the runtime may deliver messages, so a `stop` is obeyed within
 * one slice, and a rest follows that keeps to the share. Has no clock, timer or randomness of its own.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { DutyCycle } from './duty-cycle.ts'
import type { ComputeCommand, ComputeReport } from './messages.ts'
import { Similarity } from './similarity.ts'
import { taskIdOf, type TaskSizes, type VectorTask } from './task.ts'

/** A share of 0 would rest for ever; below this a piece takes minutes. */
const LEAST_SHARE = 0.01
/** Often enough for a bar that moves, seldom enough to cost nothing. */
const PROGRESS_EVERY_MS = 250

export interface ComputeSurroundings {
  readonly sizes: TaskSizes
  /** A slice ends with the first step that is over this; a step takes well below a millisecond. */
  readonly sliceMs: number
  /** Milliseconds on a clock that never jumps. */
  readonly nowMs: () => number
  /** Calls back once, after so long, and never before pending messages have been delivered. Returns what cancels it. */
  readonly after: (delayMs: number, act: () => void) => () => void
  readonly newSeed: () => VectorTask['seed']
  /** SHA-256, base64url. */
  readonly hash: (bytes: Bytes) => Promise<string>
  readonly report: (report: ComputeReport) => void
}

export class ComputeLoop {
  readonly #around: ComputeSurroundings
  readonly #duty = new DutyCycle(1)
  #piece: Similarity | undefined
  /** Time spent on the piece before it was last stopped. */
  #spentMs = 0
  #resumedAtMs = 0
  #restedFromMs: number | undefined
  #toldAtMs = 0
  #cancel: (() => void) | undefined

  constructor(around: ComputeSurroundings) {
    this.#around = around
  }

  handle(command: ComputeCommand): void {
    if (command.type === 'start') this.#start(command.share)
    else this.#stop()
  }

  #start(share: number): void {
    this.#duty.share = Math.min(1, Math.max(LEAST_SHARE, share))
    if (this.#cancel) this.#cancel()
    else this.#resumedAtMs = this.#around.nowMs()
    this.#restedFromMs = undefined
    this.#cancel = this.#around.after(0, () => this.#slice())
  }

  #stop(): void {
    if (this.#cancel) this.#spentMs += this.#around.nowMs() - this.#resumedAtMs
    this.#halt()
    this.#around.report({ type: 'stopped' })
  }

  #halt(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #slice(): void {
    const { nowMs, sliceMs, after } = this.#around
    const startedAtMs = nowMs()
    if (this.#restedFromMs !== undefined) this.#duty.rested(startedAtMs - this.#restedFromMs)
    const piece = (this.#piece ??= new Similarity({ seed: this.#around.newSeed(), ...this.#around.sizes }))
    do piece.step()
    while (!piece.isDone && nowMs() - startedAtMs < sliceMs)
    const endedAtMs = nowMs()
    this.#duty.worked(endedAtMs - startedAtMs)
    this.#tell(piece, endedAtMs)
    this.#restedFromMs = endedAtMs
    this.#cancel = after(this.#duty.restMs, () => this.#slice())
  }

  #tell(piece: Similarity, atMs: number): void {
    const taskId = taskIdOf(piece.task)
    const { computeUnits, fraction } = piece
    if (piece.isDone) {
      const elapsedMs = this.#spentMs + atMs - this.#resumedAtMs
      this.#piece = undefined
      this.#spentMs = 0
      this.#resumedAtMs = atMs
      this.#around.hash(piece.result()).then(
        (resultHash) => this.#around.report({ type: 'done', piece: { taskId, computeUnits, resultHash, elapsedMs } }),
        (error: unknown) => this.#fail(error),
      )
    } else if (atMs - this.#toldAtMs >= PROGRESS_EVERY_MS) {
      this.#toldAtMs = atMs
      this.#around.report({ type: 'progress', taskId, fraction, computeUnits })
    }
  }

  /** What cannot be hashed cannot be recorded: to go on would be for nothing. */
  #fail(error: unknown): void {
    this.#halt()
    this.#around.report({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}
