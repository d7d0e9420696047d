/** Points in time, as they are written on the command line and shown by it: in UTC, so that they sort and compare. */
import { UsageError } from '../usage-error.ts'

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }
const AGE = /^(\d+(?:\.\d+)?)(s|min|h|d)$/
const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?$/

/**
 * What a text means as a time: `2026-11-22`, `2026-11-22T10:30`, with seconds and a zone if wanted, or `2h` for two hours
 * ago. Without a zone it is UTC.
 *
 * @returns milliseconds since 1970
 * @throws UsageError
 */
export function timeOf(text: string, flag: string, nowMs: number): number {
  const ageMs = spanOf(text)
  const ms = ageMs === undefined ? pointOf(text) : nowMs - ageMs
  if (ms !== undefined) return ms
  throw new UsageError(`${flag} takes a time, not "${text}".`, `For example: ${flag} 2026-11-22T10:30, or ${flag} 2h.`)
}

/** Milliseconds in `90s`, `15min`, `2h` or `7d`; `undefined` for anything else. */
export function spanOf(text: string): number | undefined {
  const [, amount, unit = ''] = AGE.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * (UNITS_MS[unit] ?? 0)
}

/** A date, with a time if wanted, in milliseconds since 1970; `undefined` for anything else. */
export function pointOf(text: string): number | undefined {
  const [, date, time, zone = 'Z'] = TIME.exec(text) ?? []
  const ms = Date.parse(date === undefined ? (DATE.exec(text)?.[0] ?? '') : `${date}T${time}${zone}`)
  return Number.isNaN(ms) ? undefined : ms
}

/** To the second, in UTC: `2026-11-22 10:30:00Z`. */
export function timeWords(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}
