/** Why a request has no answer. */

/**
 * - `timeout`: no answer came in time. The peer may have handled the request all the same.
 * - `handler-failed`: the handler at the other side failed.
 * - `no-handler`: the other side answers no requests.
 * - `peer-left`: the peer is gone; it may have handled the request all the same.
 * - `aborted`: the caller's signal, or `close()`.
 */
export type RequestErrorCode = 'timeout' | 'handler-failed' | 'no-handler' | 'peer-left' | 'aborted'

const HINTS: Readonly<Record<RequestErrorCode, string>> = {
  timeout: 'Ask again if asking twice does no harm, allow more time, or ask another peer.',
  'handler-failed': 'Mend it at the other side: its network emits the cause as an error.',
  'no-handler': 'Give requests() a handler at the other side, and the same channel.',
  'peer-left': 'Ask another peer.',
  aborted: 'Ask again if the answer is still wanted.',
}

/**
 * What `request()` rejects with, unless the message could not be sent: then it is the EdgeNetError of `send()`.
 *
 * A handler throws it to say something to whoever asked: only of this error the message goes over the wire.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: RequestErrorCode
  readonly hint: string

  constructor(code: RequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hint = HINTS[code]
  }
}
