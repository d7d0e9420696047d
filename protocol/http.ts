/** The JSON that the Worker's HTTP routes answer with. */
import type { Refusal } from './refusal.ts'

/** `GET /n/:network` with `Accept: application/json`. */
export interface NetworkDescription {
  /** The plain name. */
  readonly name: string
  /** `net-` and 43 base64url characters. */
  readonly id: string
  readonly policy: 'public'
  /** The room URL itself. */
  readonly url: string
  /** Members now, as the room last counted them; 0 when nobody has ever joined. */
  readonly members: number
}

/** `GET /networks`. */
export interface NetworkList {
  readonly networks: readonly NetworkDescription[]
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
