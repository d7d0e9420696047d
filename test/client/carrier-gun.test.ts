/** The parts of the Gun carrier that need no relay: what stands in a record, where, how often, and what is believed. */
import * as fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Freshness } from '../../client/carrier/gun/freshness.ts'
import type { GunGraph } from '../../client/carrier/gun/gun-graph.ts'
import { gunCarrier, type GunCarrierOptions } from '../../client/carrier/gun/index.ts'
import {
  BUCKET_MS,
  CLOCK_TOLERANCE_MS,
  MAIL_BURST,
  MAIL_LIFE_MS,
  MAIL_PER_SECOND,
  MAX_GUN_MESSAGE_CHARACTERS,
  MAX_KNOWN_SLOTS,
  MAX_QUEUED_ENVELOPES,
  MAX_RECORD_CHARACTERS,
  PRESENCE_LIFE_MS,
  SLOT_HOLD_MS,
  SLOTS_PER_PAIR,
} from '../../client/carrier/gun/limits.ts'
import { Outbox, type Letter } from '../../client/carrier/gun/outbox.ts'
import { AnnouncePace } from '../../client/carrier/gun/pace.ts'
import { readGunMessage } from '../../client/carrier/gun/read-message.ts'
import { bucketsAround, isCurrent, Records, type GunRecord } from '../../client/carrier/gun/records.ts'
import { Relay } from '../../client/carrier/gun/relay.ts'
import { MAX_SIGNAL_ENVELOPE_BYTES } from '../../protocol/limits.ts'
import { peerIdText, type PeerId } from '../../protocol/peer-id.ts'

const HOUR_MS = 3_600_000
const ADA = peerOf(1)
const BOB = peerOf(2)
const NOW_MS = Date.UTC(2026, 5, 1, 12, 30)
const HELLO: GunRecord = { kind: 'signal', from: ADA, issuedAtMs: NOW_MS, body: new Uint8Array([1, 2, 3]) }

function peerOf(seed: number): PeerId {
  return peerIdText(new Uint8Array(16).fill(seed))
}

describe('records', () => {
  let records: Records
  let others: Records
  beforeAll(async () => {
    records = await Records.of(new Uint8Array(32).fill(7))
    others = await Records.of(new Uint8Array(32).fill(8))
  })

  it('open where they were written, whatever they carry', async () => {
    const place = await records.mailPlace(ADA, BOB, 0, 1)
    const most = MAX_SIGNAL_ENVELOPE_BYTES
    for (const length of [0, 1, 1_000, most]) {
      const record = { ...HELLO, body: new Uint8Array(length).fill(5) }
      const text = await records.seal(place, record)
      expect(text.length).toBeLessThanOrEqual(MAX_RECORD_CHARACTERS)
      expect(await records.open(place, text)).toEqual(record)
    }
  })

  it('open nowhere else: not in another slot, hour, mailbox or network', async () => {
    const place = await records.mailPlace(ADA, BOB, 0, 1)
    const text = await records.seal(place, HELLO)
    const elsewhere = await Promise.all([
      records.mailPlace(ADA, BOB, 1, 1),
      records.mailPlace(ADA, BOB, 0, 2),
      records.mailPlace(BOB, ADA, 0, 1),
      records.presencePlace(ADA, 1),
    ])
    for (const other of elsewhere) expect(await records.open(other, text)).toBeUndefined()
    expect(await others.open(place, text)).toBeUndefined()
  })

  it('do not open once a character is changed, missing or added', async () => {
    const place = await records.presencePlace(ADA, 1)
    const text = await records.seal(place, HELLO)
    for (let i = 0; i < text.length; i++) {
      const other = text[i] === 'A' ? 'B' : 'A'
      expect(await records.open(place, text.slice(0, i) + other + text.slice(i + 1))).toBeUndefined()
    }
    for (const damaged of ['', text.slice(1), `${text}A`, `${text}=`]) {
      expect(await records.open(place, damaged)).toBeUndefined()
    }
  })

  it('stand under names that differ by network, hour, peer and slot, and show none of them', async () => {
    const names = await Promise.all([
      records.presenceSoul(1),
      records.presenceSoul(2),
      others.presenceSoul(1),
      records.mailboxSoul(ADA, 1),
      records.mailboxSoul(BOB, 1),
      ...[0, 1].map(async (ring) => (await records.mailPlace(ADA, BOB, ring, 1)).slot),
      records.mailPlace(BOB, ADA, 0, 1).then(({ slot }) => slot),
      records.presencePlace(ADA, 1).then(({ slot }) => slot),
    ])
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[\w-]{22}$/)
    expect(names.some((name) => name.includes(ADA))).toBe(false)
  })

  it('are current within their life, by clocks that differ as much as they may', () => {
    for (const [kind, lifeMs] of [
      ['presence', PRESENCE_LIFE_MS],
      ['answer', PRESENCE_LIFE_MS],
      ['who', MAIL_LIFE_MS],
    ] as const) {
      const holds = (ageMs: number) => isCurrent({ kind, issuedAtMs: NOW_MS - ageMs }, NOW_MS)
      expect([0, -CLOCK_TOLERANCE_MS, lifeMs].map(holds)).toEqual([true, true, true])
      expect([-CLOCK_TOLERANCE_MS - 1, lifeMs + CLOCK_TOLERANCE_MS].map(holds)).toEqual([false, false])
    }
  })

  it('are listened to in every hour that a clock within the tolerance may show', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 45), fc.integer({ min: -CLOCK_TOLERANCE_MS, max: CLOCK_TOLERANCE_MS }), (time, skew) => {
        const nowMs = time + HOUR_MS
        expect(bucketsAround(nowMs)).toContain(Math.floor((nowMs + skew) / BUCKET_MS))
        expect(bucketsAround(nowMs).length).toBeLessThanOrEqual(2)
      }),
    )
  })
})

