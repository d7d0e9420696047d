/** What both benchmark pages tell the harness: which step happened when, on a clock that all pages of a machine share. */

export interface Mark {
  readonly step: string
  readonly atMs: number
}

export interface BenchPage {
  /** Starts joining; returns at once. */
  join(roomUrl: string): void
  /** Resolves when a step has happened `times` times, with the time of the last of these. */
  reached(step: string, times: number): Promise<number>
  readonly marks: readonly Mark[]
  readonly failures: readonly string[]
}

declare global {
  // `var` is how TypeScript declares a property of globalThis.
  var bench: BenchPage
}

const marks: Mark[] = []
const failures: string[] = []
const waiting: { step: string; times: number; resolve: (atMs: number) => void }[] = []

/** performance.now() counts from each page's own start; with timeOrigin two pages of one machine agree. */
function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

export function mark(step: string): void {
  marks.push({ step, atMs: nowMs() })
  for (const waiter of waiting) settle(waiter)
}

export function fail(cause: unknown): void {
  failures.push(cause instanceof Error ? `${cause.message} ${cause.stack ?? ''}` : String(cause))
}

/** Publishes the page to the harness. */
export function offerBench(join: (roomUrl: string) => Promise<void>): void {
  globalThis.bench = {
    marks,
    failures,
    join: (roomUrl) => {
      mark('join')
      join(roomUrl).catch(fail)
    },
    reached: (step, times) =>
      new Promise((resolve) => {
        const waiter = { step, times, resolve }
        waiting.push(waiter)
        settle(waiter)
      }),
  }
}

function settle({ step, times, resolve }: (typeof waiting)[number]): void {
  const reached = marks.filter((candidate) => candidate.step === step)[times - 1]
  if (reached) resolve(reached.atMs)
}
