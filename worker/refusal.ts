/**
 * Saying no. Every refusal has one wording and one HTTP status; over HTTP it is JSON, and to a WebSocket it is told in
 * band, because a browser cannot read the response of a refused upgrade.
 */
import type { HttpError } from '../protocol/http.ts'

import { encodeRoomMessage, type Refusal, type RefusalCode } from '../protocol/room-messages.ts'

interface Wording {
  readonly status: number
  readonly message: string
  readonly hint: string
}

const WORDINGS: Record<RefusalCode, Wording> = {
  'announcement-expired': {
    status: 401,
    message: 'The announcement is not valid now, or is valid for more than 24 hours.',
    hint: 'Sign a new announcement; serverTimeMs is the time that counts here.',
  },
  'announcement-malformed': {
    status: 400,
    message: 'The announcement cannot be decoded.',
    hint: 'Encode it as PROTOCOL.md describes; nothing may follow the signature.',
  },
  'announcement-network': {
    status: 403,
    message: 'The announcement is for another network.',
    hint: 'Sign the announcement for the network id of this room URL.',
  },
  'announcement-signature': {
    status: 401,
    message: "The announcement's signature does not verify, or its keys are not this peer's.",
    hint: 'Sign it with the identity key that stands in it, and keep the core unchanged when renewing.',
  },
  'control-malformed': {
    status: 400,
    message: 'The control message is not a JSON object of the expected shape.',
    hint: 'PROTOCOL.md lists the control messages and their fields.',
  },
  'control-too-large': {
    status: 413,
    message: 'The control message is too long.',
    hint: 'Control messages have at most 4,096 characters.',
  },
  'control-unknown': {
    status: 400,
    message: 'The room does not know this type of control message.',
    hint: 'A peer may send peers, renew and bye.',
  },
  'envelope-kind': {
    status: 400,
    message: 'The room does not know this kind of envelope.',
    hint: 'Kinds are 1 signal, 2 relay, 3 intro, 4 who.',
  },
  'envelope-size': {
    status: 413,
    message: 'The envelope is too large for its kind.',
    hint: 'Split the data into frames of at most 16 KiB; signal, intro and who have smaller bounds.',
  },
  'envelope-truncated': {
    status: 400,
    message: 'The envelope is shorter than its header.',
    hint: 'An envelope begins with kind, home and a 16-byte peer id.',
  },
  flooding: {
    status: 429,
    message: 'This peer went on sending after it had been told to slow down.',
    hint: 'Heed `limited` messages: wait retryAfterMs before sending more.',
  },
  'host-mismatch': {
    status: 401,
    message: 'The ticket is for another host.',
    hint: 'Join by the room URL that the host itself shows; a proxy in front of it must pass the Host header on.',
  },
  internal: {
    status: 500,
    message: 'The service failed to handle this request.',
    hint: 'Try again in a moment; if it stays, tell the operator the time of this answer.',
  },
  'method-not-allowed': {
    status: 405,
    message: 'This route does not take this method.',
    hint: 'Room URLs take GET, their /ice takes POST.',
  },
  'network-name': {
    status: 400,
    message: 'This is not a network name.',
    hint: 'Use 1 to 63 lower-case letters, digits and inner hyphens, such as mainnet.',
  },
  'network-unknown': {
    status: 404,
    message: 'No network with this id is registered here.',
    hint: 'This version of the service hosts public networks by their plain names only.',
  },
  'not-found': {
    status: 404,
    message: 'There is nothing here.',
    hint: 'A room URL looks like /n/mainnet; /networks lists the public networks.',
  },
  'origin-refused': {
    status: 403,
    message: 'Pages of this origin may not join here.',
    hint: "Use the host's own page, or ask its operator to add the origin to EDGE_NET_ORIGINS.",
  },
  'rate-limited': {
    status: 429,
    message: 'Too many requests from this part of the Internet.',
    hint: 'Wait for retryAfterMs and try again.',
  },
  'room-full': {
    status: 429,
    message: 'The room has no free place.',
    hint: 'Try again later, or use another network.',
  },
  superseded: {
    status: 410,
    message: 'This peer came back on a newer socket.',
    hint: 'Use the newer socket; the place and its links belong to it.',
  },
  'ticket-clock': {
    status: 401,
    message: 'The ticket was not signed within the last minute.',
    hint: 'Correct the clock by serverTimeMs and sign a new ticket.',
  },
  'ticket-malformed': {
    status: 400,
    message: 'The ticket cannot be decoded.',
    hint: 'A ticket is canonical base64url of at most 4,096 characters, as PROTOCOL.md describes.',
  },
  'ticket-missing': {
    status: 401,
    message: 'The request carries no ticket.',
    hint: 'Offer the WebSocket subprotocols edge-net.1 and the ticket, or send the ticket as the body of a POST.',
  },
  'ticket-purpose': {
    status: 401,
    message: 'The ticket is for another purpose.',
    hint: 'Sign a ticket with purpose join for the WebSocket and one with purpose ice for ICE servers.',
  },
  'ticket-replayed': {
    status: 409,
    message: 'A ticket as new as this one has been used for this peer.',
    hint: 'Sign a new ticket for every connection.',
  },
  'ticket-signature': {
    status: 401,
    message: "The ticket's signature does not verify.",
    hint: 'Sign the ticket with the identity key of its announcement.',
  },
  'upgrade-required': {
    status: 426,
    message: 'This route speaks WebSocket.',
    hint: 'Ask for a WebSocket upgrade.',
  },
}

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
