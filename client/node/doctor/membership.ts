/** Are we a member of the network, where that takes more than knowing its name? */
import { EdgeNetError } from '../../errors.ts'
import { decisionWords, notMemberError, standingWords, untilWords } from '../membership-words.ts'
import { finding, type Finding } from './finding.ts'
import type { Sessions } from './sessions.ts'

/** Of a founded network; behind a plain name there is nothing to look at. */
export async function checkMembership(sessions: Sessions): Promise<Finding> {
  try {
    const membership = await sessions.membership()
    if (!membership) return finding('membership', 'skipped', 'everybody is a member')
    const { facts, standing, role, endsAtMs } = membership
    const known = { name: facts.name, policy: facts.policy, standing, siteId: (await sessions.me()).siteId }
    const fault = notMemberError(membership)
    if (fault) {
      const summary = `of ${facts.name} you are ${standingWords({ standing, role })}; ${decisionWords(facts)}`
      return finding('membership', 'failed', summary, { advice: [fault.hint], facts: known })
    }
    const until = endsAtMs === undefined ? '' : `, ${untilWords(endsAtMs)}`
    const summary = `of ${facts.name}, a ${facts.policy} network, you are ${standingWords({ standing, role })}${until}`
    return finding('membership', 'ok', summary, { facts: { ...known, role: role ?? null, endsAtMs: endsAtMs ?? null } })
  } catch (error) {
    if (!(error instanceof EdgeNetError) || error.code === 'aborted') throw error
    const { code, reason, message, hint } = error
    return finding('membership', 'failed', message.replace(/\.$/, ''), { advice: [hint], facts: { code, reason } })
  }
}
