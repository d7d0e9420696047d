/** How the doctor speaks: to programs one JSON object a line, to people a line a check and advice below it. */
import { safeJson, safeText, type Style } from '../terminal.ts'
import type { ErrorRecord } from '../report.ts'
import type { Conclusion } from './conclusion.ts'
import type { CheckName, Finding, Verdict } from './finding.ts'

export type DoctorEvent =
  | { readonly event: 'checking'; readonly check: CheckName }
  | ({ readonly event: 'finding'; readonly tookMs: number } & Finding)
  | ({ readonly event: 'conclusion' } & Conclusion)
  | { readonly event: 'failed'; readonly error: ErrorRecord; readonly exitCode: number }

export type TimedDoctorEvent = DoctorEvent & { readonly sinceMs: number }

export function doctorJson(event: TimedDoctorEvent): string {
  return safeJson(event)
}

/** Lines for people; nothing for what only begins. */
export function doctorLines(event: TimedDoctorEvent, style: Style): string | undefined {
  switch (event.event) {
    case 'checking':
    case 'failed':
      return undefined
    case 'finding': {
      const { check, verdict, summary, advice } = event
      const mark = VERDICT_WORDS[verdict].padEnd(VERDICT_COLUMNS)
      const painted = verdict === 'ok' ? style.accent(mark) : verdict === 'skipped' ? style.dim(mark) : style.bad(mark)
      const head = `${painted}  ${CHECK_WORDS[check].padEnd(CHECK_COLUMNS)}  ${safeText(summary)}`
      return [head, ...advice.map((sentence) => `${INDENT}${style.dim('→')} ${safeText(sentence)}`)].join('\n')
    }
    case 'conclusion':
      return `\n${event.summary}`
    default:
      return event satisfies never
  }
}

/** What is being looked at, for a line that will be replaced. */
export function checkingWords(check: CheckName): string {
  return `…  ${CHECK_WORDS[check]}`
}

const VERDICT_WORDS: Record<Verdict, string> = { ok: 'ok', limited: 'limited', failed: 'FAILED', skipped: '-' }
const CHECK_WORDS: Record<CheckName, string> = {
  http: 'HTTP',
  membership: 'Membership',
  websocket: 'WebSocket',
  relay: 'Relay',
  stun: 'STUN',
  'turn-udp': 'TURN, UDP',
  'turn-tcp': 'TURN, TCP',
  'turn-tls': 'TURN, TLS',
  direct: 'Direct, here',
  peers: 'Direct, peers',
  gun: 'Gun relays',
}
const VERDICT_COLUMNS = 'limited'.length
const CHECK_COLUMNS = 'Direct, peers'.length
const INDENT = ' '.repeat(VERDICT_COLUMNS + CHECK_COLUMNS + 4)
