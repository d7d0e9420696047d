/**
 * Waits for something that cannot be aborted itself; it goes on without anybody who listens.
 *
 * @throws the signal's reason as soon as it aborts
 */
export async function unlessAborted<Value>(waiting: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const listening = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: listening.signal })
  })
  try {
    return await Promise.race([waiting, aborted])
  } finally {
    listening.abort()
  }
}
