/**
 * A ticket opens the door once: an announcement, signed together with what it is for, where and when. It travels as a
 * WebSocket subprotocol (base64url) or as the body of a POST.
 *
 *     announcement u16+bytes · purpose u8 · issued u48 · host u8+ASCII · signature 64
 *
 * The signature is the identity's over "edge-net/ticket/1\0" and everything before it.
 */
import { decodeAnnouncement, type Announcement } from './announcement.ts'
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from './bytes.ts'
import { appendSignature, verifySignature } from './hash.ts'
import { fixed, layout, oneOf, sized, text, uint } from './layout.ts'
import { MAX_ANNOUNCEMENT_BYTES, MAX_HOST_BYTES, MAX_TICKET_CHARACTERS, SIGNATURE_BYTES } from './limits.ts'

export type Purpose = 'join' | 'ice'

export interface Ticket {
  readonly announcement: Announcement
  readonly purpose: Purpose
  readonly issuedAtMs: number
  /** Host and port of the room URL, lower-case, as `URL.host` gives them. */
  readonly host: string
  readonly signature: Bytes
  readonly bytes: Bytes
}

const DOMAIN = utf8('edge-net/ticket/1\0')
const LAYOUT = layout<{
  announcement: Bytes
  purpose: Purpose
  issuedAtMs: number
  host: string
  signature: Bytes
}>({
  announcement: sized(2, MAX_ANNOUNCEMENT_BYTES),
  purpose: oneOf([undefined, 'join', 'ice']),
  issuedAtMs: uint(6),
  host: text(1, MAX_HOST_BYTES),
  signature: fixed(SIGNATURE_BYTES),
})

/** Signs one request and returns the ticket's text. */
export async function signTicket(
  request: { announcement: Bytes; purpose: Purpose; issuedAtMs: number; host: string },
  sign: (message: Bytes) => Promise<Bytes>,
): Promise<string> {
  const body = LAYOUT.encode({ ...request, signature: new Uint8Array(0) })
  return toBase64Url(await appendSignature(DOMAIN, body, sign))
}

/** The ticket in this text, unverified, or `undefined` when it is not one. The size is checked before decoding. */
export function decodeTicket(encoded: string): Ticket | undefined {
  const bytes = encoded.length > MAX_TICKET_CHARACTERS ? undefined : fromBase64Url(encoded)
  const fields = bytes && LAYOUT.decode(bytes)
  const announcement = fields && decodeAnnouncement(fields.announcement)
  return announcement && { ...fields, announcement, bytes }
}

/** Whether the identity in the ticket's announcement signed this request. Says nothing of the announcement itself. */
export function ticketIsSigned(ticket: Ticket): Promise<boolean> {
  const signed = concat(DOMAIN, ticket.bytes.slice(0, -SIGNATURE_BYTES))
  return verifySignature(ticket.announcement.core.identity, ticket.signature, signed)
}
