/**
 * What a link does in given situations, one at a time. That it keeps its promises in all of them at once is for the
 * simulation to show: test/sim.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BigMessageSlots } from '../../client/peer/big-message-slots.ts'
import { Link, type LinkOutput, type PathKind } from '../../client/peer/link.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { FLAG_FIRST, FLAG_HELD, FLAG_LAST, FLAG_TEXT, type Frame, type FrameType } from '../../protocol/frame.ts'
import { FRAME_COST_BYTES, MAX_FRAME_PAYLOAD_BYTES, MAX_MESSAGE_BYTES } from '../../protocol/limits.ts'

const WHOLE = FLAG_FIRST | FLAG_LAST
const FULL_FRAME_BYTES = MAX_FRAME_PAYLOAD_BYTES + FRAME_COST_BYTES
const STALLED_MS = 60_000

describe('a link on the relay', () => {
  it('stops at a window of 256 KiB until acknowledged, and at 1 MiB on a direct path', () => {
    const { link, data } = lonely()
    link.post(1, 0, new Uint8Array(4 * 1_048_576), false, 0)
    const relayFrames = Math.floor((256 * 1_024) / FULL_FRAME_BYTES)
    expect(data()).toHaveLength(relayFrames)
    link.directOpened(0)
    const directFrames = Math.floor(1_048_576 / FULL_FRAME_BYTES)
    expect(data()).toHaveLength(directFrames)
    link.receive(frame('ack', { ack: 10 }), 'direct', 0)
    expect(data()).toHaveLength(directFrames + 10)
  })

  it('stops at the credit of the other side, but never for good', () => {
    const { link, data } = lonely()
    link.receive(frame('ack', { creditKiB: 0 }), 'relay', 0)
    link.post(1, 0, new Uint8Array(100_000), false, 0)
    expect(data()).toHaveLength(1)
    link.receive(frame('ack', { ack: 1, creditKiB: 33 }), 'relay', 0)
    expect(data()).toHaveLength(1 + 2)
  })

  it('sends what the other side had no room for again as soon as it has, and does not blame the path', () => {
    const { link, data, moves } = lonely()
    link.directOpened(0)
    link.receive(frame('ack', { creditKiB: 0 }), 'direct', 0)
    link.post(1, 0, new Uint8Array(40_000), false, 0)
    run(link, 0, 700)
    link.receive(frame('pong', { creditKiB: 0 }), 'direct', 700)
    run(link, 700, 1_100)
    expect(data().map(({ seq }) => seq)).toEqual([0, 0])
    link.receive(frame('ack', { creditKiB: 1_024 }), 'direct', 1_100)
    expect(data().map(({ seq }) => seq)).toEqual([0, 0, 0, 1, 2])
    expect(moves).toEqual(['relay', 'direct'])
  })

  it('accepts a message when its last frame lies within window and credit', () => {
    const { link, accepted } = lonely()
    link.post(1, 0, new Uint8Array(200_000), false, 0)
    link.post(2, 0, new Uint8Array(200_000), false, 0)
    expect(accepted).toEqual([1])
    link.receive(frame('ack', { ack: 13 }), 'relay', 0)
    expect(accepted).toEqual([1, 2])
  })

  it('takes a message back as long as none of it has a number', () => {
    const { link, data } = lonely()
    link.post(1, 0, new Uint8Array(400_000), false, 0)
    link.post(2, 0, utf8('second'), true, 0)
    link.post(3, 0, utf8('third'), true, 0)
    expect([link.cancel(1), link.cancel(2), link.cancel(2), link.cancel(9)]).toEqual([false, true, false, false])
    link.receive(frame('ack', { ack: 15 }), 'relay', 0)
    link.receive(frame('ack', { ack: 25 }), 'relay', 0)
    expect(data().at(-1)?.payload).toEqual(utf8('third'))
    expect(link.unconfirmed()).toEqual([3])
  })

  it('sends the tail again after a second without progress, then after two and four; then it is stalled, then lost', () => {
    const { link, data, moves, ended } = lonely()
    link.post(1, 0, utf8('lost'), true, 0)
    const atMs: number[] = []
    run(link, 0, 100_000, (nowMs) => {
      if (data().length > atMs.length + 1) atMs.push(nowMs)
    })
    expect(atMs).toEqual([1_000, 3_000, 7_000])
    expect(moves).toEqual(['relay', undefined])
    expect(ended).toEqual(['lost'])
    expect(link.unconfirmed()).toEqual([1])
  })

  it('sends nothing twice after a long silence', () => {
    const { link, data } = lonely()
    link.post(1, 0, utf8('first'), true, 0)
    link.receive(frame('ack', { ack: 1 }), 'relay', 20)
    run(link, 20, 5_000)
    link.post(2, 0, utf8('second'), true, 5_000)
    run(link, 5_000, 5_900)
    expect(data()).toHaveLength(2)
  })

  it('answers `resume` at once, and sends its own tail again', () => {
    const { link, data, sent } = lonely()
    link.post(1, 0, utf8('one'), true, 0)
    link.receive(frame('ack'), 'relay', 0)
    link.receive(frame('resume'), 'relay', 100)
    expect(data().map(({ seq }) => seq)).toEqual([0, 0])
    expect(sent.map(({ type }) => type)).toContain('ack')
  })

  it('says `resume` when the relay begins anew, and sends its tail again', () => {
    const { link, data, sent, moves } = lonely()
    link.receive(frame('ack'), 'relay', 0)
    link.post(1, 0, utf8('one'), true, 0)
    link.relayDown(100)
    link.relayUp(400)
    expect(data()).toHaveLength(2)
    expect(sent.map(({ type }) => type)).toContain('resume')
    expect(moves).toEqual(['relay', undefined, 'relay'])
  })
})

describe('a link with a direct path', () => {
  it('sends nothing again when it moves up, and its tail at once when it moves down', () => {
    const { link, data, paths } = lonely()
    link.post(1, 0, utf8('one'), true, 0)
    link.directOpened(10)
    link.post(2, 0, utf8('two'), true, 20)
    expect(paths()).toEqual(['relay', 'direct'])
    link.directClosed(30)
    expect(data().map(({ seq }) => seq)).toEqual([0, 1, 0, 1])
    expect(paths()).toEqual(['relay', 'direct', 'relay', 'relay'])
  })

  it('sends a long tail again in steps of 64 KiB that grow with every acknowledgement', () => {
    const { link, data } = lonely()
    link.directOpened(0)
    link.post(1, 0, new Uint8Array(900_000), false, 0)
    const before = data().length
    link.directClosed(10)
    const step = Math.floor((64 * 1_024) / FULL_FRAME_BYTES)
    expect(data()).toHaveLength(before + step)
    link.receive(frame('ack', { ack: step }), 'relay', 50)
    expect(data()).toHaveLength(before + 3 * step)
  })

  it('sends what the relay has lost again over it', () => {
    const { link, paths } = lonely()
    link.post(1, 0, utf8('one'), true, 0)
    link.directOpened(10)
    link.relayDown(20)
    expect(paths()).toEqual(['relay', 'direct'])
  })

  it('suspects a path that does not answer for 750 ms, wants another after 2 s, and gives it up after 5 s', () => {
    const { link, data, paths, moves, events } = lonely()
    link.directOpened(0)
    link.post(1, 0, utf8('one'), true, 100)
    run(link, 100, 10_000)
    expect(data().length).toBeGreaterThan(1)
    expect(paths().slice(0, 2)).toEqual(['direct', 'relay'])
    expect(moves.slice(0, 3)).toEqual(['relay', 'direct', 'relay'])
    expect(events).toEqual([
      ['doubtful', 2_100],
      ['dead', 5_100],
    ])
  })

  it('trusts it again for the answer to a ping since then, and for nothing else', () => {
    const { link, sent } = lonely()
    link.directOpened(0)
    link.receive(frame('ack'), 'direct', 0)
    run(link, 0, 250)
    const old = pings(sent)[0]
    link.post(1, 0, utf8('one'), true, 300)
    run(link, 250, 1_200)
    expect(link.path).toBe('relay')
    link.receive(frame('data', { flags: WHOLE }), 'direct', 1_200)
    link.receive(frame('pong', { payload: old?.payload ?? utf8('none') }), 'direct', 1_200)
    expect(link.path).toBe('relay')
    link.receive(frame('pong', { payload: pings(sent).at(-1)?.payload ?? utf8('none') }), 'direct', 1_210)
    expect(link.path).toBe('direct')
  })

  it('does not call it slow for answering late while it was cut', () => {
    const { link, sent } = lonely()
    const answer = (path: PathKind, nowMs: number) => {
      const asked = sent.filter((each) => each.type === 'ping' && each.path === path)
      for (const { payload } of asked) link.receive(frame('pong', { payload }), path, nowMs)
    }
    link.receive(frame('ack'), 'relay', 0)
    run(link, 0, 1_600)
    answer('relay', 1_600)
    link.directOpened(1_600)
    link.post(1, 0, utf8('one'), true, 1_700)
    run(link, 1_700, 3_300)
    expect(link.path).toBe('relay')
    answer('direct', 3_300)
    expect(link.path).toBe('direct')
  })

  it('wants another at once after a nudge, if it does not answer', () => {
    const { link, events } = lonely()
    link.directOpened(0)
    link.nudge(1_000)
    run(link, 1_000, 2_000)
    expect(events).toEqual([['doubtful', 1_750]])
  })

  it('does not blame it for its own sleep', () => {
    const { link, moves } = lonely()
    link.directOpened(0)
    link.post(1, 0, utf8('one'), true, 0)
    link.deadlineMs()
    link.tick(60_000)
    expect(moves).toEqual(['relay', 'direct'])
  })

  it('says nothing over the relay while it is healthy, whatever it has to say and whatever becomes of the relay', () => {
    const { link, sent, data } = lonely()
    link.receive(frame('ack'), 'relay', 0)
    link.directOpened(0)
    sent.length = 0
    for (let atMs = 0; atMs < 300_000; atMs += 100) {
      if (atMs % 20_000 < 2_000) link.post(atMs, 0, utf8('hello'), true, atMs)
      if (atMs % 30_000 === 0) link.datagram(utf8('lossy'), true, atMs)
      if (atMs % 70_000 === 0) link.nudge(atMs)
      if (atMs % 90_000 === 0) link.relayDown(atMs)
      if (atMs % 90_000 === 5_000) link.relayUp(atMs)
      const ack = data().length
      for (const { payload } of pings(sent).slice(-1))
        link.receive(frame('pong', { payload, ack }), 'direct', atMs + 20)
      link.receive(frame('data', { seq: atMs / 100, flags: WHOLE, ack }), 'direct', atMs + 50)
      run(link, atMs + 50, atMs + 100)
    }
    expect(data().length).toBeGreaterThan(200)
    expect(sent.filter(({ path }) => path === 'relay')).toEqual([])
  })

  it('pings it only seldom when there is nothing to say', () => {
    const { link, sent } = lonely()
    link.directOpened(0)
    let answered = 0
    run(link, 0, 120_000, (nowMs) => {
      for (; answered < sent.length; answered++) {
        const asked = sent[answered]
        if (asked?.type === 'ping') link.receive(frame('pong', { payload: asked.payload }), 'direct', nowMs)
      }
    })
    expect(pings(sent).length).toBeLessThan(60)
    expect(link.path).toBe('direct')
  })
})

describe('delivery', () => {
  it('is confirmed by an acknowledgement, unless the message waits for the application', () => {
    const { link, delivered } = lonely()
    for (const id of [1, 2, 3]) link.post(id, 0, utf8(`${id}`), true, 0)
    link.receive(frame('ack', { ack: 1 }), 'relay', 0)
    expect(delivered).toEqual([1])
    link.receive(frame('data', { ack: 3, flags: WHOLE | FLAG_HELD }), 'relay', 0)
    expect(delivered).toEqual([1])
    link.receive(frame('ack', { ack: 3, flags: FLAG_HELD, payload: Uint8Array.of(0, 0, 0, 2) }), 'relay', 0)
    expect(delivered).toEqual([1, 2])
    expect(link.unconfirmed()).toEqual([3])
    link.receive(frame('ack', { ack: 3 }), 'relay', 0)
    expect(delivered).toEqual([1, 2, 3])
  })

  it('is confirmed while the path takes no data of our own', () => {
    const { link, sent } = lonely({
      send: (path, sending) => sending.type !== 'data' && !!sent.push({ ...sending, path }),
    })
    link.post(1, 0, utf8('waits for the path'), true, 0)
    link.receive(frame('data', { flags: WHOLE, payload: utf8('arrives') }), 'relay', 100)
    run(link, 100, 200)
    expect(sent.filter(({ type }) => type === 'ack').map(({ ack }) => ack)).toEqual([1])
  })

  it('is told to the sender when the application has taken what waited', () => {
    let isReading = false
    const { link, sent, heard } = lonely({ deliver: (_channel, data) => isReading && !!heard.push(data) })
    for (const seq of [0, 1, 2]) link.receive(frame('data', { seq, flags: WHOLE, payload: utf8(`${seq}`) }), 'relay', 0)
    run(link, 0, 100)
    expect(sent.at(-1)).toMatchObject({ type: 'ack', ack: 3, flags: FLAG_HELD, payload: Uint8Array.of(0, 0, 0, 0) })
    expect(link.take(100)).toEqual(utf8('0'))
    run(link, 100, 200)
    expect(sent.at(-1)).toMatchObject({ type: 'ack', ack: 3, flags: FLAG_HELD, payload: Uint8Array.of(0, 0, 0, 1) })
    isReading = true
    link.drain(200)
    run(link, 200, 300)
    expect(heard).toEqual([utf8('1'), utf8('2')])
    expect(sent.at(-1)).toMatchObject({ type: 'ack', ack: 3, flags: 0 })
  })

  it('answers a whole tail of repeats with a few acknowledgements', () => {
    const { link, sent } = lonely()
    for (let seq = 0; seq < 100; seq++) link.receive(frame('data', { seq, flags: WHOLE }), 'relay', 0)
    const before = sent.length
    for (let seq = 0; seq < 100; seq++) link.receive(frame('data', { seq, flags: WHOLE }), 'relay', 100 + seq)
    expect(sent.length - before).toBeGreaterThanOrEqual(1)
    expect(sent.length - before).toBeLessThanOrEqual(4)
  })
})

describe('goodbye', () => {
  it('waits for what it overtook, and is acknowledged', () => {
    const { link, sent, heard, ended } = lonely()
    link.receive(frame('bye', { seq: 2 }), 'relay', 0)
    link.receive(frame('data', { seq: 1, flags: WHOLE | FLAG_TEXT, payload: utf8('two') }), 'relay', 10)
    expect(ended).toEqual([])
    link.receive(frame('data', { seq: 0, flags: WHOLE | FLAG_TEXT, payload: utf8('one') }), 'direct', 20)
    expect(heard).toEqual(['one', 'two'])
    expect(sent.at(-1)).toMatchObject({ type: 'ack', ack: 2 })
    expect(ended).toEqual(['left'])
  })

  it('does not wait for ever', () => {
    const { link, ended } = lonely()
    link.receive(frame('bye', { seq: 5 }), 'relay', 0)
    run(link, 0, 1_999)
    expect(ended).toEqual([])
    run(link, 1_999, 2_001)
    expect(ended).toEqual(['left'])
  })

  it('is said on every path, with the number of frames that were sent', () => {
    const { link, sent } = lonely()
    link.directOpened(0)
    link.post(1, 0, utf8('last words'), true, 0)
    link.bye()
    const byes = sent.filter(({ type }) => type === 'bye')
    expect(byes.map(({ seq }) => seq)).toEqual([1, 1])
  })
})

describe('big messages', () => {
  it('of the greatest length pass both ways at once', { timeout: 60_000 }, () => {
    const slots = [new BigMessageSlots(), new BigMessageSlots()] as const
    const message = pattern(MAX_MESSAGE_BYTES)
    const ends = slots.map((own, i) => lonely({}, own, i + 1))
    const [a, b] = [ends[0], ends[1]]
    if (!a || !b) throw new Error('two ends')
    for (const { link } of [a, b]) link.directOpened(0)
    for (const { link } of [a, b]) link.post(1, 0, message, false, 0)
    for (let nowMs = 0; a.heard.length + b.heard.length < 2 && nowMs < 60_000; nowMs++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        for (const arriving of from.sent.splice(0)) to.link.receive(arriving, 'direct', nowMs)
        if (to.link.deadlineMs() <= nowMs) to.link.tick(nowMs)
      }
    }
    for (const { heard } of [a, b]) expect(Buffer.compare(heard[0] as Uint8Array, message)).toBe(0)
  })

  it('of more than four peers at a time wait for each other, and small ones do not', () => {
    const slots = new BigMessageSlots()
    const ends = Array.from({ length: 5 }, () => lonely({}, slots))
    const fragments = Math.ceil(4_000_000 / MAX_FRAME_PAYLOAD_BYTES)
    const fragment = (seq: number) =>
      frame('data', {
        seq,
        flags: (seq === 0 ? FLAG_FIRST : 0) | (seq === fragments - 1 ? FLAG_LAST : 0),
        payload: new Uint8Array(MAX_FRAME_PAYLOAD_BYTES),
      })
    // Over the relay nobody is ever offered more than a mebibyte.
    for (const { link } of ends) link.directOpened(0)
    for (const { link } of ends) for (let seq = 0; seq < 60; seq++) link.receive(fragment(seq), 'direct', 0)
    expect(ends.map(({ link }) => link.frame('ack', new Uint8Array(0)).creditKiB > 1_024)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ])
    const [first] = ends
    for (let seq = 60; seq < fragments; seq++) first?.link.receive(fragment(seq), 'direct', 0)
    expect(first?.heard).toHaveLength(1)
    expect(ends[4]?.link.frame('ack', new Uint8Array(0)).creditKiB).toBeGreaterThan(1_024)
  })
})

describe('a link whose peer is hostile', () => {
  it('keeps at most a mebibyte of frames that overtook others, and then goes on', () => {
    const { link, heard } = lonely()
    const payload = new Uint8Array(MAX_FRAME_PAYLOAD_BYTES)
    for (let seq = 1; seq < 4_000; seq++) link.receive(frame('data', { seq, flags: WHOLE, payload }), 'relay', 0)
    link.receive(frame('data', { flags: WHOLE }), 'relay', 0)
    expect(heard.length).toBeLessThanOrEqual(1 + Math.floor(1_048_576 / FULL_FRAME_BYTES))
    expect(link.frame('ack', new Uint8Array(0)).creditKiB).toBe(1_024)
  })

  it('keeps a bounded number of empty ones', { timeout: 60_000 }, () => {
    const { link, heard } = lonely()
    for (let seq = 1; seq < 50_000; seq++) link.receive(frame('data', { seq, flags: WHOLE }), 'relay', 0)
    link.receive(frame('data', { flags: WHOLE }), 'relay', 0)
    expect(heard.length).toBeLessThanOrEqual(1 + 1_048_576 / FRAME_COST_BYTES)
  })

  it('holds no more than one message of the greatest length, however many fragments it has', () => {
    const { link } = lonely()
    const payload = new Uint8Array(MAX_FRAME_PAYLOAD_BYTES)
    let ack = 0
    for (let seq = 0; seq < 3_000; seq++) {
      link.receive(frame('data', { seq, flags: seq === 0 ? FLAG_FIRST : 0, payload }), 'relay', 0)
      ack = link.frame('ack', new Uint8Array(0)).ack
    }
    expect(ack * FULL_FRAME_BYTES).toBeLessThanOrEqual(18 * 1_048_576)
  })

  it('drops a message that is longer than allowed at its end, and hears the next', () => {
    const { link, heard } = lonely()
    const payload = new Uint8Array(MAX_FRAME_PAYLOAD_BYTES)
    const fragments = Math.ceil(MAX_MESSAGE_BYTES / MAX_FRAME_PAYLOAD_BYTES) + 1
    for (let seq = 0; seq < fragments; seq++) {
      link.receive(frame('data', { seq, flags: seq === 0 ? FLAG_FIRST : 0, payload }), 'relay', 0)
    }
    link.receive(frame('data', { seq: fragments, flags: FLAG_LAST }), 'relay', 0)
    link.receive(frame('data', { seq: fragments + 1, flags: WHOLE | FLAG_TEXT, payload: utf8('next') }), 'relay', 0)
    expect(heard).toEqual(['next'])
  })

  it('learns nothing from a first frame that it refuses', () => {
    const { link } = lonely()
    expect(link.receive(frame('ack', { ack: 1_000, epoch: 0x63_02 }), 'relay', 0)).toBe(false)
    expect(link.receive(frame('ack'), 'relay', 0)).toBe(true)
  })

  it('survives any frames at all, and changes nothing for those it refuses', { timeout: 60_000 }, () => {
    const anyFrame = fc.record<Frame>({
      type: fc.constantFrom('data', 'ack', 'ping', 'pong', 'resume', 'datagram'),
      flags: fc.nat(15),
      stream: fc.nat(65_535),
      seq: fc.oneof(fc.nat(10), fc.nat(2 ** 32 - 1)),
      ack: fc.oneof(fc.nat(3), fc.nat(2 ** 32 - 1)),
      creditKiB: fc.nat(65_535),
      epoch: fc.constantFrom(0x09_02, 0x09_00, 0x03_02, 0x09_03),
      payload: fc.uint8Array({ maxLength: 64 }).map((bytes) => Uint8Array.from(bytes)),
    })
    const arrivals = fc.array(fc.tuple(anyFrame, fc.constantFrom<PathKind>('relay', 'direct')), { maxLength: 60 })
    fc.assert(
      fc.property(arrivals, (frames) => {
        const { link, heard, sent } = lonely()
        link.receive(frame('ack'), 'relay', 0)
        link.directOpened(0)
        for (let i = 1; i <= 3; i++) link.post(i, 0, utf8('x'), true, 0)
        for (const [arriving, path] of frames) {
          const before = [heard.length, sent.length, link.frame('ack', new Uint8Array(0))]
          const isTaken = link.receive(arriving, path, 0)
          if (!isTaken) expect([heard.length, sent.length, link.frame('ack', new Uint8Array(0))]).toEqual(before)
        }
        expect(heard.length).toBeLessThanOrEqual(frames.length)
      }),
      { numRuns: 300 },
    )
  })
})

interface Lonely {
  readonly link: Link
  readonly sent: (Frame & { readonly path: PathKind })[]
  /** Data frames that were sent, and which way. */
  readonly data: () => Frame[]
  readonly paths: () => PathKind[]
  readonly heard: (string | Uint8Array)[]
  readonly accepted: number[]
  readonly delivered: number[]
  readonly moves: (PathKind | undefined)[]
  readonly events: [name: 'doubtful' | 'dead', atMs: number][]
  readonly ended: string[]
}

