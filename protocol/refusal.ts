/** How door and room say no: in band, since a browser cannot read a refused upgrade, and over HTTP alike. */

/** Why the door or the room said no. Stable: programs compare it. */
export type RefusalCode =
  | 'announcement-expired'
  | 'announcement-malformed'
  | 'announcement-network'
  | 'announcement-signature'
  | 'approval-malformed'
  | 'approval-signature'
  | 'control-malformed'
  | 'control-too-large'
  | 'control-unknown'
  | 'declined'
  | 'envelope-kind'
  | 'envelope-size'
  | 'envelope-truncated'
  | 'flooding'
  | 'genesis-clock'
  | 'genesis-malformed'
  | 'genesis-signature'
  | 'genesis-terms'
  | 'host-mismatch'
  | 'internal'
  | 'invite-used-up'
  | 'membership-expired'
  | 'membership-insufficient'
  | 'membership-malformed'
  | 'membership-missing'
  | 'membership-revoked'
  | 'membership-signature'
  | 'method-not-allowed'
  | 'network-name'
  | 'network-unknown'
  | 'not-approver'
  | 'not-found'
  | 'origin-refused'
  | 'petition-clock'
  | 'petition-host'
  | 'petition-malformed'
  | 'petition-signature'
  | 'rate-limited'
  | 'registry-full'
  | 'revocations-malformed'
  | 'revocations-signature'
  | 'revocations-stale'
  | 'room-full'
  | 'superseded'
  | 'ticket-clock'
  | 'ticket-malformed'
  | 'ticket-missing'
  | 'ticket-purpose'
  | 'ticket-replayed'
  | 'ticket-signature'
  | 'upgrade-required'
  | 'waiting-full'

/** Also the body of every HTTP error, where it stands under `error`. */
export interface Refusal {
  readonly code: RefusalCode
  /** One sentence: what happened. */
  readonly message: string
  /** One sentence: what to do about it. */
  readonly hint: string
  readonly serverTimeMs: number
  readonly retryAfterMs?: number
}

/** WebSocket close codes for refusals: 4400 + the two digits of the HTTP status that says the same. */
export const CLOSE_CODES = {
  malformed: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  unknown: 4404,
  conflict: 4409,
  tooLarge: 4413,
  flooding: 4429,
  /** The same peer id came back on a newer socket. */
  superseded: 4410,
  /** The room has not heard a ping for too long. */
  ghost: 4408,
} as const
