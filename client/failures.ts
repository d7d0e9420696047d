/** Failures that no call waits for: they become `error` events. */
import type { PeerId } from '../protocol/peer-id.ts'
import type { Refusal } from '../protocol/room-messages.ts'
import type { NetworkEvents, Peer } from './api.ts'
import { nowMs } from './clock.ts'
import { EdgeNetError } from './errors.ts'
import type { Emitter } from './events.ts'
import { Faults } from './peer/faults.ts'

export class Failures {
  readonly #emitter: Emitter<NetworkEvents>
  readonly #faults = new Faults()

  constructor(emitter: Emitter<NetworkEvents>) {
    this.#emitter = emitter
  }

  /**
   * Somebody sent what no honest peer sends. It was dropped.
   *
   * @param from in whose name it came; `undefined` when the room itself is at fault
   */
  misbehaved(from: PeerId | undefined, reason: string, peer?: Peer): void {
    if (!this.#faults.note(from, nowMs())) return
    const hint = 'Dropped: the client is faulty or the host tampers.'
    const name = from ?? 'the room'
    const error = new EdgeNetError('peer-misbehaved', reason, `Bad input in the name of ${name} (${reason}).`, hint)
    this.#emitter.emit('error', { error, ...(peer && { peer }) })
  }

  /** The room would not have something that we sent. */
  refused(refusal: Refusal): void {
    if (this.#faults.note(undefined, nowMs())) this.#emitter.emit('error', { error: refusalError(refusal) })
  }

  /** A handler or callback of the application's threw, or its identity failed. */
  handlerFailed(cause: unknown, type?: keyof NetworkEvents): void {
    // Only the runtime is left to tell when a handler of errors fails: told of itself it would fail for ever.
    if (type === 'error') return void Promise.reject(cause)
    const hint = 'See the cause; all else went on.'
    const message = 'A handler, callback or identity failed.'
    this.#emitter.emit('error', { error: new EdgeNetError('handler-failed', 'threw', message, hint, { cause }) })
  }
}

export function refusalError({ code, message, hint, retryAfterMs }: Refusal): EdgeNetError {
  return new EdgeNetError('join-refused', code, message, hint, { retryAfterMs })
}
