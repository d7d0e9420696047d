/** Who says whether signatures hold: the platform's Ed25519, behind our own signature rule. */
import type { Bytes } from '../../protocol/bytes.ts'
import { nowMs } from '../clock.ts'
import { receiptMessage, signedMessage, type Entry } from './entry.ts'
import { KeyCache, type ImportedKey } from './key-cache.ts'
import { othersHadTheirTurn } from './others-turn.ts'
import { isPermittedSignature } from './signature-rule.ts'

/** Enough to keep the platform's threads busy, where it has any. */
const MAX_IN_FLIGHT = 256
/** Half a frame of a page that scrolls. */
const MAX_STRETCH_MS = 8

export interface SignatureCheck {
  readonly publicKey: Bytes
  readonly signature: Bytes
  readonly message: Bytes
}

export interface Verifier {
  /**
   * For each check, whether the signature holds. Several calls may be under way: a small one does not wait for the end of
   * a large one. Never rejects.
   */
  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]>
  /** Frees what is used as soon as all that is under way is answered. */
  close(): void
}

/** What must hold for an entry to be one: its own signature, and its receipt's. */
export function entryChecks(entry: Entry, networkId: Bytes): SignatureCheck[] {
  const { contributor: publicKey, id, signature, receipt } = entry
  const own = { publicKey, signature, message: signedMessage(networkId, id) }
  if (!receipt) return [own]
  const message = receiptMessage(networkId, { ...entry, resultHash: receipt.resultHash })
  return [own, { publicKey: receipt.requester, signature: receipt.signature, message }]
}

/**
 * WebCrypto's Ed25519, which browsers, workerd and Node have. Node checks on threads of its own. Chromium checks where it is
 * asked, about 50 µs each, so that others get their turn after every few milliseconds.
 */
export function webCryptoVerifier(): Verifier {
  return new WebCryptoVerifier()
}

/** One call of `verify`. */
interface Round {
  readonly checks: readonly SignatureCheck[]
  readonly results: boolean[]
  /** The next check to be started. */
  next: number
  unanswered: number
  readonly resolve: (results: readonly boolean[]) => void
}

class WebCryptoVerifier implements Verifier {
  readonly #keys = new KeyCache()
  /** Those with checks to be started take turns. */
  readonly #rounds: Round[] = []
  #inFlight = 0
  /** How long the platform has kept this thread since others had their turn. */
  #busyMs = 0
  #isPausing = false

  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    if (checks.length === 0) return Promise.resolve([])
    return new Promise((resolve) => {
      const results = checks.map(() => false)
      this.#rounds.push({ checks, results, next: 0, unanswered: checks.length, resolve })
      this.#start()
    })
  }

  close(): void {
    this.#keys.clear()
  }

  #start(): void {
    let round: Round | undefined
    while (this.#inFlight < MAX_IN_FLIGHT && this.#hasTime() && (round = this.#rounds.shift())) {
      const index = round.next++
      const check = round.checks[index]
      if (round.next < round.checks.length) this.#rounds.push(round)
      const result = check !== undefined && this.#holds(check)
      if (typeof result === 'boolean') answer(round, index, result)
      else void this.#await(round, index, result)
    }
  }

  async #await(round: Round, index: number, result: Promise<boolean>): Promise<void> {
    this.#inFlight++
    answer(round, index, await result)
    this.#inFlight--
    this.#start()
  }

  #holds({ publicKey, signature, message }: SignatureCheck): boolean | Promise<boolean> {
    if (!isPermittedSignature(signature)) return false
    const key = this.#keys.get(publicKey)
    const verifyBy = (imported: ImportedKey) => imported !== undefined && this.#verify(imported, signature, message)
    return key instanceof Promise ? key.then(verifyBy) : verifyBy(key)
  }

  #verify(key: CryptoKey, signature: Bytes, message: Bytes): Promise<boolean> {
    const startedMs = nowMs()
    const holds = crypto.subtle.verify('Ed25519', key, signature, message)
    this.#busyMs += nowMs() - startedMs
    return holds.catch(() => false)
  }

  #hasTime(): boolean {
    if (this.#busyMs < MAX_STRETCH_MS) return true
    if (this.#isPausing) return false
    this.#isPausing = true
    void othersHadTheirTurn().then(() => {
      this.#isPausing = false
      this.#busyMs = 0
      this.#start()
    })
    return false
  }
}

function answer(round: Round, index: number, result: boolean): void {
  round.results[index] = result
  if (--round.unanswered === 0) round.resolve(round.results)
}
