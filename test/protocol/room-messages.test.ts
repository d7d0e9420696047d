/** What peer and room say to each other in JSON, and what happens to everything else. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { FULL_LIST_PEERS, MAX_ANNOUNCEMENT_BYTES, MAX_CONTROL_CHARACTERS } from '../../protocol/limits.ts'
import { peerIdText } from '../../protocol/peer-id.ts'
import {
  BYE_TEXT,
  encodePeersRequest,
  encodeRenew,
  encodeRoomMessage,
  parsePeerMessage,
  parseRoomMessage,
  type PeersWanted,
  type RoomMessage,
  type WireRoomMessage,
} from '../../protocol/room-messages.ts'
import { bytesOf } from './layout.ts'

const peerId = bytesOf(16, 16).map(peerIdText)
const announcement = bytesOf(0, 200)
const listed = fc.record({ announcement })
const peers = fc.array(listed, { maxLength: FULL_LIST_PEERS })
const count = fc.maxSafeNat()
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const type = <Type extends string>(name: Type) => fc.constant(name)

const roomMessage: fc.Arbitrary<RoomMessage> = fc.oneof(
  fc.record({ type: type('welcome'), peerId, serverTimeMs: count, total: count, peers, resumed: fc.boolean() }),
  fc
    .record({ type: type('peer-list'), total: count, peers, cursor: optional(peerId) })
    .map(({ cursor, ...rest }) => (cursor === undefined ? rest : { ...rest, cursor })),
  fc.record({ type: type('peer-joined'), peer: listed, total: count, resumed: fc.boolean() }),
  fc
    .record({ type: type('peer-left'), peerId, total: count, lost: fc.boolean() })
    .map(({ lost, ...rest }) => (lost ? { ...rest, lost } : rest)),
  fc.record({
    type: type('limited'),
    scope: fc.constantFrom('control', 'signal', 'relay', 'target'),
    retryAfterMs: count,
  }),
  fc.record({ type: fc.constantFrom('away', 'gone'), peerId }),
  fc
    .record({
      type: type('error'),
      code: fc.constantFrom('flooding', 'room-full', 'ticket-clock'),
      message: fc.string(),
      hint: fc.string(),
      serverTimeMs: count,
      retryAfterMs: optional(count),
    })
    .map(({ retryAfterMs, ...rest }) => (retryAfterMs === undefined ? rest : { ...rest, retryAfterMs })),
)

/** The message as the room writes it: announcements as base64url texts. */
function wired(message: RoomMessage): WireRoomMessage {
  const asTexts = (_key: string, value: unknown) =>
    value instanceof Uint8Array ? toBase64Url(new Uint8Array(value)) : value
  return JSON.parse(JSON.stringify(message, asTexts)) as WireRoomMessage
}

const wanted: fc.Arbitrary<PeersWanted> = fc.oneof(
  fc.record({ sample: fc.integer({ min: 1, max: FULL_LIST_PEERS }) }),
  fc.record({ cursor: fc.oneof(fc.constant(''), peerId) }),
  fc.record({ ids: fc.array(peerId, { minLength: 1, maxLength: FULL_LIST_PEERS }) }),
)

/** Values under the names that the parsers look at: nearly right is worse than random. */
const nearMiss = fc.dictionary(
  fc.constantFrom(
    'type',
    'peerId',
    'peers',
    'peer',
    'total',
    'serverTimeMs',
    'resumed',
    'cursor',
    'scope',
    'retryAfterMs',
    'code',
    'message',
    'hint',
    'sample',
    'ids',
    'announcement',
    '__proto__',
    'constructor',
    'toString',
  ),
  fc.oneof(
    fc.constantFrom('welcome', 'peer-list', 'peer-joined', 'peer-left', 'limited', 'error', 'peers', 'renew', 'bye'),
    fc.jsonValue({ maxDepth: 3 }),
    peerId,
  ),
)
const hostileText = fc.oneof(
  fc.string(),
  fc.json(),
  nearMiss.map((fields) => JSON.stringify(fields)),
)

