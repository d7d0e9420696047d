/** What a direct path is made of, read from the engine's statistics: labels only, they go stale on a dead path. */
import type { CandidateType, Path } from '../api.ts'

type Stat = Readonly<Record<string, unknown>>

/** The selected candidate pair of a connection, or `undefined` when the engine does not tell. */
export async function pathOf(pc: RTCPeerConnection): Promise<Path | undefined> {
  const stats = new Map<unknown, Stat>()
  try {
    const report = await pc.getStats()
    report.forEach((stat: Stat) => stats.set(stat['id'], stat))
  } catch {
    // The connection was closed meanwhile.
    return undefined
  }
  const all = [...stats.values()]
  const transport = all.find(({ type }) => type === 'transport')
  // Before Firefox 153 the transport does not name the pair.
  const pair =
    stats.get(transport?.['selectedCandidatePairId']) ??
    all.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated === true && state === 'succeeded')
  if (!pair) return undefined
  const local = stats.get(pair['localCandidateId'])
  const remote = stats.get(pair['remoteCandidateId'])
  const protocol = typeof local?.['protocol'] === 'string' ? local['protocol'].toLowerCase() : 'unknown'
  return { kind: 'direct', local: candidateType(local), remote: candidateType(remote), protocol }
}

const TYPES: readonly CandidateType[] = ['host', 'srflx', 'prflx', 'relay']

function candidateType(stat: Stat | undefined): CandidateType | 'unknown' {
  return TYPES.find((type) => type === stat?.['candidateType']) ?? 'unknown'
}
