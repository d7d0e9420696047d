/** The JSON that the Worker's HTTP routes answer with. */
import type { Policy } from './genesis.ts'
import type { Refusal } from './refusal.ts'

/** `GET /n/:network` with `Accept: application/json`; a part of it is an item of `GET /networks`. */
export interface NetworkDescription {
  /** The plain name, or the label that the founder gave. Text from a stranger. */
  readonly name: string
  /** `net-` and 43 base64url characters. */
  readonly id: string
  readonly policy: Policy
  /** The room URL itself. */
  readonly url: string
  /** Members now, as the room last counted them; 0 when nobody has ever joined. */
  readonly members: number
  /** WebSocket URLs of Gun relays over which members go on when the host cannot be reached; absent in lists, and where there are none. */
  readonly gunRelays?: readonly string[]
  /** Of founded networks: what the founder says of it. Text from a stranger. */
  readonly description?: string
  /** Of founded networks: the founder's `siteId`. */
  readonly creator?: string
}

/** What `GET /n/:network` says of a founded network besides. Everything here can be checked: it hashes to the id, or is signed. */
export interface FoundedDescription extends NetworkDescription {
  /** base64url. */
  readonly genesis: string
  /** base64url; absent when nobody has been removed. */
  readonly revocations?: string
}

/** `GET /networks?query=…&after=…&limit=…`: public networks with somebody in them, the largest first. */
export interface NetworkList {
  readonly networks: readonly NetworkDescription[]
  /** Where the next page begins: the value for `after`. Absent on the last one. */
  readonly next?: string
}

/** `POST /n/:network/waiting`, body: a petition to `wait`. */
export interface WaitingAnswer {
  /** Approvals of this identity so far, base64url; whoever waits checks them. */
  readonly approvals: readonly string[]
}

/** `POST /n/:network/reviews`, body: an approver's petition to `review`. */
export interface ReviewAnswer {
  readonly waiting: readonly Applicant[]
}

/** Somebody who waits to be let in. Name and note are text from a stranger. */
export interface Applicant {
  /** `siteId`. */
  readonly member: string
  readonly name: string
  readonly note: string
  readonly sinceMs: number
  /** base64url. */
  readonly approvals: readonly string[]
}

/** In `welcome`, and the answer to `POST /n/:network/ice` with a ticket of purpose `ice` as the text body. */
export interface IceAnswer {
  /** As RTCPeerConnection takes them. */
  readonly iceServers: readonly IceServer[]
  /** When credentials end; absent when there are none. */
  readonly expiresAtMs?: number
}

export interface IceServer {
  readonly urls: string | readonly string[]
  readonly username?: string
  readonly credential?: string
}

/** What a host gave as ICE servers, or `undefined`. The engine judges their addresses. */
export function parseIceAnswer(value: unknown): IceAnswer | undefined {
  const { iceServers, expiresAtMs } = Object(value) as Partial<Record<keyof IceAnswer, unknown>>
  if (!Array.isArray(iceServers)) return undefined
  return { iceServers: iceServers as IceServer[], ...(typeof expiresAtMs === 'number' && { expiresAtMs }) }
}

/** Every HTTP error. */
export interface HttpError {
  readonly error: Refusal
}