describe('what the room says', () => {
  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(roomMessage, (message) => {
        expect(parseRoomMessage(encodeRoomMessage(wired(message)))).toEqual(message)
      }),
    )
  })

  test('in any other form is ignored without throwing', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const message = parseRoomMessage(text)
        // What is understood means the same when it is said again.
        if (message) expect(parseRoomMessage(encodeRoomMessage(wired(message)))).toEqual(message)
      }),
      { numRuns: 1_000 },
    )
  })

  const id = peerIdText(new Uint8Array(16))
  const welcome = { type: 'welcome', peerId: id, serverTimeMs: 1, total: 1, peers: [], resumed: false }
  const inOneList = (length: number) => Array.from({ length }, () => ({ announcement: '' }))

  test('is taken with as many peers as a list may have, and not with more', () => {
    expect(parseRoomMessage(JSON.stringify({ ...welcome, peers: inOneList(FULL_LIST_PEERS) }))).toBeDefined()
    expect(parseRoomMessage(JSON.stringify({ ...welcome, peers: inOneList(FULL_LIST_PEERS + 1) }))).toBeUndefined()
  })

  test.each([
    ['a fractional total', { total: 1.5 }],
    ['a negative total', { total: -1 }],
    ['a total that is no exact number', { total: 2 ** 53 }],
    ['a total in text', { total: '1' }],
    ['a peer id that is none', { peerId: 'x' }],
    ['peers that are no list', { peers: {} }],
    ['a peer without announcement', { peers: [{}] }],
    ['a peer that is null', { peers: [null] }],
    ['an announcement that is not base64url', { peers: [{ announcement: '=' }] }],
    ['an announcement above its limit', { peers: [{ announcement: 'A'.repeat(MAX_ANNOUNCEMENT_BYTES * 2) }] }],
  ])('is not taken with %s', (_what, change) => {
    expect(parseRoomMessage(JSON.stringify(welcome))).toBeDefined()
    expect(parseRoomMessage(JSON.stringify({ ...welcome, ...change }))).toBeUndefined()
  })

  test('may carry refusals that this client does not know yet', () => {
    const refusal = { type: 'error', code: 'a-newer-code', message: 'm', hint: 'h', serverTimeMs: 1 }
    expect(parseRoomMessage(JSON.stringify(refusal))).toEqual(refusal)
  })
})

describe('what a peer says', () => {
  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(wanted, (want) => {
        expect(parsePeerMessage(encodePeersRequest(want))).toEqual({ type: 'peers', want })
      }),
    )
    fc.assert(
      fc.property(announcement, (bytes) => {
        expect(parsePeerMessage(encodeRenew(toBase64Url(bytes)))).toEqual({ type: 'renew', announcement: bytes })
      }),
    )
    expect(parsePeerMessage(BYE_TEXT)).toEqual({ type: 'bye' })
  })

  test('in any other form is answered without throwing', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const message = parsePeerMessage(text)
        if (typeof message === 'string') expect(message).toMatch(/^control-(malformed|unknown)$/)
        else expect(message.type).toMatch(/^(peers|renew|bye)$/)
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['no JSON', '{', 'control-malformed'],
    ['no object', '1', 'control-malformed'],
    ['null', 'null', 'control-malformed'],
    ['an unknown type', '{"type":"shout"}', 'control-unknown'],
    ['a type from the prototype', '{"__proto__":{"type":"bye"}}', 'control-unknown'],
    ['a request for nothing', '{"type":"peers"}', 'control-malformed'],
    ['a sample of none', '{"type":"peers","sample":0}', 'control-malformed'],
    ['a cursor that is no peer id', '{"type":"peers","cursor":"x"}', 'control-malformed'],
    ['an id that is none', '{"type":"peers","ids":["x"]}', 'control-malformed'],
    ['no ids', '{"type":"peers","ids":[]}', 'control-malformed'],
    ['a renewal with nothing', '{"type":"renew"}', 'control-malformed'],
    ['a renewal that is not base64url', '{"type":"renew","announcement":"a b"}', 'control-malformed'],
  ])('is told apart when it is %s', (_what, text, fault) => {
    expect(parsePeerMessage(text)).toBe(fault)
  })

  test('never gets more than a full list', () => {
    const want = { sample: FULL_LIST_PEERS }
    expect(parsePeerMessage('{"type":"peers","sample":1000000}')).toEqual({ type: 'peers', want })
    const ids = Array.from({ length: FULL_LIST_PEERS + 1 }, () => peerIdText(new Uint8Array(16)))
    expect(parsePeerMessage(encodePeersRequest({ ids }))).toBe('control-malformed')
  })

  test('fits the limit on control messages at its largest', () => {
    const largest = new Uint8Array(MAX_ANNOUNCEMENT_BYTES)
    const renew = encodeRenew(toBase64Url(largest))
    expect(renew.length).toBeLessThanOrEqual(MAX_CONTROL_CHARACTERS)
    expect(parsePeerMessage(renew)).toEqual({ type: 'renew', announcement: largest })
    expect(parsePeerMessage(encodeRenew(toBase64Url(new Uint8Array(MAX_ANNOUNCEMENT_BYTES + 1))))).toBe(
      'control-malformed',
    )
    const ids = Array.from({ length: FULL_LIST_PEERS }, () => peerIdText(new Uint8Array(16)))
    expect(encodePeersRequest({ ids }).length).toBeLessThanOrEqual(MAX_CONTROL_CHARACTERS)
  })
})
