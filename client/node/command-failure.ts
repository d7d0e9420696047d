/** What failed although it was asked for rightly, and what to do about it. */

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  /** A short word for programs. */
  readonly reason: string
  readonly hint: string

  constructor(reason: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
    this.hint = hint
  }
}
