/**
 * Checks signatures on threads, whatever kind of thread the runtime has: while a batch is checked there, the next one is
 * decoded here, and a page stays smooth. What no thread answers, WebCrypto does.
 */
import { isPermittedKey, isPermittedSignature } from './signature-rule.ts'
import { webCryptoVerifier, type SignatureCheck, type Verifier } from './verifier.ts'
import { VerifyThread, type OpenPort, type Parcel } from './verify-thread.ts'

/** Fewer are not worth a thread: they would wait behind what it has to do. */
const MIN_CHECKS = 64
/** About 10 ms of work: a batch keeps several threads busy to its end. */
const PARCEL_CHECKS = 128
/** One that it works on, and some that wait: whoever hands them out may be busy for the time of two, taking in a batch. */
const PARCELS_PER_THREAD = 4

export class ThreadVerifier implements Verifier {
  readonly #open: OpenPort
  readonly #threadCount: number
  /** `undefined` until there is something for them to do. */
  #threads: Set<VerifyThread> | undefined
  readonly #waiting: Parcel[] = []
  readonly #otherwise = webCryptoVerifier()

  constructor(open: OpenPort, threadCount: number) {
    this.#open = open
    this.#threadCount = threadCount
  }

  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    if (checks.length < MIN_CHECKS) return this.#otherwise.verify(checks)
    this.#threads ??= this.#startThreads()
    if (this.#threads.size === 0) return this.#otherwise.verify(checks)
    const results = checks.map(() => false)
    const permitted = [...checks.entries()].filter(([, check]) => isPermitted(check))
    const parcels: Promise<void>[] = []
    for (let start = 0; start < permitted.length; start += PARCEL_CHECKS) {
      const part = permitted.slice(start, start + PARCEL_CHECKS)
      const answered = this.#answers(part.map(([, check]) => check))
      parcels.push(answered.then((of) => part.forEach(([index], i) => (results[index] = of[i] ?? false))))
    }
    this.#handOut()
    await Promise.all(parcels)
    return results
  }

  close(): void {
    this.#otherwise.close()
    for (const thread of this.#threads ?? []) thread.close()
  }

  #answers(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    return new Promise((answer) => void this.#waiting.push({ checks, answer }))
  }

  #handOut(): void {
    for (const thread of this.#threads ?? []) {
      while (thread.unansweredCount < PARCELS_PER_THREAD) {
        const parcel = this.#waiting.shift()
        if (!parcel) return
        thread.give(parcel)
      }
    }
  }

  #startThreads(): Set<VerifyThread> {
    const threads = new Set<VerifyThread>()
    try {
      while (threads.size < this.#threadCount) {
        const thread: VerifyThread = new VerifyThread(this.#open, {
          answered: () => this.#handOut(),
          ended: (unanswered) => this.#replace(thread, unanswered),
        })
        threads.add(thread)
      }
    } catch {
      // Not every runtime has threads, and policies forbid them.
    }
    return threads
  }

  /** Others do what a thread has left when it ended. */
  #replace(thread: VerifyThread, unanswered: readonly Parcel[]): void {
    this.#threads?.delete(thread)
    const left = this.#threads?.size === 0 ? [...unanswered, ...this.#waiting.splice(0)] : unanswered
    for (const { checks, answer } of left) void this.#otherwise.verify(checks).then(answer)
  }
}

function isPermitted({ publicKey, signature }: SignatureCheck): boolean {
  return isPermittedSignature(signature) && isPermittedKey(publicKey)
}
