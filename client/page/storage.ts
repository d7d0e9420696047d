/** What the page keeps beside identities and ledgers: small JSON texts, where the browser lets it. */

/** The value under a key, whatever it is; `undefined` when there is none, or storage is denied. */
export function readStored(key: string): unknown {
  try {
    const text = localStorage.getItem(key)
    return text === null ? undefined : JSON.parse(text)
  } catch {
    // Denied, or written by something else: the page works without a memory.
    return undefined
  }
}

/** Returns whether the browser will remember. */
export function writeStored(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
