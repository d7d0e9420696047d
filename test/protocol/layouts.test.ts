/** Every binary layout of the wire keeps the same promises; the announcement's and ticket's further ones stand elsewhere. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAnnouncement, type Profile } from '../../protocol/announcement.ts'
import { fromBase64Url, textOf, toBase64Url, utf8, type Bytes } from '../../protocol/bytes.ts'
import { decodeEnvelope, decodeIntro, encodeEnvelope, encodeIntro, type Envelope } from '../../protocol/envelope.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/frame.ts'
import {
  ENVELOPE_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_CHAIN_BYTES,
  MAX_FRAME_BYTES,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_INTRO_ENVELOPE_BYTES,
  MAX_RELAY_ENVELOPE_BYTES,
  MAX_SIGNAL_ENVELOPE_BYTES,
  SEAL_OVERHEAD_BYTES,
} from '../../protocol/limits.ts'
import { peerIdText, type Core } from '../../protocol/peer-id.ts'
import { decodeSealed, encodeSealed, type SealHeader } from '../../protocol/seal.ts'
import {
  decodeBind,
  decodeCandidates,
  decodeDescription,
  encodeBind,
  encodeCandidates,
  encodeDescription,
  type BindSignal,
  type CandidateSignal,
  type DescriptionSignal,
} from '../../protocol/signal.ts'
import { bytesOf, isRefusal, LAYOUT_PROMISES, textOfAtMost, uintOf, type Layout } from './layout.ts'

const peer = bytesOf(16, 16).map(peerIdText)

const envelope: Layout<Envelope> = {
  content: fc.oneof(
    fc.record({ kind: fc.constant('signal' as const), home: uintOf(1), peer, body: bytesOf(0, 100) }),
    fc.record({ kind: fc.constant('relay' as const), home: uintOf(1), peer, body: bytesOf(0, 5_000) }),
    fc.record({ kind: fc.constant('intro' as const), home: uintOf(1), peer, body: bytesOf(0, 100) }),
    fc.record({ kind: fc.constant('who' as const), home: uintOf(1), peer, body: bytesOf(0, 0) }),
  ),
  encode: encodeEnvelope,
  decode: decodeEnvelope,
  everyTruncationRefused: false,
}

const intro: Layout<{ announcement: Bytes; sealed: Bytes }> = {
  content: fc.record({ announcement: bytesOf(0, 300), sealed: bytesOf(0, 300) }),
  encode: ({ announcement, sealed }) => encodeIntro(announcement, sealed),
  decode: decodeIntro,
  everyTruncationRefused: false,
}

const sealed: Layout<SealHeader & { ciphertext: Bytes }> = {
  content: fc.record({ incarnation: uintOf(4), counter: fc.maxSafeNat(), ciphertext: bytesOf(16, 300) }),
  encode: ({ ciphertext, ...header }) => encodeSealed(header, ciphertext),
  decode: decodeSealed,
  everyTruncationRefused: false,
}

const frame: Layout<Frame> = {
  content: fc.record({
    type: fc.constantFrom(
      ...(['data', 'ack', 'ping', 'pong', 'resume', 'bind', 'datagram', 'bye'] as const),
      ...(['offer', 'answer', 'ice-candidate', 'want-offer'] as const),
    ),
    flags: fc.integer({ min: 0, max: 15 }),
    stream: uintOf(2),
    seq: uintOf(4),
    ack: uintOf(4),
    creditKiB: uintOf(2),
    epoch: uintOf(2),
    payload: bytesOf(0, 300),
  }),
  encode: encodeFrame,
  decode: decodeFrame,
  everyTruncationRefused: false,
}

const iceText = fc.stringMatching(/^[A-Za-z0-9+/]{4,255}$/)
const candidates = fc.array(fc.stringMatching(/^candidate:[\x20-\x7e]{1,200}$/), { maxLength: 16 })

const description: Layout<DescriptionSignal> = {
  content: fc.record({
    attempt: uintOf(4),
    setup: fc.constantFrom('actpass', 'active', 'passive'),
    maxMessageBytes: uintOf(4),
    fingerprint: bytesOf(32, 32),
    ufrag: iceText,
    password: iceText,
    candidates,
  }),
  encode: encodeDescription,
  decode: decodeDescription,
  everyTruncationRefused: true,
}

const candidateSignal: Layout<CandidateSignal> = {
  content: fc.record({ attempt: uintOf(4), candidates }),
  encode: encodeCandidates,
  decode: decodeCandidates,
  everyTruncationRefused: true,
}

const bind: Layout<BindSignal> = {
  content: fc.record({ attempt: uintOf(4), mac: bytesOf(32, 32) }),
  encode: encodeBind,
  decode: decodeBind,
  everyTruncationRefused: true,
}

interface Announced {
  readonly core: Core
  readonly profile: Profile
  readonly signature: Bytes
}

const announcement: Layout<Announced> = {
  content: fc.record({
    core: fc.record({ identity: bytesOf(32, 32), session: bytesOf(32, 32), network: bytesOf(32, 32) }),
    profile: fc.record({
      rank: uintOf(1),
      rtc: fc.boolean(),
      issuedAtMs: uintOf(6),
      expiresAtMs: uintOf(6),
      name: textOfAtMost(64),
      capabilities: fc.array(textOfAtMost(32), { maxLength: 8 }),
      chain: fc.oneof(bytesOf(0, 50), bytesOf(MAX_CHAIN_BYTES, MAX_CHAIN_BYTES)),
    }),
    signature: bytesOf(64, 64),
  }),
  encode: announcementByHand,
  decode(bytes) {
    const decoded = decodeAnnouncement(bytes)
    return decoded && { core: decoded.core, profile: decoded.profile, signature: decoded.signature }
  },
  everyTruncationRefused: true,
}

/** The announcement's layout a second time, from its description: what signs is not what encodes here. */
function announcementByHand({ core, profile, signature }: Announced): Bytes {
  const big = (byteLength: number, value: number) => [
    ...Buffer.from(value.toString(16).padStart(2 * byteLength, '0'), 'hex'),
  ]
  const short = (text: string) => [...big(1, Buffer.byteLength(text)), ...Buffer.from(text)]
  const keys = [...core.identity, ...core.session, ...core.network]
  const times = [...big(6, profile.issuedAtMs), ...big(6, profile.expiresAtMs)]
  const words = [profile.capabilities.length, ...profile.capabilities.flatMap(short)]
  const chain = [...big(2, profile.chain.length), ...profile.chain]
  return new Uint8Array([
    1,
    ...keys,
    profile.rank,
    profile.rtc ? 1 : 0,
    ...times,
    ...short(profile.name),
    ...words,
    ...chain,
    ...signature,
  ])
}