/** The time that `run` has come to. */
let clockMs = 0

/** A link on the relay, without another end, that writes down what it does. */
function lonely(change: Partial<LinkOutput> = {}, slots = new BigMessageSlots(), incarnation = 1): Lonely {
  const sent: (Frame & { path: PathKind })[] = []
  const data = () => sent.filter(({ type }) => type === 'data')
  const heard: (string | Uint8Array)[] = []
  const accepted: number[] = []
  const delivered: number[] = []
  const moves: (PathKind | undefined)[] = []
  const events: ['doubtful' | 'dead', number][] = []
  const ended: string[] = []
  const output: LinkOutput = {
    send: (path, sending) => !!sent.push({ ...sending, path }),
    deliver: (_channel, message) => !!heard.push(message),
    datagram: () => {},
    accepted: (id) => void accepted.push(id),
    delivered: (id) => void delivered.push(id),
    moved: (path) => void moves.push(path),
    measured: () => {},
    directDoubtful: () => void events.push(['doubtful', clockMs]),
    directDead: () => {
      events.push(['dead', clockMs])
      link.directClosed(clockMs)
    },
    ended: (reason) => void ended.push(reason),
    ...change,
  }
  const link = new Link(incarnation, output, { stalledMs: STALLED_MS, slots })
  link.relayUp(0)
  const paths = () => sent.filter(({ type }) => type === 'data').map(({ path }) => path)
  return { link, sent, data, paths, heard, accepted, delivered, moves, events, ended }
}

/** Lets time pass, with a timer that is always exact. */
function run(link: Link, fromMs: number, toMs: number, then?: (nowMs: number) => void): void {
  clockMs = fromMs
  for (let dueMs = link.deadlineMs(); dueMs <= toMs; dueMs = link.deadlineMs()) {
    clockMs = Math.max(clockMs, dueMs)
    link.tick(clockMs)
    then?.(clockMs)
  }
  clockMs = toMs
}

/** A frame of the peer's for the link of incarnation 1. */
function frame(type: FrameType, fields: Partial<Frame> = {}): Frame {
  const payload = new Uint8Array(0)
  return { type, flags: 0, stream: 0, seq: 0, ack: 0, creditKiB: 1_024, epoch: 0x09_02, payload, ...fields }
}

function pings(sent: readonly Frame[]): Frame[] {
  return sent.filter(({ type }) => type === 'ping')
}

/** Never repeats itself, so that a fragment in the wrong place shows. */
function pattern(length: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24)
}
