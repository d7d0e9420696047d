/**
 * A ticket opens the door once: an announcement, signed together with what it is for, where and when. It travels as a
 * WebSocket subprotocol (base64url) or as the body of a POST.
 *
 *     announcement u16+bytes · purpose u8 · issued u48 · host u8+ASCII · signature 64
 *
 * The signature is the identity's over "edge-net/ticket/1\0" and everything before it.
 */
import { decodeAnnouncement, type Announcement } from './announcement.ts'
import { ByteReader, ByteWriter, concat, fromBase64Url, textOf, toBase64Url, utf8, type Bytes } from './bytes.ts'
import { verifySignature } from './hash.ts'
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
const PURPOSE_CODES: Record<Purpose, number> = { join: 1, ice: 2 }

/** Signs one request and returns the ticket's text. */
export async function signTicket(
  request: { announcement: Bytes; purpose: Purpose; issuedAtMs: number; host: string },
  sign: (message: Bytes) => Promise<Bytes>,
): Promise<string> {
  const body = new ByteWriter()
    .sized(2, request.announcement)
    .uint(1, PURPOSE_CODES[request.purpose])
    .uint(6, request.issuedAtMs)
    .sized(1, utf8(request.host))
    .done()
  return toBase64Url(concat(body, await sign(concat(DOMAIN, body))))
}

/** The ticket in this text, unverified, or `undefined` when it is not one. The size is checked before decoding. */
export function decodeTicket(text: string): Ticket | undefined {
  if (text.length > MAX_TICKET_CHARACTERS) return undefined
  const bytes = fromBase64Url(text)
  if (!bytes) return undefined
  const reader = new ByteReader(bytes)
  const announcement = decodeAnnouncement(reader.sized(2, MAX_ANNOUNCEMENT_BYTES))
  const purposeCode = reader.uint(1)
  const issuedAtMs = reader.uint(6)
  const host = textOf(reader.sized(1, MAX_HOST_BYTES))
  const signature = reader.bytes(SIGNATURE_BYTES)
  const purpose = purposeCode === PURPOSE_CODES.join ? 'join' : purposeCode === PURPOSE_CODES.ice ? 'ice' : undefined
  if (!reader.finished() || !announcement || !purpose || host === undefined) return undefined
  return { announcement, purpose, issuedAtMs, host, signature, bytes }
}

/** Whether the identity in the ticket's announcement signed this request. Says nothing of the announcement itself. */
export function ticketIsSigned(ticket: Ticket): Promise<boolean> {
  const signed = concat(DOMAIN, ticket.bytes.slice(0, -SIGNATURE_BYTES))
  return verifySignature(ticket.announcement.core.identity, ticket.signature, signed)
}
