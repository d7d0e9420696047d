/** Who says whether signatures hold: the platform's Ed25519, behind our own signature rule. */
import type { Bytes } from '../../protocol/bytes.ts'
import { receiptMessage, signedMessage, type Entry } from './entry.ts'
import { mapKeyOf } from './map-key.ts'
import { isPermittedKey, isPermittedSignature } from './signature-rule.ts'

/** Contributors that are active at a time; an imported key takes a few hundred bytes, and importing it half a check. */
const MAX_KEYS = 4_096
/** Enough to keep the platform's threads busy; so many are started in one go, which takes a page a few milliseconds. */
const MAX_IN_FLIGHT = 256

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

/** WebCrypto's Ed25519, which browsers, workerd and Node have. It works on threads of its own, so nothing here blocks. */
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
  /** `undefined` for one that holds nothing. The one that was used last is last. */
  readonly #keys = new Map<string, Promise<CryptoKey | undefined>>()
  /** Those with checks to be started take turns. */
  readonly #rounds: Round[] = []
  #inFlight = 0

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
    while (this.#inFlight < MAX_IN_FLIGHT && (round = this.#rounds.shift())) {
      void this.#answer(round, round.next++)
      if (round.next < round.checks.length) this.#rounds.push(round)
    }
  }

  async #answer(round: Round, index: number): Promise<void> {
    this.#inFlight++
    const check = round.checks[index]
    round.results[index] = check !== undefined && (await this.#holds(check))
    this.#inFlight--
    if (--round.unanswered === 0) round.resolve(round.results)
    this.#start()
  }

  async #holds({ publicKey, signature, message }: SignatureCheck): Promise<boolean> {
    if (!isPermittedSignature(signature)) return false
    const key = await this.#keyOf(publicKey)
    if (!key) return false
    return crypto.subtle.verify('Ed25519', key, signature, message).catch(() => false)
  }

  #keyOf(publicKey: Bytes): Promise<CryptoKey | undefined> {
    const name = mapKeyOf(publicKey)
    const key = this.#keys.get(name) ?? importKey(publicKey)
    this.#keys.delete(name)
    this.#keys.set(name, key)
    const [oldest] = this.#keys.keys()
    if (this.#keys.size > MAX_KEYS && oldest !== undefined) this.#keys.delete(oldest)
    return key
  }
}

/** A key that the platform refuses holds nothing; that is an answer, not an error. */
async function importKey(publicKey: Bytes): Promise<CryptoKey | undefined> {
  if (!isPermittedKey(publicKey)) return undefined
  return crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']).catch(() => undefined)
}
