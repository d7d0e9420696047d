/** What a page or a process and the worker that computes for it say to each other. The same for both kinds of workers. */

export type ComputeCommand =
  /** Begins, goes on with the piece that was stopped, or, when already at it, changes the share. */
  | {
      readonly type: 'start'
      /** How much of one core's time to take, above 0 to 1. */
      readonly share: number
    }
  /** Ends within 50 ms; the piece is kept for the next start. */
  | { readonly type: 'stop' }

export type ComputeReport =
  /** Now and then while a piece is worked on. */
  | { readonly type: 'progress'; readonly taskId: string; readonly fraction: number; readonly computeUnits: number }
  | { readonly type: 'done'; readonly piece: FinishedPiece }
  /** Nothing is being computed any more, because of `stop`. */
  | { readonly type: 'stopped' }
  /** Nothing is being computed any more, because something broke. */
  | { readonly type: 'failed'; readonly message: string }

export interface FinishedPiece {
  /** Names the work: see task.ts. */
  readonly taskId: string
  /** What it took: see similarity.ts. */
  readonly computeUnits: number
  /** SHA-256 of the result, base64url. Who does the piece again gets the same. */
  readonly resultHash: string
  /** From the piece's first slice to its last, rests included, time while stopped not. */
  readonly elapsedMs: number
}

/** A worker, or what stands in for one, as its owner sees it. */
export interface Computer {
  send(command: ComputeCommand): void
  /** Ends it for good, at once. */
  close(): void
}