describe('the outbox', () => {
  const letter = (n: number, to = BOB): Letter => ({ kind: 'signal', to, body: new Uint8Array([n >> 8, n]) })

  it('sends in order, and never overwrites a slot before a relay could tell of it', () => {
    const outbox = new Outbox()
    for (let n = 0; n < 50; n++) outbox.post(letter(n))
    const sent: { n: number; ring: number; atMs: number }[] = []
    for (let atMs = 0; outbox.length > 0;) {
      const { letters, againAtMs } = outbox.take(atMs)
      for (const { body, ring } of letters) sent.push({ n: body[1] ?? -1, ring, atMs })
      if (outbox.length > 0) expect(againAtMs).toBeGreaterThan(atMs)
      atMs = againAtMs
    }
    expect(sent.map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
    for (const [i, { ring, atMs }] of sent.entries()) {
      expect(ring).toBe(i % SLOTS_PER_PAIR)
      const before = sent[i - SLOTS_PER_PAIR]
      if (before) expect(atMs - before.atMs).toBeGreaterThanOrEqual(SLOT_HOLD_MS)
    }
  })

  it('does not queue what waits already, and keeps the newest when too much waits', () => {
    const outbox = new Outbox()
    outbox.post(letter(0))
    outbox.post(letter(0))
    expect(outbox.length).toBe(1)
    for (let n = 0; n < MAX_QUEUED_ENVELOPES * 3; n++) outbox.post(letter(n))
    expect(outbox.length).toBe(MAX_QUEUED_ENVELOPES)
    const [first] = outbox.take(0).letters
    expect(first?.body).toEqual(letter(MAX_QUEUED_ENVELOPES * 2).body)
  })

  it('writes no more in an hour than its rate, however much is asked for and to however many', () => {
    const outbox = new Outbox()
    let written = 0
    for (let atMs = 0, n = 0; atMs < HOUR_MS; atMs += 1_000) {
      for (let i = 0; i < 5; i++) outbox.post(letter(n++ % 65_536, peerOf(n % 200)))
      written += outbox.take(atMs).letters.length
    }
    expect(written).toBeLessThanOrEqual(MAIL_BURST + MAIL_PER_SECOND * 3_600)
    expect(written).toBeGreaterThan(MAIL_PER_SECOND * 3_600 * 0.9)
  })

  it('one that waits for a slot of its own holds up nobody else', () => {
    const outbox = new Outbox()
    for (let n = 0; n < SLOTS_PER_PAIR + 1; n++) outbox.post(letter(n))
    outbox.post(letter(0, ADA))
    expect(outbox.take(0).letters.some(({ to }) => to === ADA)).toBe(true)
    expect(outbox.length).toBe(1)
  })
})

describe('the pace of announcements', () => {
  /** Times at which it announces, while it is asked whenever it wants to be. */
  function announcements(pace: AnnouncePace, fromMs: number, toMs: number): number[] {
    const times: number[] = []
    for (let atMs = fromMs; pace.dueAtMs < toMs;) {
      atMs = Math.max(pace.dueAtMs, atMs)
      if (pace.due(atMs, 0.5)) times.push(atMs)
    }
    return times
  }

  it('is fast at first, slows down, and never lets a presence run out', () => {
    const pace = new AnnouncePace()
    pace.seek(true, 0)
    const times = announcements(pace, 0, HOUR_MS)
    expect(times.filter((time) => time < 2_000).length).toBeGreaterThanOrEqual(3)
    expect(times.length).toBeLessThan(30)
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(PRESENCE_LIFE_MS)
  })

  it('is silent when nobody is missing', () => {
    const pace = new AnnouncePace()
    pace.seek(true, 0)
    pace.due(0, 0.5)
    pace.seek(false, 10)
    expect(pace.dueAtMs).toBe(Infinity)
  })

  it('is bounded, however often somebody is missed, renews himself, or newcomers come', () => {
    const pace = new AnnouncePace()
    let count = 0
    for (let atMs = 0; atMs < HOUR_MS; atMs += 50) {
      pace.seek(atMs % 100 === 0, atMs)
      if (atMs % 300 === 0) pace.restart(atMs)
      pace.answer(1, atMs, 0, 0)
      if (pace.due(atMs, 0.5)) count++
    }
    expect(count).toBeLessThanOrEqual(12 + 60)
  })

  it('has about eight of many answer a newcomer, and all of a few', () => {
    const answering = (members: number) =>
      Array.from({ length: members }, (_, i) => {
        const pace = new AnnouncePace()
        pace.answer(members, 0, i / members, 0.5)
        return pace.dueAtMs < Infinity
      }).filter(Boolean).length
    expect([1, 2, 8, 100, 1_000].map(answering)).toEqual([1, 2, 8, 8, 8])
  })
})

describe('freshness', () => {
  it('takes a slot forward only, and remembers a bounded number of them', () => {
    const freshness = new Freshness()
    expect([5, 5, 4, 6].map((time) => freshness.take('slot', time))).toEqual([true, false, false, true])
    for (let i = 0; i < MAX_KNOWN_SLOTS * 2; i++) freshness.take(`${i}`, i)
    expect(freshness.size).toBe(MAX_KNOWN_SLOTS)
  })
})

describe('what a relay says', () => {
  const soul = 's'.repeat(22)
  const slot = 't'.repeat(22)
  const souls = new Set([soul])
  const put = (values: object, of = soul) => ({ put: { [of]: { _: { '#': of, '>': {} }, ...values } } })

  it('is read whether it stands alone, in an array, or as texts in an array', () => {
    const message = put({ [slot]: 'text' })
    const values = [{ soul, slot, text: 'text' }]
    for (const data of [message, [message], [JSON.stringify(message)]]) {
      expect(readGunMessage(JSON.stringify(data), souls)).toEqual({ greetings: [], values, rubbish: 0 })
    }
  })

  it('reaches Gun only when it is a greeting: no questions, no hosts to connect to, no errors to print, no data', () => {
    const peers = { 'http://elsewhere': {} }
    const others = [
      { dam: 'mob', peers },
      { dam: 'opt', opt: { peers } },
      { dam: '!', err: 'x' },
      { get: { '#': soul } },
    ]
    const greeting = { dam: '?', '#': 'id', pid: 'peer', '@': 'ours', put: { a: 1 }, peers, DBG: 1 }
    const { greetings } = readGunMessage(JSON.stringify([...others, greeting]), souls)
    expect(greetings).toEqual([{ dam: '?', '#': 'id', pid: 'peer', '@': 'ours' }])
  })

  it('of other nodes is ignored, and of ours what cannot be a record is counted', () => {
    const rubbish = {
      short: 'x',
      [slot]: 'x'.repeat(MAX_RECORD_CHARACTERS + 1),
      ['u'.repeat(22)]: 1,
      ['v'.repeat(22)]: { '#': soul },
      __proto__x: null,
    }
    expect(readGunMessage(JSON.stringify(put({ [slot]: 'x' }, 'o'.repeat(22))), souls)).toMatchObject({
      values: [],
      rubbish: 0,
    })
    expect(readGunMessage(JSON.stringify(put(rubbish)), souls)).toMatchObject({ values: [], rubbish: 5 })
  })

  it('may be anything', () => {
    const long = JSON.stringify(put({ [slot]: 'x', pad: 'x'.repeat(MAX_GUN_MESSAGE_CHARACTERS) }))
    for (const data of [
      undefined,
      1,
      new ArrayBuffer(8),
      '',
      '[',
      '{}',
      'null',
      '[null,[],1,"x"]',
      '{"put":[]}',
      long,
    ]) {
      expect(readGunMessage(data, souls)).toEqual({ greetings: [], values: [], rubbish: 0 })
    }
    fc.assert(
      fc.property(fc.jsonValue(), (value) => void readGunMessage(JSON.stringify({ put: { [soul]: value } }), souls)),
    )
    fc.assert(fc.property(fc.jsonValue(), (value) => void readGunMessage(JSON.stringify(value), souls)))
  })
})

describe('a relay', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it('that greets without end has Gun answer a few times a second', () => {
    const sockets: { onmessage?: (event: { data: unknown }) => void; close: () => void }[] = []
    class Socket {
      close = () => undefined
      constructor() {
        sockets.push(this)
      }
    }
    vi.stubGlobal('WebSocket', Socket)
    const relay = new Relay('ws://relay.example/gun', {
      souls: new Set(),
      changed: () => undefined,
      heard: () => undefined,
      dropped: () => undefined,
    })
    let greetings = 0
    const graph = {
      connect: () => {
        relay.open()
        relay.onmessage = () => void greetings++
      },
      ping: () => undefined,
      forget: () => undefined,
    }
    relay.connect(graph as unknown as GunGraph)
    const data = JSON.stringify(Array.from({ length: 1_000 }, () => ({ dam: '?' })))
    for (let i = 0; i < 10; i++) sockets[0]?.onmessage?.({ data })
    relay.end()
    expect(greetings).toBeGreaterThan(0)
    // A second may have passed meanwhile.
    expect(greetings).toBeLessThan(20)
  })
})

