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
import { ByteReader, ByteWriter, textOf, utf8, type Bytes } from './bytes.ts'

/** The DTLS role that a description asks for (RFC 5763 section 5). */
export type DtlsSetup = 'actpass' | 'active' | 'passive'

export interface DescriptionFields {
  readonly setup: DtlsSetup
  readonly maxMessageBytes: number
  /** SHA-256 of the DTLS certificate, 32 bytes. */
  readonly fingerprint: Bytes
  readonly ufrag: string
  readonly password: string
}

export interface DescriptionSignal {
  /** Number of the attempt, chosen by the offerer and rising; signals of older attempts are dropped. */
  readonly attempt: number
  readonly description: DescriptionFields
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
const SETUPS: readonly DtlsSetup[] = ['actpass', 'active', 'passive']
const FINGERPRINT_BYTES = 32
const MAC_BYTES = 32

export function encodeDescription({ attempt, description, candidates }: DescriptionSignal): Bytes {
  const writer = new ByteWriter()
    .uint(4, attempt)
    .uint(1, SETUPS.indexOf(description.setup))
    .uint(4, description.maxMessageBytes)
    .bytes(description.fingerprint)
    .sized(1, utf8(description.ufrag))
    .sized(1, utf8(description.password))
  return writeCandidates(writer, candidates).done()
}

export function decodeDescription(payload: Bytes): DescriptionSignal | undefined {
  const reader = new ByteReader(payload)
  const attempt = reader.uint(4)
  const setup = SETUPS[reader.uint(1)]
  const maxMessageBytes = reader.uint(4)
  const fingerprint = reader.bytes(FINGERPRINT_BYTES)
  const ufrag = textOf(reader.sized(1, 255))
  const password = textOf(reader.sized(1, 255))
  const candidates = readCandidates(reader)
  if (!reader.finished() || !setup || !ufrag || !password || !candidates) return undefined
  if (!ICE_CHARACTERS.test(ufrag) || !ICE_CHARACTERS.test(password)) return undefined
  return { attempt, description: { setup, maxMessageBytes, fingerprint, ufrag, password }, candidates }
}

export function encodeCandidates({ attempt, candidates }: CandidateSignal): Bytes {
  return writeCandidates(new ByteWriter().uint(4, attempt), candidates).done()
}

export function decodeCandidates(payload: Bytes): CandidateSignal | undefined {
  const reader = new ByteReader(payload)
  const attempt = reader.uint(4)
  const candidates = readCandidates(reader)
  return reader.finished() && candidates ? { attempt, candidates } : undefined
}

export function encodeBind({ attempt, mac }: BindSignal): Bytes {
  return new ByteWriter().uint(4, attempt).bytes(mac).done()
}

export function decodeBind(payload: Bytes): BindSignal | undefined {
  const reader = new ByteReader(payload)
  const bind = { attempt: reader.uint(4), mac: reader.bytes(MAC_BYTES) }
  return reader.finished() ? bind : undefined
}

function writeCandidates(writer: ByteWriter, candidates: readonly string[]): ByteWriter {
  writer.uint(1, candidates.length)
  for (const candidate of candidates) writer.sized(2, utf8(candidate))
  return writer
}

function readCandidates(reader: ByteReader): string[] | undefined {
  const count = reader.uint(1)
  if (count > MAX_CANDIDATES_PER_SIGNAL) return undefined
  const candidates: string[] = []
  for (let i = 0; i < count; i++) {
    const candidate = textOf(reader.sized(2, MAX_CANDIDATE_BYTES))
    if (!candidate || !CANDIDATE_LINE.test(candidate)) return undefined
    candidates.push(candidate)
  }
  return candidates
}
