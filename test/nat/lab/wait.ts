/** Asks every so often until there is an answer; `undefined` when there is none in time. */
export async function until<T>(
  ask: () => Promise<T | undefined | false>,
  timeoutMs: number,
  everyMs = 50,
): Promise<T | undefined> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > deadlineMs) return undefined
    await pause(everyMs)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
