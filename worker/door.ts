/**
 * The door decides who may enter, in the Worker, before any room wakes: cheap checks first, signatures last. What it
 * lets in it hands to the room as an {@link Admission} in a request that it builds itself, so nothing in it is the
 * client's word.
 */
import { proveAnnouncement, type ProvenAnnouncement } from '../protocol/announcement.ts'
import { toBase64Url } from '../protocol/bytes.ts'
import { parseIceAnswer, type IceAnswer } from '../protocol/http.ts'
import { TICKET_CLOCK_TOLERANCE_MS } from '../protocol/limits.ts'
import { networkIdOfKey } from '../protocol/network.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import type { RefusalCode } from '../protocol/room-messages.ts'
import { decodeTicket, ticketIsSigned, type Purpose } from '../protocol/ticket.ts'
import { listOf, type Settings } from './settings.ts'

export interface Admission {
  readonly peerId: PeerId
  readonly ticketIssuedAtMs: number
  readonly announcementExpiresAtMs: number
  /** base64url, as it goes into lists. */
  readonly announcement: string
}

export interface Knock {
  readonly ticket: string | undefined
  readonly purpose: Purpose
  /** `URL.host` of the request. */
  readonly host: string
  readonly network: string
  readonly nowMs: number
}

/** Whom the door lets in, with what he has proven. */
export interface Admitted extends Admission {
  readonly proven: ProvenAnnouncement
}

export type Refused = { readonly refused: RefusalCode; readonly retryAfterMs?: number }

/** Whether the ticket opens this door now. */
export async function admit(knock: Knock): Promise<Admitted | Refused> {
  if (!knock.ticket) return { refused: 'ticket-missing' }
  const ticket = decodeTicket(knock.ticket)
  if (!ticket) return { refused: 'ticket-malformed' }
  if (ticket.purpose !== knock.purpose) return { refused: 'ticket-purpose' }
  if (ticket.host !== knock.host) return { refused: 'host-mismatch' }
  // The clock before the announcement: a client with a wrong clock corrects both by the time in this refusal.
  if (Math.abs(ticket.issuedAtMs - knock.nowMs) > TICKET_CLOCK_TOLERANCE_MS) return { refused: 'ticket-clock' }
  const [signed, proven] = await Promise.all([
    ticketIsSigned(ticket),
    networkIdOfKey(knock.network).then((id) => proveAnnouncement(ticket.announcement.bytes, id, knock.nowMs)),
  ])
  if (typeof proven === 'string') return { refused: proven }
  if (!signed) return { refused: 'ticket-signature' }
  return {
    peerId: proven.peerId,
    ticketIssuedAtMs: ticket.issuedAtMs,
    announcementExpiresAtMs: proven.profile.expiresAtMs,
    announcement: toBase64Url(proven.bytes),
    proven,
  }
}

/**
 * Whether pages of the request's origin may use this host. CORS does not protect WebSockets, so the server looks
 * itself. Programs send no Origin; their tickets are signed all the same.
 */
export function originAllowed(request: Request, settings: Settings): boolean {
  const allowed = listOf(settings.EDGE_NET_ORIGINS)
  const origin = request.headers.get('Origin')
  if (origin === null || allowed.length === 0 || allowed.includes('*')) return true
  return origin === new URL(request.url).origin || allowed.includes(origin)
}

// ---- from the door to the room -------------------------------------------------------------------------------------

const ADMISSION_HEADER = 'Edge-Net-Admission'
const ICE_HEADER = 'Edge-Net-Ice'

/** The request that takes an admitted peer to its room. None of the client's own headers go along. */
export function admissionRequest(admission: Admission, ice: IceAnswer | undefined): Request {
  const { peerId, ticketIssuedAtMs, announcementExpiresAtMs, announcement } = admission
  const value = [peerId, ticketIssuedAtMs, announcementExpiresAtMs, announcement].join(' ')
  const headers = { Upgrade: 'websocket', [ADMISSION_HEADER]: value, ...(ice && { [ICE_HEADER]: JSON.stringify(ice) }) }
  return new Request('https://room/', { headers })
}

/** What the door wrote. Only the Worker reaches rooms, so it is not checked again. */
export function admissionOf(request: Request): Admission {
  const [peerId, ticketIssuedAtMs, announcementExpiresAtMs, announcement = ''] = (
    request.headers.get(ADMISSION_HEADER) ?? ''
  ).split(' ')
  return {
    peerId: peerId as PeerId,
    ticketIssuedAtMs: Number(ticketIssuedAtMs),
    announcementExpiresAtMs: Number(announcementExpiresAtMs),
    announcement,
  }
}

/** The ICE servers that the door sends along for the welcome. */
export function iceOf(request: Request): IceAnswer | undefined {
  const text = request.headers.get(ICE_HEADER)
  return text === null ? undefined : parseIceAnswer(JSON.parse(text))
}
