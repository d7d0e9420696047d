/** One thread that checks signatures, whatever kind of thread the runtime has: parcels of checks go in, answers come out in order. */
import type { Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import type { SignatureCheck } from './verifier.ts'

export interface Parcel {
  /** Permitted by the signature rule. */
  readonly checks: readonly SignatureCheck[]
  readonly answer: (results: readonly boolean[]) => void
}

/** What a runtime calls a worker. */
export interface Port {
  /** Hands over a packed parcel, and its memory with it. */
  post(parcel: PackedParcel): void
  /** Something has yet to be answered, or no longer: only then a process waits for it. */
  setBusy(isBusy: boolean): void
  terminate(): void
}

export interface PackedParcel {
  /** Key 32 ‖ signature 64 ‖ message (sized u32), for each check. */
  readonly bytes: Bytes
  readonly count: number
}

export interface PortEvents {
  /** A byte for each check, 1 if it holds: of the parcel that has waited the longest. */
  answered(results: Uint8Array): void
  /** There is no thread, or no longer. */
  ended(): void
}

/** Starts a thread. May throw where there are none. */
export type OpenPort = (events: PortEvents) => Port

export interface ThreadEvents {
  /** It has less to do than before. */
  answered(): void
  /** It has ended, and did not answer these. */
  ended(unanswered: readonly Parcel[]): void
}

export class VerifyThread {
  readonly #port: Port
  readonly #unanswered: Parcel[] = []
  #isClosed = false

  constructor(open: OpenPort, events: ThreadEvents) {
    this.#port = open({
      answered: (results) => {
        this.#unanswered.shift()?.answer(Array.from(results, (result) => result === 1))
        if (this.#unanswered.length === 0) this.#rest()
        events.answered()
      },
      ended: () => events.ended(this.#unanswered.splice(0)),
    })
    // Nobody waits for it yet.
    this.#port.setBusy(false)
  }

  get unansweredCount(): number {
    return this.#unanswered.length
  }

  give(parcel: Parcel): void {
    if (this.#unanswered.push(parcel) === 1) this.#port.setBusy(true)
    this.#port.post(pack(parcel.checks))
  }

  /** Ends the thread when everything is answered. */
  close(): void {
    this.#isClosed = true
    if (this.#unanswered.length === 0) this.#rest()
  }

  #rest(): void {
    this.#port.setBusy(false)
    if (this.#isClosed) this.#port.terminate()
  }
}

/** All in one piece, because that changes hands without being copied. */
function pack(checks: readonly SignatureCheck[]): PackedParcel {
  const headBytes = KEY_BYTES + SIGNATURE_BYTES + 4
  const bytes = new Uint8Array(checks.reduce((sum, { message }) => sum + headBytes + message.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { publicKey, signature, message } of checks) {
    bytes.set(publicKey, at)
    bytes.set(signature, at + KEY_BYTES)
    view.setUint32(at + KEY_BYTES + SIGNATURE_BYTES, message.length)
    bytes.set(message, at + headBytes)
    at += headBytes + message.length
  }
  return { bytes, count: checks.length }
}
