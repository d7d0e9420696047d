/** Who is believed: announcements and tickets, and everything that makes them worthless. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAnnouncement, proveAnnouncement } from '../../protocol/announcement.ts'
import { fromBase64Url, toBase64Url } from '../../protocol/bytes.ts'
import { verifySignature } from '../../protocol/hash.ts'
import {
  MAX_ANNOUNCEMENT_AGE_MS,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_TICKET_CHARACTERS,
  TICKET_CLOCK_TOLERANCE_MS,
} from '../../protocol/limits.ts'
import { isPlainName, networkIdOfName } from '../../protocol/network.ts'
import { parsePeerId, peerIdBytes, peerIdOf, peerIdText } from '../../protocol/peer-id.ts'
import { decodeTicket, ticketIsSigned } from '../../protocol/ticket.ts'
import { announce, fixedCore, HOST, HOUR_MS, ISSUED_AT_MS, PROFILE, signFixed, ticket } from './fixed-keys.ts'
import { bytesOf } from './layout.ts'

const core = await fixedCore()
const prove = (bytes: Uint8Array<ArrayBuffer>, nowMs = ISSUED_AT_MS + HOUR_MS) =>
  proveAnnouncement(bytes, core.network, nowMs)

describe('an announcement', () => {
  test('proves the peer id of its core', async () => {
    const proven = await prove(await announce())
    expect(proven).toMatchObject({ peerId: await peerIdOf(core), profile: PROFILE })
  })

  test.each(['identity', 'session', 'network'] as const)('gives another peer id for another %s', async (part) => {
    const other = { ...core, [part]: core[part].map((byte, i) => (i === 31 ? byte ^ 1 : byte)) }
    expect(await peerIdOf(other)).not.toBe(await peerIdOf(core))
  })

  test('is worthless with any byte changed', async () => {
    const genuine = await announce()
    const change = fc.tuple(fc.nat({ max: genuine.length - 1 }), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(change, async ([at, difference]) => {
        const bytes = new Uint8Array(genuine)
        bytes[at] = (bytes[at] ?? 0) ^ difference
        expect(typeof (await prove(bytes))).toBe('string')
      }),
      { numRuns: 300 },
    )
  })

  test('signed by somebody else is refused', async () => {
    const bytes = await announce({}, { identity: new Uint8Array(32).fill(9) })
    expect(await prove(bytes)).toBe('announcement-signature')
  })

  test('of another network is refused', async () => {
    const bytes = await announce({}, { network: await networkIdOfName('testnet') })
    expect(await prove(bytes)).toBe('announcement-network')
  })

  test('holds until it expires', async () => {
    const bytes = await announce()
    expect(await prove(bytes, PROFILE.expiresAtMs - 1)).toHaveProperty('peerId')
    expect(await prove(bytes, PROFILE.expiresAtMs)).toBe('announcement-expired')
  })

  test('may be from the near future, for the sake of clocks, and from no other', async () => {
    const bytes = await announce()
    expect(await prove(bytes, ISSUED_AT_MS - TICKET_CLOCK_TOLERANCE_MS)).toHaveProperty('peerId')
    expect(await prove(bytes, ISSUED_AT_MS - TICKET_CLOCK_TOLERANCE_MS - 1)).toBe('announcement-expired')
  })

  test('lives for at most a day', async () => {
    const lasting = (ms: number) => announce({ expiresAtMs: ISSUED_AT_MS + ms })
    expect(await prove(await lasting(MAX_ANNOUNCEMENT_AGE_MS))).toHaveProperty('peerId')
    expect(await prove(await lasting(MAX_ANNOUNCEMENT_AGE_MS + 1))).toBe('announcement-expired')
  })

  test.each([
    ['a name above 64 bytes', { name: 'x'.repeat(65) }],
    ['nine capabilities', { capabilities: Array.from({ length: 9 }, () => 'x') }],
    ['a capability above 32 bytes', { capabilities: ['x'.repeat(33)] }],
    ['a chain above 2 KiB', { chain: new Uint8Array(2_049) }],
  ])('with %s is malformed', async (_what, profile) => {
    expect(await prove(await announce(profile))).toBe('announcement-malformed')
  })

  test('with everything at its largest fits', async () => {
    const bytes = await announce({
      name: 'x'.repeat(64),
      capabilities: Array.from({ length: 8 }, () => 'y'.repeat(32)),
      chain: new Uint8Array(2_048),
    })
    expect(bytes.length).toBeLessThanOrEqual(MAX_ANNOUNCEMENT_BYTES)
    expect(await prove(bytes)).toHaveProperty('peerId')
  })

  test('with a name that is not UTF-8, of a later version or with a third truth value is malformed', async () => {
    const genuine = await announce()
    const changed = (at: number, value: number) => {
      const bytes = new Uint8Array(genuine)
      bytes[at] = value
      return decodeAnnouncement(bytes)
    }
    const rtcAt = 1 + 96 + 1
    const nameAt = rtcAt + 1 + 12 + 1
    expect(changed(0, 1)).toBeDefined()
    expect(changed(0, 2)).toBeUndefined()
    expect(changed(rtcAt, 2)).toBeUndefined()
    expect(changed(nameAt, 0xff)).toBeUndefined()
  })

  test('larger than the limit is refused unread', () => {
    expect(decodeAnnouncement(new Uint8Array(MAX_ANNOUNCEMENT_BYTES + 1))).toBeUndefined()
  })
})

describe('a ticket', () => {
  test.each(['join', 'ice'] as const)('for %s carries what was signed', async (purpose) => {
    const decoded = decodeTicket(await ticket(purpose))
    expect(decoded).toMatchObject({ purpose, host: HOST, issuedAtMs: ISSUED_AT_MS })
    expect(decoded?.announcement.bytes).toEqual(await announce())
    expect(decoded && (await ticketIsSigned(decoded))).toBe(true)
  })

  test('is worthless with any byte changed, missing or added', async () => {
    const genuine = fromBase64Url(await ticket('join')) ?? new Uint8Array(0)
    const believed = async (bytes: Uint8Array<ArrayBuffer>) => {
      const decoded = decodeTicket(toBase64Url(bytes))
      return decoded !== undefined && (await ticketIsSigned(decoded))
    }
    expect(await believed(genuine)).toBe(true)
    for (let length = 0; length < genuine.length; length++) expect(await believed(genuine.slice(0, length))).toBe(false)
    expect(await believed(new Uint8Array([...genuine, 0]))).toBe(false)
    const change = fc.tuple(fc.nat({ max: genuine.length - 1 }), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(change, async ([at, difference]) => {
        const bytes = new Uint8Array(genuine)
        bytes[at] = (bytes[at] ?? 0) ^ difference
        expect(await believed(bytes)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  test('is not a signature of an announcement, nor the other way round', async () => {
    const decoded = decodeTicket(await ticket('join'))
    if (!decoded) throw new Error('the fixed ticket does not decode')
    const body = decoded.bytes.slice(0, -64)
    expect(await verifySignature(core.identity, await signFixed(body), body)).toBe(true)
    expect(await ticketIsSigned({ ...decoded, signature: await signFixed(body) })).toBe(false)
  })

  test('above 4 KiB is refused before decoding', () => {
    expect(decodeTicket('A'.repeat(MAX_TICKET_CHARACTERS + 1))).toBeUndefined()
  })

  test('of any text or bytes never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), bytesOf(0, 400).map(toBase64Url)), (text) => {
        expect(decodeTicket(text)).toBeUndefined()
      }),
    )
  })
})

describe('a signature', () => {
  test('by a key that is none verifies nothing', async () => {
    const message = new Uint8Array(1)
    for (const length of [0, 31, 33]) {
      expect(await verifySignature(new Uint8Array(length), await signFixed(message), message)).toBe(false)
    }
    expect(await verifySignature(new Uint8Array(32).fill(0xff), await signFixed(message), message)).toBe(false)
    expect(await verifySignature(core.identity, new Uint8Array(63), message)).toBe(false)
  })
})

describe('a peer id', () => {
  test('is 16 bytes in 22 characters, one text for each', () => {
    fc.assert(
      fc.property(bytesOf(16, 16), (bytes) => {
        const text = peerIdText(bytes)
        expect(parsePeerId(text)).toBe(text)
        expect(peerIdBytes(text)).toEqual(bytes)
      }),
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{22}$/), (text) => {
        const id = parsePeerId(text)
        if (id) expect(peerIdText(peerIdBytes(id))).toBe(text)
      }),
    )
  })

  test('is refused in any other form', () => {
    for (const other of [undefined, null, 1, {}, [], '', 'A'.repeat(21), 'A'.repeat(23), `${'A'.repeat(21)}B`]) {
      expect(parsePeerId(other)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const id = parsePeerId(value)
        expect(id === undefined || id === value).toBe(true)
      }),
    )
  })
})

describe('a plain name', () => {
  test('reads like a DNS label', () => {
    for (const name of ['mainnet', 'a', '7', 'my-team-2', 'x'.repeat(63)]) expect(isPlainName(name)).toBe(true)
  })

  test('is refused in any other form', () => {
    const refused = [
      '',
      '-a',
      'a-',
      'Main',
      'a_b',
      'a.b',
      'a b',
      'é',
      'a\n',
      'x'.repeat(64),
      '__proto__',
      '%61',
      '../a',
    ]
    for (const name of refused) expect(isPlainName(name)).toBe(false)
  })

  test('never looks like a network id', () => {
    expect(isPlainName('net-a')).toBe(false)
    expect(isPlainName('net')).toBe(true)
  })

  test('has an id of its own', async () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,20}$/)
    await fc.assert(
      fc.asyncProperty(label, label, async (a, b) => {
        const same = toBase64Url(await networkIdOfName(a)) === toBase64Url(await networkIdOfName(b))
        expect(same).toBe(a === b)
      }),
    )
  })
})
