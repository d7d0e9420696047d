import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Bytes } from '../../protocol/bytes.ts'
import { encodeEnvelope } from '../../protocol/envelope.ts'
import {
  ENVELOPE_HEADER_BYTES,
  MAX_CONTROL_CHARACTERS,
  MAX_INTRO_ENVELOPE_BYTES,
  MAX_RELAY_ENVELOPE_BYTES,
  MAX_SIGNAL_ENVELOPE_BYTES,
} from '../../protocol/limits.ts'
import { TargetLimits } from '../../worker/room-limits.ts'
import { join, newSession, type TestPeer } from './scenario.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Moves the room's clock; sockets and alarms of the platform keep theirs. */
function advanceClock(byMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs })
}

function sized(kind: number, byteLength: number): Bytes {
  const envelope = new Uint8Array(byteLength)
  envelope[0] = kind
  return envelope
}

describe('what no member should send gets a clear answer and costs no place', () => {
  const anyone = new Uint8Array(16)
  const bad: [string, string | Bytes, string][] = [
    ['an empty frame', new Uint8Array(0), 'envelope-truncated'],
    ['a header without its last byte', sized(1, ENVELOPE_HEADER_BYTES - 1), 'envelope-truncated'],
    ['an envelope of kind 0', sized(0, 100), 'envelope-kind'],
    ['an envelope of an unknown kind', sized(9, 100), 'envelope-kind'],
    ['a signal too large', sized(1, MAX_SIGNAL_ENVELOPE_BYTES + 1), 'envelope-size'],
    ['a relay envelope too large', sized(2, MAX_RELAY_ENVELOPE_BYTES + 1), 'envelope-size'],
    ['an intro too large', sized(3, MAX_INTRO_ENVELOPE_BYTES + 1), 'envelope-size'],
    ['a who with a body', sized(4, ENVELOPE_HEADER_BYTES + 1), 'envelope-size'],
    ['a megabyte', sized(2, 1_048_576), 'envelope-size'],
    ['no JSON', 'hello', 'control-malformed'],
    ['JSON that is no object', '7', 'control-malformed'],
    ['an unknown type', '{"type":"dance"}', 'control-unknown'],
    ['a request for more peers than there are in a page', '{"type":"peers","ids":[]}', 'control-malformed'],
    ['an announcement that is none', '{"type":"renew","announcement":"AAAA"}', 'announcement-malformed'],
    ['a text too long', JSON.stringify({ type: 'x'.repeat(MAX_CONTROL_CHARACTERS) }), 'control-too-large'],
  ]

  test.each(bad)('%s', async (_, message, code) => {
    const [ada, bob] = [await join('bad-input'), await join('bad-input')]
    ada.socket.send(message)
    expect(await ada.next('error')).toMatchObject({ code, hint: expect.stringMatching(/\.$/) })
    ada.send('signal', bob.peerId)
    expect(await bob.nextEnvelope()).toMatchObject({ peer: ada.peerId })
    expect(bob.all('error')).toEqual([])
  })

  test('an envelope to a peer that was never here is answered `gone`', async () => {
    const ada = await join('gone')
    const { peerId } = await newSession('gone')
    ada.send('signal', peerId)
    expect(await ada.next('gone')).toEqual({ type: 'gone', peerId })
    ada.socket.send(encodeEnvelope({ kind: 'who', home: 7, peer: peerId, body: anyone.slice(0, 0) }))
    expect(await ada.next('gone', 1)).toEqual({ type: 'gone', peerId })
  })
})

describe('a member that floods', () => {
  const FLOODS: [string, string, (peer: TestPeer, target: TestPeer) => void][] = [
    ['signals', 'signal', (peer, target) => peer.send('signal', target.peerId)],
    ['control messages', 'control', (peer) => peer.socket.send('{"type":"peers","sample":1}')],
    ['bad envelopes', 'control', (peer) => peer.socket.send(new Uint8Array(1))],
    ['tiny relay envelopes', 'relay', (peer, target) => peer.send('relay', target.peerId)],
  ]

  test.each(FLOODS)('with %s is told, then thrown out, and disturbs nobody else', async (name, scope, sendOne) => {
    const network = `flood-${name.replaceAll(' ', '-')}`
    const [flooder, target, bystander] = [await join(network), await join(network), await join(network)]
    while (flooder.all('limited').length === 0) {
      for (let i = 0; i < 200; i++) sendOne(flooder, target)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(flooder.all('limited')[0]).toMatchObject({ scope, retryAfterMs: expect.any(Number) })
    expect(flooder.closed).toBeUndefined()

    for (let i = 0; i < 8_000 && !flooder.closed; i++) sendOne(flooder, target)
    expect(await flooder.nextClose()).toEqual({ code: 4429, reason: 'flooding' })
    expect(flooder.all('error').at(-1)).toMatchObject({ code: 'flooding' })
    expect(flooder.all('limited').length).toBeLessThan(20)
    expect(await bystander.next('peer-left')).toMatchObject({ peerId: flooder.peerId, total: 2, lost: true })

    const before = target.envelopes.length
    bystander.send('signal', target.peerId)
    expect(await target.nextEnvelope(before)).toMatchObject({ peer: bystander.peerId })
    expect([...bystander.all('limited'), ...target.all('limited')]).toEqual([])
  })

  test('and heeds the answer goes on as before', async () => {
    const [ada, bob] = [await join('heeds'), await join('heeds')]
    const count = 600
    const body = new Uint8Array(16_000)
    for (let i = 0; i < count; i++) ada.send('relay', bob.peerId, body)
    const { retryAfterMs } = await ada.next('limited')
    await ada.settled()
    const arrived = bob.envelopes.length
    expect(arrived).toBeLessThan(count)
    advanceClock(retryAfterMs)
    ada.send('relay', bob.peerId, body)
    expect((await bob.nextEnvelope(arrived)).body).toEqual(body)
  })
})

test('a megabyte to a member that has not been heard of is the most it gets: then it is away', async () => {
  const [ada, bob, carol] = [await join('silent'), await join('silent'), await join('silent')]
  advanceClock(20_000)
  const body = new Uint8Array(16_000)
  for (let i = 0; i < 80; i++) ada.send('relay', bob.peerId, body)
  expect(await ada.next('away')).toEqual({ type: 'away', peerId: bob.peerId })
  await ada.settled()
  expect(bob.envelopes.length * 16_000).toBeLessThanOrEqual(1_048_576)
  // As soon as it says something, it is there again; and nobody else was affected.
  const before = bob.envelopes.length
  bob.send('signal', carol.peerId)
  await carol.nextEnvelope()
  ada.send('relay', bob.peerId, body)
  await bob.nextEnvelope(before)
})

test('many senders together cannot pour more over one member than its share', () => {
  const limits = new TargetLimits(0)
  let accepted = 0
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    // It answers all the time, so it is not away.
    if (limits.take(16_384, nowMs, () => nowMs) === 0) accepted += 16_384
  }
  const burst = 16 * 1_048_576
  expect(accepted).toBeLessThanOrEqual(burst + 4 * 1_048_576 * 10)
  expect(accepted).toBeGreaterThan(burst + 4 * 1_048_576 * 9)
})
