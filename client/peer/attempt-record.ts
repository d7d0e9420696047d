/** What is remembered of an attempt after its connection is gone: engines free a connection only when nobody refers to it. */
import type { AttemptEnd, AttemptReport, CandidateType } from '../api.ts'

export interface AttemptRecord {
  readonly number: number
  readonly role: 'offerer' | 'answerer'
  readonly startedAtMs: number
  /** When the path carried frames first; the link may have some in flight on it. */
  openedAtMs?: number
  end?: AttemptEnd
  readonly local: Set<CandidateType>
  readonly remote: Set<CandidateType>
}

export function reportOf(record: AttemptRecord, atMs: number): AttemptReport {
  const { number, role, startedAtMs, openedAtMs, end, local, remote } = record
  return {
    number,
    role,
    state: end ?? (openedAtMs === undefined ? 'connecting' : 'open'),
    ageMs: atMs - startedAtMs,
    ...(openedAtMs !== undefined && { openedAfterMs: openedAtMs - startedAtMs }),
    local: [...local],
    remote: [...remote],
  }
}

/** Notes the kind of a candidate line (RFC 8839 section 5.1). */
export function noteCandidate(types: Set<CandidateType>, candidate: string): void {
  const type = / typ (host|srflx|prflx|relay)\b/.exec(candidate)?.[1]
  if (type) types.add(type as CandidateType)
}
