/**
 * What an application sends to a peer, until its link has taken it over and the peer's application has had it. Invariants:
 * messages are numbered and posted in the order of the calls, whatever has to be read first; a copy of each is sent; every
 * promise is settled.
 */
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { MAX_MESSAGE_BYTES } from '../../protocol/limits.ts'
import type { Sendable, Sending, SendOptions } from '../api.ts'
import { nowMs } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import type { Link } from './link.ts'

interface Pending {
  readonly accepted: PromiseWithResolvers<void>
  readonly delivered: PromiseWithResolvers<void>
}

export class Sendings {
  readonly #link: Link
  readonly #posted: () => void
  /** Messages that are not confirmed, by their number. */
  readonly #pending = new Map<number, Pending>()
  #count = 0
  /** Messages wait behind a Blob that is being read. */
  #reading: Promise<unknown> | undefined
  /** Why no more can be sent. */
  #end: EdgeNetError | undefined

  /** @param posted called when the link has got something to do */
  constructor(link: Link, posted: () => void) {
    this.#link = link
    this.#posted = posted
  }

  get isReading(): boolean {
    return this.#reading !== undefined
  }

  send(data: Sendable, { signal, channel = 0 }: SendOptions = {}): Sending {
    const id = ++this.#count
    const accepted = Promise.withResolvers<void>()
    const delivered = Promise.withResolvers<void>()
    // Nobody has to listen.
    delivered.promise.catch(() => undefined)
    const fail = (error: unknown) => {
      this.#pending.delete(id)
      accepted.reject(error)
      delivered.reject(error)
    }
    const post = (bytes: Bytes) => {
      if (this.#end) throw this.#end
      if (signal?.aborted) throw abortedError(signal.reason)
      this.#pending.set(id, { accepted, delivered })
      this.#link.post(id, channel, bytes, typeof data === 'string', nowMs())
      this.#posted()
      const cancel = () => this.#link.cancel(id) && fail(abortedError(signal?.reason))
      signal?.addEventListener('abort', cancel)
      const settled = () => signal?.removeEventListener('abort', cancel)
      accepted.promise.then(settled, settled)
    }
    try {
      checkSize(data instanceof Blob ? data.size : 0, MAX_MESSAGE_BYTES)
      const bytes = data instanceof Blob ? data.arrayBuffer().then((buffer) => new Uint8Array(buffer)) : bytesOf(data)
      if (bytes instanceof Promise || this.#reading) {
        const reading = Promise.all([bytes, this.#reading]).then(([read]) => post(read))
        const queue = reading.catch(fail).finally(() => {
          if (this.#reading === queue) this.#reading = undefined
        })
        this.#reading = queue
      } else post(bytes)
    } catch (error) {
      fail(error)
    }
    return Object.assign(accepted.promise, { id, delivered: delivered.promise })
  }

  /** The link has taken it over. */
  accepted(id: number): void {
    this.#pending.get(id)?.accepted.resolve()
  }

  /** The peer's application has had it. */
  delivered(id: number): void {
    this.#pending.get(id)?.delivered.resolve()
    this.#pending.delete(id)
  }

  /** The link is over: what was not taken over, and what was not confirmed, fails, and so does what comes later. */
  fail(notAccepted: EdgeNetError, notDelivered: EdgeNetError): void {
    this.#end = notAccepted
    for (const { accepted, delivered } of this.#pending.values()) {
      accepted.reject(notAccepted)
      delivered.reject(notDelivered)
    }
    this.#pending.clear()
  }
}

/** A copy of the bytes of a message. */
export function bytesOf(data: unknown, maxBytes = MAX_MESSAGE_BYTES): Bytes {
  const bytes =
    typeof data === 'string'
      ? utf8(data)
      : data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : ArrayBuffer.isView(data)
          ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
          : undefined
  if (!bytes) {
    const hint = 'Encode it first.'
    throw new EdgeNetError('invalid-argument', 'data', 'A message is a string, bytes or a Blob.', hint)
  }
  checkSize(bytes.length, maxBytes)
  return bytes.slice()
}

function checkSize(byteLength: number, maxBytes: number): void {
  if (byteLength <= maxBytes) return
  const hint = `Split it: at most ${maxBytes} bytes each.`
  throw new EdgeNetError('message-too-large', 'size', `${byteLength} bytes are too many.`, hint)
}

function abortedError(cause: unknown): EdgeNetError {
  return new EdgeNetError('aborted', 'signal', 'The message was taken back.', 'None of it was sent.', { cause })
}
