/** Does WebRTC work on this machine at all? Two sessions of ours try to reach each other without the room. */
import { durationWords, pathWords } from '../../words.ts'
import { nodeEngine } from '../engine.ts'
import { finding, type Finding } from './finding.ts'
import { directPath } from './direct-path.ts'
import type { Sessions } from './sessions.ts'

/** An attempt takes 12 s at most, and one DTLS packet may get lost inside the engine (LIMITS.md). */
const OPEN_MS = 15_000

export async function checkDirect(sessions: Sessions, others: number): Promise<Finding> {
  if (!(await nodeEngine())) {
    const advice = ['npm install node-datachannel, or use a browser: it has WebRTC built in.']
    return finding('direct', 'limited', 'there is no WebRTC engine here', { advice })
  }
  const startedMs = performance.now()
  const pair = await sessions.pair('on', others)
  if (!pair) return finding('direct', 'skipped', 'two sessions in the same room did not hear of each other')
  try {
    const path = await directPath(pair.here.network, (peer) => peer === pair.here.peer, OPEN_MS)
    if (!path) {
      const advice = ['A firewall on this machine may forbid UDP between its own programs.']
      return finding('direct', 'failed', 'two sessions on this machine found no direct path to each other', { advice })
    }
    const tookMs = Math.round(performance.now() - startedMs)
    const summary = `two sessions here reach each other directly after ${durationWords(tookMs)}: ${pathWords(path.path, 'room')}`
    return finding('direct', 'ok', summary, { facts: { tookMs, path: { ...path.path } } })
  } finally {
    await pair.close()
  }
}
