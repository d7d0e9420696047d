/** How door and room say no: in band, since a browser cannot read a refused upgrade, and over HTTP alike. */

/** Why the door or the room said no. Stable: programs compare it. */
export type RefusalCode =
  | 'announcement-expired'
  | 'announcement-malformed'
  | 'announcement-network'
  | 'announcement-signature'
  | 'control-malformed'
  | 'control-too-large'
  | 'control-unknown'
  | 'envelope-kind'
  | 'envelope-size'
  | 'envelope-truncated'
  | 'flooding'
  | 'host-mismatch'
  | 'internal'
  | 'method-not-allowed'
  | 'network-name'
  | 'network-unknown'
  | 'not-found'
  | 'origin-refused'
  | 'rate-limited'
  | 'room-full'
  | 'superseded'
  | 'ticket-clock'
  | 'ticket-malformed'
  | 'ticket-missing'
  | 'ticket-purpose'
  | 'ticket-replayed'
  | 'ticket-signature'
  | 'upgrade-required'

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