describe('the options', () => {
  it('are relays that are URLs, some and not too many', () => {
    const many = Array.from({ length: 9 }, (_, i) => `https://relay-${i}.example/gun`)
    for (const relays of [
      [],
      ['nonsense'],
      ['ftp://relay.example'],
      ['http://a.example/gun,http://b.example/gun'],
      many,
    ]) {
      expect(() => gunCarrier({ relays })).toThrow(
        expect.objectContaining({ code: 'invalid-argument', reason: 'relays' }),
      )
    }
    for (const nonsense of [undefined, {}, { relays: 'https://relay.example/gun' }, { relays: [7] }]) {
      expect(() => gunCarrier(nonsense as GunCarrierOptions)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', reason: 'relays' }),
      )
    }
    expect(gunCarrier({ relays: ['https://relay.example/gun', 'wss://relay.example/gun'] })).toMatchObject({
      name: 'gun',
      carriesBulk: false,
      isReady: false,
    })
  })

  it('that are not Gun are told by down, with what to do', async () => {
    const NotGun = class {
      readonly _ = { opt: { peers: {} } }
    }
    const carrier = gunCarrier({ relays: ['http://127.0.0.1:9/gun'], gun: NotGun })
    const causes: unknown[] = []
    const nothing = () => undefined
    carrier.start(
      { networkId: new Uint8Array(32), peerId: ADA, announcement: () => new Uint8Array(0), nowMs: () => NOW_MS },
      {
        up: nothing,
        down: (cause) => causes.push(cause),
        met: nothing,
        envelope: nothing,
        unreachable: nothing,
        ready: nothing,
      },
    )
    const unsupported = { code: 'unsupported', reason: 'gun-version' }
    await expect.poll(() => causes).toMatchObject([unsupported])
    // A page that comes back has more to resume after this one.
    carrier.suspend()
    carrier.resume()
    expect(causes).toMatchObject([unsupported, undefined, unsupported])
    await carrier.close()
  })
})
