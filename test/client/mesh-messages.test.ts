/** What members of a mesh say to each other keeps the promises of every layout of the wire, and its bounds. */
import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  MAX_ALTERNATIVES,
  MAX_GOSSIP_BYTES,
  MAX_IDS,
  MAX_SHUFFLED_MEMBERS,
  MESSAGE_ID_BYTES,
} from '../../client/mesh/limits.ts'
import {
  decodeMessage,
  encodeMessage,
  identified,
  withHops,
  type Bodies,
  type Gossip,
  type Kind,
  type MeshMessage,
} from '../../client/mesh/messages.ts'
import { MAX_ANNOUNCEMENT_BYTES, MAX_RELAY_ENVELOPE_BYTES } from '../../protocol/limits.ts'
import { peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import { bytesOf, LAYOUT_PROMISES, uintOf, type Layout } from '../protocol/layout.ts'

const member = fc.record({ announcement: bytesOf(0, 300), ageS: uintOf(2) })
const peer = bytesOf(16, 16).map(peerIdText)
const alternatives = fc.record({ members: fc.array(member, { maxLength: MAX_ALTERNATIVES }) })
const shuffle = fc.record({ degree: uintOf(1), members: fc.array(member, { maxLength: MAX_SHUFFLED_MEMBERS }) })
const ids = fc.array(bytesOf(MESSAGE_ID_BYTES, MESSAGE_ID_BYTES), { maxLength: 8 })
const gossip: fc.Arbitrary<Gossip> = fc.record({
  topic: uintOf(1),
  hops: uintOf(1),
  origin: bytesOf(16, 16),
  number: uintOf(6),
  payload: bytesOf(0, 300),
})

const BODIES: { readonly [K in Kind]: fc.Arbitrary<Bodies[K]> } = {
  mesh_neighbour: fc.record({ degree: uintOf(1), isUrgent: fc.boolean() }),
  mesh_accept: fc.record({ degree: uintOf(1) }),
  mesh_refuse: alternatives,
  mesh_part: alternatives,
  mesh_shuffle: shuffle,
  mesh_shuffle_reply: shuffle,
  mesh_gossip: gossip,
  mesh_have: fc.record({ ids }),
  mesh_graft: fc.record({ isPush: fc.boolean(), ids }),
  mesh_prune: fc.constant({}),
  mesh_carry: fc.record({
    id: bytesOf(8, 8),
    from: peer,
    to: peer,
    hops: uintOf(1),
    kind: fc.constantFrom('signal' as const, 'relay' as const, 'intro' as const, 'who' as const),
    body: bytesOf(0, 300),
  }),
  mesh_lost: fc.record({ id: bytesOf(8, 8), from: peer, to: peer }),
}

/** The last field of these is "the rest". */
const OPEN_ENDED: readonly Kind[] = ['mesh_gossip', 'mesh_carry']

function layoutOf(kind: Kind): Layout<MeshMessage> {
  return {
    content: BODIES[kind].map((body) => ({ kind, body }) as MeshMessage),
    encode: (message) => encodeMessage(message.kind, message.body),
    decode: decodeMessage,
    everyTruncationRefused: !OPEN_ENDED.includes(kind),
  }
}

describe.each(Object.keys(BODIES) as Kind[])('a %s', (kind) => {
  test.each(LAYOUT_PROMISES)('%s', (_name, promise) => promise(layoutOf(kind)))
})

const ZERO_ID: PeerId = peerIdText(new Uint8Array(16))
const zeros = (length: number) => new Uint8Array(length)
const told = (count: number, bytes = 1) =>
  Array.from({ length: count }, () => ({ announcement: zeros(bytes), ageS: 0 }))
const word: Gossip = { topic: 1, hops: 0, origin: zeros(16), number: 0, payload: zeros(0) }
const carry: Bodies['mesh_carry'] = {
  id: zeros(8),
  from: ZERO_ID,
  to: ZERO_ID,
  hops: 0,
  kind: 'relay',
  body: zeros(0),
}

describe('a message beyond its bounds is none', () => {
  const most = Array.from({ length: MAX_IDS }, () => zeros(MESSAGE_ID_BYTES))
  const room = MAX_RELAY_ENVELOPE_BYTES + 64 - encodeMessage('mesh_carry', carry).length

  it.each([
    ['members of a shuffle', (more: number) => encodeMessage('mesh_shuffle', { degree: 0, members: told(8 + more) })],
    ['members of a refusal', (more: number) => encodeMessage('mesh_refuse', { members: told(4 + more) })],
    [
      'bytes of an announcement',
      (more: number) => encodeMessage('mesh_part', { members: told(1, MAX_ANNOUNCEMENT_BYTES + more) }),
    ],
    [
      'bytes to everybody',
      (more: number) => encodeMessage('mesh_gossip', { ...word, payload: zeros(MAX_GOSSIP_BYTES + more) }),
    ],
    ['bytes carried', (more: number) => encodeMessage('mesh_carry', { ...carry, body: zeros(room + more) })],
  ])('%s', (_what, encode) => {
    expect(decodeMessage(encode(0))).toBeDefined()
    // Whatever cannot be encoded cannot be sent either.
    expect(attempt(() => decodeMessage(encode(1)))).toBeUndefined()
  })

  it('as many ids as a byte counts', () => {
    expect(decodeMessage(encodeMessage('mesh_have', { ids: most }))).toEqual({ kind: 'mesh_have', body: { ids: most } })
  })

  it('kinds that do not exist', () => {
    for (const kind of [0, 13, 255]) expect(decodeMessage(Uint8Array.of(kind))).toBeUndefined()
    expect(decodeMessage(zeros(0))).toBeUndefined()
  })
})

test('what a message is known by changes with all of it, but not on its way', () => {
  fc.assert(
    fc.property(gossip, uintOf(1), fc.nat(), fc.integer({ min: 1, max: 255 }), (said, hops, place, difference) => {
      const bytes = encodeMessage('mesh_gossip', said)
      expect(identified(withHops(bytes, hops))).toEqual(identified(bytes))
      expect(decodeMessage(withHops(bytes, hops))).toEqual({ kind: 'mesh_gossip', body: { ...said, hops } })
      const at = 3 + (place % (bytes.length - 3))
      const other = bytes.slice()
      other[at] = (other[at] ?? 0) ^ difference
      expect(identified(other)).not.toEqual(identified(bytes))
    }),
  )
})

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
