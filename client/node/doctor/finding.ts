/** What a check of the doctor found. Names and fields are stable: programs read them from `--json`. */

export type CheckName =
  | 'http'
  | 'membership'
  | 'websocket'
  | 'relay'
  | 'stun'
  | 'turn-udp'
  | 'turn-tcp'
  | 'turn-tls'
  | 'direct'
  | 'peers'
  | 'gun'

/**
 * - `ok`: works.
 * - `limited`: works, but not for everybody or not well.
 * - `failed`: does not work.
 * - `skipped`: could not be tried, or there was nothing to try; `summary` says why.
 */
export type Verdict = 'ok' | 'limited' | 'failed' | 'skipped'

export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact }

export interface Finding {
  readonly check: CheckName
  readonly verdict: Verdict
  /** One sentence, without a full stop. */
  readonly summary: string
  /** What would help, in sentences. */
  readonly advice: readonly string[]
  readonly facts: Readonly<Record<string, Fact>>
}

/** A finding with the parts that are most often empty filled in. */
export function finding(
  check: CheckName,
  verdict: Verdict,
  summary: string,
  { advice = [], facts = {} }: Partial<Pick<Finding, 'advice' | 'facts'>> = {},
): Finding {
  return { check, verdict, summary, advice, facts }
}
