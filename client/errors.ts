/** Every failure that the SDK reports: one class, told apart by a stable `code`. */
import type { RefusalCode } from '../protocol/room-messages.ts'

/**
 * - `aborted`: the caller's signal, or `close()`.
 * - `invalid-argument`: the call itself cannot be right; `reason` says which argument.
 * - `join-refused`: the door or the room said no; `reason` is its {@link RefusalCode}.
 * - `room-unreachable`: no WebSocket to the room, after the retries that the caller allowed.
 * - `unsupported`: this runtime lacks something the SDK cannot do without.
 * - `peer-unknown`: no such peer in this network, or it has left.
 * - `message-too-large`: above the limit of one message.
 * - `not-delivered`: the link ended before the peer confirmed the message; it was delivered at most once.
 * - `handler-failed`: a handler, a callback or the identity that the application brought failed; `cause` says how.
 * - `peer-misbehaved`: a peer sent what no honest peer sends; it was dropped. `reason` says what.
 * - `direct-failed`: an attempt at a direct path failed; the link stays on the relay.
 * - `ledger-failed`: the ledger cannot be read or kept; `reason` says why.
 * - `membership`: a network, an invite or a membership is not what it should be, or the host refused what was asked of it;
 *   `reason` says why.
 * - `backup-damaged`: a text is no whole backup of an identity; `reason` says where.
 * - `backup-version`: a backup was made by a newer program; `reason` says what of it is not known.
 * - `pass-phrase-wrong`: a backup was made with another pass phrase.
 */
export type ErrorCode =
  | 'aborted'
  | 'invalid-argument'
  | 'join-refused'
  | 'room-unreachable'
  | 'unsupported'
  | 'peer-unknown'
  | 'message-too-large'
  | 'not-delivered'
  | 'handler-failed'
  | 'peer-misbehaved'
  | 'direct-failed'
  | 'ledger-failed'
  | 'membership'
  | 'backup-damaged'
  | 'backup-version'
  | 'pass-phrase-wrong'

/** What went wrong (`code`, `reason`, `cause`) and what to do about it (`hint`). */
export class EdgeNetError extends Error {
  override readonly name = 'EdgeNetError'
  readonly code: ErrorCode
  /** Machine-readable detail: a {@link RefusalCode} for `join-refused`, otherwise a short word. */
  readonly reason: RefusalCode | (string & {})
  readonly hint: string
  /** For refusals that pass: how long to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    reason: string,
    message: string,
    hint: string,
    more: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, more)
    this.code = code
    this.reason = reason
    this.hint = hint
    this.retryAfterMs = more.retryAfterMs
  }
}
