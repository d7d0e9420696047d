/**
 * Saying no. Every refusal has one wording and one HTTP status; over HTTP it is JSON, and to a WebSocket it is told in
 * band, because a browser cannot read the response of a refused upgrade.
 */
import type { HttpError } from '../protocol/http.ts'
import { encodeRoomMessage, type Refusal, type RefusalCode } from '../protocol/room-messages.ts'
import { WORDINGS } from './wordings.ts'

export function refusal(code: RefusalCode, nowMs: number, retryAfterMs?: number): Refusal {
  const { message, hint } = WORDINGS[code]
  return { code, message, hint, serverTimeMs: nowMs, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

export function refusalText(code: RefusalCode, nowMs: number, retryAfterMs?: number): string {
  return encodeRoomMessage({ type: 'error', ...refusal(code, nowMs, retryAfterMs) })
}

export function statusOf(code: RefusalCode): number {
  return WORDINGS[code].status
}

/** 4000 and the HTTP status; an internal error has a standard code of its own (RFC 6455 section 7.4.1). */
export function closeCodeOf(code: RefusalCode): number {
  return code === 'internal' ? 1011 : 4000 + WORDINGS[code].status
}

export function refuseHttp(code: RefusalCode, nowMs: number, retryAfterMs?: number, headers?: HeadersInit): Response {
  const body: HttpError = { error: refusal(code, nowMs, retryAfterMs) }
  const response = Response.json(body, { status: WORDINGS[code].status, ...(headers && { headers }) })
  if (retryAfterMs !== undefined) response.headers.set('Retry-After', String(Math.ceil(retryAfterMs / 1000)))
  return response
}