/** Ties a layout's types together, so that layouts of different contents can stand in one list. */
function promisesOf<Content>(layout: Layout<Content>): [string, () => void][] {
  return LAYOUT_PROMISES.map(([promise, keeps]) => [promise, () => keeps(layout)])
}

describe.each([
  ['announcement', promisesOf(announcement)],
  ['envelope', promisesOf(envelope)],
  ['intro', promisesOf(intro)],
  ['sealed bytes', promisesOf(sealed)],
  ['frame', promisesOf(frame)],
  ['offer or answer', promisesOf(description)],
  ['ice-candidate', promisesOf(candidateSignal)],
  ['bind', promisesOf(bind)],
])('the layout of %s', (_name, promises) => {
  test.each(promises)('%s', (_promise, keeps) => {
    keeps()
  })
})

describe('sizes', () => {
  const kinds = [
    ['signal', MAX_SIGNAL_ENVELOPE_BYTES],
    ['relay', MAX_RELAY_ENVELOPE_BYTES],
    ['intro', MAX_INTRO_ENVELOPE_BYTES],
    ['who', ENVELOPE_HEADER_BYTES],
  ] as const

  test.each(kinds)('a %s envelope may have %i bytes and not one more', (kind, maxBytes) => {
    const ofLength = (length: number) => {
      const body = new Uint8Array(length - ENVELOPE_HEADER_BYTES)
      return decodeEnvelope(encodeEnvelope({ kind, home: 0, peer: peerIdText(new Uint8Array(16)), body }))
    }
    expect(ofLength(maxBytes)).toMatchObject({ kind })
    expect(ofLength(maxBytes + 1)).toBe('envelope-size')
  })

  test('an envelope says what is wrong with it', () => {
    expect(decodeEnvelope(new Uint8Array(ENVELOPE_HEADER_BYTES - 1))).toBe('envelope-truncated')
    expect(decodeEnvelope(new Uint8Array(ENVELOPE_HEADER_BYTES))).toBe('envelope-kind')
    expect(decodeEnvelope(new Uint8Array(ENVELOPE_HEADER_BYTES).fill(5, 0, 1))).toBe('envelope-kind')
  })

  test('a frame may have 16 KiB and not one byte more', () => {
    const base = { type: 'data', flags: 3, stream: 0, seq: 1, ack: 0, creditKiB: 1, epoch: 0 } as const
    const ofPayload = (length: number) => decodeFrame(encodeFrame({ ...base, payload: new Uint8Array(length) }))
    expect(ofPayload(MAX_FRAME_PAYLOAD_BYTES)?.payload.length).toBe(MAX_FRAME_BYTES - FRAME_HEADER_BYTES)
    expect(ofPayload(MAX_FRAME_PAYLOAD_BYTES + 1)).toBeUndefined()
  })

  test('a frame may be put together in memory that is used again, and is read without copying its payload', () => {
    const base = { type: 'data', flags: 3, stream: 0, seq: 1, ack: 0, creditKiB: 1, epoch: 0 } as const
    const memory = new Uint8Array(MAX_FRAME_BYTES).fill(255)
    const long = encodeFrame({ ...base, payload: utf8('a long payload') }, memory)
    expect(long).toEqual(encodeFrame({ ...base, payload: utf8('a long payload') }))
    const short = encodeFrame({ ...base, payload: utf8('a short one') }, memory)
    expect(short).toEqual(encodeFrame({ ...base, payload: utf8('a short one') }))
    expect(short.buffer).toBe(memory.buffer)
    expect(decodeFrame(short)?.payload.buffer).toBe(memory.buffer)
  })

  test('a frame of an unknown type or with an unknown flag is refused', () => {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES)
    for (let type = 0; type < 256; type++) {
      bytes[0] = type
      expect(isRefusal(decodeFrame(bytes))).toBe(type === 0 || type > 12)
    }
    bytes[0] = 1
    for (let flags = 0; flags < 256; flags++) {
      bytes[1] = flags
      expect(isRefusal(decodeFrame(bytes))).toBe(flags > 15)
    }
  })

  test('an intro holds no more than the largest announcement', () => {
    const of = (length: number) => decodeIntro(encodeIntro(new Uint8Array(length), new Uint8Array(SEAL_OVERHEAD_BYTES)))
    expect(of(MAX_ANNOUNCEMENT_BYTES)).toBeDefined()
    expect(of(MAX_ANNOUNCEMENT_BYTES + 1)).toBeUndefined()
  })

  test('sealed bytes hold at least a header and a tag, and a counter that is an exact number', () => {
    expect(decodeSealed(new Uint8Array(SEAL_OVERHEAD_BYTES))).toBeDefined()
    expect(decodeSealed(new Uint8Array(SEAL_OVERHEAD_BYTES - 1))).toBeUndefined()
    // 2^53 and 2^53 + 1 are the same number: two encodings would read alike.
    expect(decodeSealed(new Uint8Array(SEAL_OVERHEAD_BYTES).fill(0x20, 5, 6))).toBeUndefined()
  })
})

