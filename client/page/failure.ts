/** What the page says of an error, whatever was thrown. */
import { EdgeNetError } from '../errors.ts'
import type { Failure } from './state.ts'

/** The part of an error of ours that the page shows. */
export function failureOf({ code, reason, message, hint, retryAfterMs }: EdgeNetError): Failure {
  return { code, reason, message, hint, retryAfterMs }
}

export function failureFrom(error: unknown): Failure {
  if (error instanceof EdgeNetError) return failureOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const hint = 'Reload the page; if it happens again, the browser may be too old.'
  return { code: 'page', reason: '', message, hint, retryAfterMs: undefined }
}

/** Whether a host or a network ended our stay because we are no member, or no more. */
export function isMembershipFailure({ reason }: Pick<Failure, 'reason'>): boolean {
  return reason.startsWith('membership-') || reason === 'invite-used-up'
}
