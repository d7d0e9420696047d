/** What no honest peer does: the first time is enough to stop listening. */
export type Misbehaviour =
  /** A message, or a batch in it, that is none. */
  | 'malformed'
  /** An entry whose signature, or receipt, does not hold. */
  | 'invalid-signature'
  /** An entry that breaks a rule of the ledger. */
  | 'invalid-entry'
  /** A message that does not fit what was said before. */
  | 'out-of-turn'
  /** More than it was allowed to send. */
  | 'flood'