describe('signals', () => {
  const linesOf = (...lines: string[]) => decodeCandidates(encodeCandidates({ attempt: 1, candidates: lines }))
  const line = 'candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host generation 0 ufrag abcd'

  test('a candidate is one line of printable ASCII', () => {
    expect(linesOf(line)?.candidates).toEqual([line])
    for (const hidden of ['\r', '\n', '\r\n', '\0', '\t', '\u007f', '\u00a0', '\u2028']) {
      expect(linesOf(`${line}${hidden}`)).toBeUndefined()
      expect(linesOf(`${line}${hidden}a=mid:1`)).toBeUndefined()
      expect(linesOf(`${hidden}${line}`)).toBeUndefined()
    }
    expect(linesOf(`a=${line}`)).toBeUndefined()
    expect(linesOf('')).toBeUndefined()
  })

  test('at most 16 candidates of at most 512 bytes come in one signal', () => {
    expect(linesOf(...Array.from({ length: 16 }, () => line))?.candidates).toHaveLength(16)
    expect(linesOf(...Array.from({ length: 17 }, () => line))).toBeUndefined()
    expect(linesOf(`candidate:${'x'.repeat(502)}`)).toBeDefined()
    expect(linesOf(`candidate:${'x'.repeat(503)}`)).toBeUndefined()
  })

  test('credentials consist of ice-characters, so that they cannot add lines to a description', () => {
    const fields = { setup: 'actpass', maxMessageBytes: 1, fingerprint: new Uint8Array(32), ufrag: 'abcd' } as const
    const withPassword = (password: string) =>
      decodeDescription(encodeDescription({ ...fields, attempt: 1, password, candidates: [] }))
    expect(withPassword('a'.repeat(24))).toBeDefined()
    for (const bad of ['', 'abc', 'abcd\r\na=x', 'abcd\n', 'ab cd', 'abcdé']) expect(withPassword(bad)).toBeUndefined()
  })
})

test('base64url has one text for each byte string', () => {
  fc.assert(
    fc.property(bytesOf(0, 100), (bytes) => {
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
    }),
  )
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w-]{0,40}$/)), (text) => {
      const bytes = fromBase64Url(text)
      if (bytes) expect(toBase64Url(bytes)).toBe(text)
    }),
  )
  for (const refused of ['A', 'AB', 'AA==', 'A A', '+A', '/w', 'é', 'AA\n'])
    expect(fromBase64Url(refused)).toBeUndefined()
})

test('UTF-8 has one text for each byte string, a byte order mark included', () => {
  expect(textOf(utf8('\uFEFFAda'))).toBe('\uFEFFAda')
  fc.assert(
    fc.property(bytesOf(0, 40), (bytes) => {
      const text = textOf(bytes)
      if (text !== undefined) expect(utf8(text)).toEqual(bytes)
    }),
  )
  // Overlong, a surrogate, above U+10FFFF, cut short.
  for (const refused of [
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    expect(textOf(new Uint8Array(refused))).toBeUndefined()
  }
})
