/** When to try again for a direct path, unless the application brings a policy of its own. */
import type { AttemptPolicy } from '../api.ts'

/** One failed attempt tells most (97.6 % of successes come at the first try, arXiv 2510.27500): retry seldom. */
const RETRY_MS = 2_000
const RETRY_MAX_MS = 60_000
/** But a path that was good lately comes back: an attempt is kept under way, so that it finds the path at once. */
const LATELY_MS = 60_000
const EAGER_MS = 300

export const defaultAttemptPolicy: AttemptPolicy = ({ failures, lastGoodMsAgo = Infinity, role }) => {
  const patientMs = Math.min(RETRY_MS * 2 ** failures, RETRY_MAX_MS)
  const delayMs = lastGoodMsAgo < LATELY_MS ? EAGER_MS : patientMs
  // The answerer asks later than the offerer would act by itself, so that the two do not cross.
  return delayMs * (0.5 + Math.random() / 2) * (role === 'offerer' ? 1 : 3)
}
