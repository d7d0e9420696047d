/** What is going on, on one line of the terminal, for people who wait. */

/** A terminal that is written to more often shows nothing more. */
const PAUSE_MS = 100

export interface ProgressLine {
  /** Replaces what the line says. Too soon after the last time it does nothing. */
  show(text: string): void
  clear(): void
}

/** A line on stderr that the next one replaces; nothing where stderr is no terminal. */
export function progressLine(): ProgressLine {
  if (!process.stderr.isTTY) return { show: () => undefined, clear: () => undefined }
  let shownAtMs = -Infinity
  const clear = () => {
    if (shownAtMs === -Infinity) return
    process.stderr.write('\r\u001b[K')
    shownAtMs = -Infinity
  }
  return {
    show(text) {
      const nowMs = performance.now()
      if (nowMs - shownAtMs < PAUSE_MS) return
      shownAtMs = nowMs
      process.stderr.write(`\r\u001b[K${text}`)
    },
    clear,
  }
}
