/**
 * The payloads of `offer`, `answer` and `ice-candidate` frames. A session description travels as fields, not as text:
 * there is nothing to inject into, and it is a fifth of the size.
 *
 *     offer, answer:  attempt u32 · setup u8 · max message size u32 · fingerprint 32 · ufrag u8+ASCII · password u8+ASCII
 *                     · candidates
 *     ice-candidate:  attempt u32 · candidates
 *     candidates:     count u8 · (candidate u16+ASCII)*
 *     bind:           attempt u32 · MAC 32
 */
import type { Bytes } from './bytes.ts'
import { fixed, layout, list, oneOf, text, uint } from './layout.ts'

/** The DTLS role that a description asks for (RFC 5763 section 5). */
export type DtlsSetup = 'actpass' | 'active' | 'passive'
/** The place in the list is the code on the wire. */
export const SETUPS: readonly DtlsSetup[] = ['actpass', 'active', 'passive']

export interface DescriptionFields {
  readonly setup: DtlsSetup
  readonly maxMessageBytes: number
  /** SHA-256 of the DTLS certificate, 32 bytes. */
  readonly fingerprint: Bytes
  readonly ufrag: string
  readonly password: string
}

export interface DescriptionSignal extends DescriptionFields {
  /** Number of the attempt, chosen by the offerer and rising; signals of older attempts are dropped. */
  readonly attempt: number
  /** Candidate lines as WebRTC gives them, without `a=`. */
  readonly candidates: readonly string[]
}

export interface CandidateSignal {
  readonly attempt: number
  readonly candidates: readonly string[]
}

export interface BindSignal {
  readonly attempt: number
  readonly mac: Bytes
}

/** Hosts with many interfaces gather a dozen; more than this in one frame is somebody's experiment. */
export const MAX_CANDIDATES_PER_SIGNAL = 16
/** The longest real candidate line (IPv6, relay, extensions) has about 200 characters. */
const MAX_CANDIDATE_BYTES = 512
/** RFC 8839 section 5.4: both between 4 or 22 and 256 characters of ice-char. */
const ICE_CHARACTERS = /^[A-Za-z0-9+/]{4,255}$/
/** One line of printable ASCII: no way to smuggle a second line into a session description. */
const CANDIDATE_LINE = /^candidate:[\x20-\x7e]+$/

const CANDIDATES = list(text(2, MAX_CANDIDATE_BYTES, CANDIDATE_LINE), MAX_CANDIDATES_PER_SIGNAL)
const DESCRIPTION = layout<DescriptionSignal>({
  attempt: uint(4),
  setup: oneOf(SETUPS),
  maxMessageBytes: uint(4),
  fingerprint: fixed(32),
  ufrag: text(1, 255, ICE_CHARACTERS),
  password: text(1, 255, ICE_CHARACTERS),
  candidates: CANDIDATES,
})
const CANDIDATE = layout<CandidateSignal>({ attempt: uint(4), candidates: CANDIDATES })
const BIND = layout<BindSignal>({ attempt: uint(4), mac: fixed(32) })

export const { encode: encodeDescription, decode: decodeDescription } = DESCRIPTION
export const { encode: encodeCandidates, decode: decodeCandidates } = CANDIDATE
export const { encode: encodeBind, decode: decodeBind } = BIND
