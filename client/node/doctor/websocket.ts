/** Does the room let us in? */
import { EdgeNetError } from '../../errors.ts'
import { durationWords } from '../../words.ts'
import { finding, type Finding } from './finding.ts'
import type { Sessions } from './sessions.ts'

/** Its fact `total` counts the members of the room, this session included. */
export async function checkWebSocket(sessions: Sessions): Promise<Finding> {
  let knockedMs = performance.now()
  try {
    const network = await sessions.enter({
      direct: 'off',
      onPhase: (phase) => {
        if (phase === 'connecting') knockedMs = performance.now()
      },
    })
    const tookMs = Math.round(performance.now() - knockedMs)
    const { total } = network
    await network.close()
    const members =
      total === 1 ? 'nobody else is there' : `${total - 1} ${total === 2 ? 'other is' : 'others are'} there`
    const summary = `the room let us in within ${durationWords(tookMs)}; ${members}`
    return finding('websocket', 'ok', summary, { facts: { tookMs, total } })
  } catch (error) {
    if (!(error instanceof EdgeNetError) || error.code === 'aborted') throw error
    const { code, reason, message, hint } = error
    const advice = code === 'room-unreachable' ? [hint, PROXY_ADVICE] : [hint]
    return finding('websocket', 'failed', withoutStop(message), { advice, facts: { code, reason } })
  }
}

const PROXY_ADVICE = 'If HTTP works and this does not, something on the way does not pass WebSockets.'

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
