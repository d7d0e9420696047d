/** A link promises: every message once, whole and in order, whatever the paths do, within bounded memory. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Link, LinkOutput } from '../../client/peer/link.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { FLAG_FIRST, FLAG_LAST, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import { MAX_FRAME_PAYLOAD_BYTES, MAX_MESSAGE_BYTES } from '../../protocol/limits.ts'
import { makeLink, stepLists, TwoLinks } from '../support/two-links.ts'

const WHOLE = FLAG_FIRST | FLAG_LAST

describe('two links', () => {
  it('deliver every message once and in order over paths that reorder and repeat, and through every move', () => {
    fc.assert(
      fc.property(stepLists(), (steps) => new TwoLinks().run(steps).settle().check()),
      { numRuns: 500 },
    )
  })

  it('do so even when the relay silently loses what it carries', () => {
    fc.assert(
      fc.property(stepLists({ isLossy: true }), (steps) => new TwoLinks().run(steps).settle().check()),
      { numRuns: 300 },
    )
  })

  it('carry megabytes both ways at once, in fragments that fit into frames', () => {
    const message = new Uint8Array(3 * 1_048_576 + 17)
    for (let at = 0; at < message.length; at += 65_536) crypto.getRandomValues(message.subarray(at, at + 65_536))
    const world = new TwoLinks()
    for (const side of ['left', 'right'] as const) world.step({ do: 'post', side, message })
    world.step({ do: 'move-up', side: 'left' })
    world.step({ do: 'wait', ms: 10 })
    world.settle().check()
  })

  it('stop at the window until acknowledged', () => {
    const { link, sent } = lonely()
    link.post(0, new Uint8Array(4 * 1_048_576), false, 0)
    const relayFrames = Math.floor((256 * 1_024) / MAX_FRAME_PAYLOAD_BYTES)
    expect(sent).toHaveLength(relayFrames)
    link.windowBytes = 1_048_576
    link.pump()
    expect(sent).toHaveLength(Math.floor(1_048_576 / MAX_FRAME_PAYLOAD_BYTES))
    link.receive(acknowledging(10), 0)
    expect(sent).toHaveLength(Math.floor(1_048_576 / MAX_FRAME_PAYLOAD_BYTES) + 10)
  })

  it('stop at the credit of the other side, but never for good', () => {
    const { link, sent } = lonely()
    link.receive({ ...acknowledging(0), creditKiB: 0 }, 0)
    link.post(0, new Uint8Array(100_000), false, 0)
    expect(sent).toHaveLength(1)
    link.receive({ ...acknowledging(1), creditKiB: 32 }, 0)
    expect(sent).toHaveLength(1 + 2)
  })

  it('send the tail again after a second without progress, and then ever more seldom', () => {
    const { link, sent } = lonely()
    link.post(0, utf8('lost'), true, 0)
    const atMs: number[] = []
    for (let nowMs = 1; nowMs <= 60_000; nowMs++) {
      const before = sent.length
      link.tick(nowMs)
      if (sent.length > before) atMs.push(nowMs)
    }
    expect(atMs.slice(0, 5)).toEqual([1_000, 3_000, 7_000, 15_000, 23_000])
    link.receive(acknowledging(1), 60_000)
    expect(link.deadlineMs()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a link whose peer is hostile', () => {
  it('keeps at most a mebibyte of frames that overtook others, and gives the credit back', () => {
    const { link, heard } = lonely()
    const payload = new Uint8Array(MAX_FRAME_PAYLOAD_BYTES)
    for (let seq = 1; seq < 4_000; seq++) link.receive(data(seq, WHOLE, payload), 0)
    expect(link.frame('ack', new Uint8Array(0)).creditKiB).toBeLessThan(16)
    expect(link.frame('ack', new Uint8Array(0)).creditKiB).toBeGreaterThanOrEqual(0)
    link.receive(data(0, WHOLE, payload), 0)
    expect(heard).toHaveLength(1 + Math.floor(1_048_576 / MAX_FRAME_PAYLOAD_BYTES))
    expect(link.frame('ack', new Uint8Array(0)).creditKiB).toBe(1_024)
  })

  it('keeps a bounded number of empty ones', () => {
    const { link, heard } = lonely()
    for (let seq = 1; seq < 50_000; seq++) link.receive(data(seq, WHOLE), 0)
    link.receive(data(0, WHOLE), 0)
    expect(heard.length).toBeLessThanOrEqual(4_096)
  })

  it('drops a message above the limit at its end, and hears the next', () => {
    const { link, heard } = lonely()
    const payload = new Uint8Array(MAX_FRAME_PAYLOAD_BYTES)
    const fragments = Math.ceil(MAX_MESSAGE_BYTES / MAX_FRAME_PAYLOAD_BYTES) + 1
    for (let seq = 0; seq < fragments; seq++) link.receive(data(seq, seq === 0 ? FLAG_FIRST : 0, payload), 0)
    link.receive(data(fragments, FLAG_LAST), 0)
    link.receive(data(fragments + 1, WHOLE | FLAG_TEXT, utf8('next')), 0)
    expect(heard).toEqual(['next'])
  })

  it('drops a message of endless empty fragments, which would fill the memory without counting', () => {
    const { link, heard } = lonely()
    const fragments = 5_000
    for (let seq = 0; seq < fragments; seq++) link.receive(data(seq, seq === 0 ? FLAG_FIRST : 0), 0)
    link.receive(data(fragments, FLAG_LAST), 0)
    link.receive(data(fragments + 1, WHOLE | FLAG_TEXT, utf8('next')), 0)
    expect(heard).toEqual(['next'])
  })

  it('takes a message of exactly the limit', () => {
    const { link, heard } = lonely()
    const fragments = Math.ceil(MAX_MESSAGE_BYTES / MAX_FRAME_PAYLOAD_BYTES)
    for (let seq = 0; seq < fragments; seq++) {
      const payload = new Uint8Array(
        Math.min(MAX_FRAME_PAYLOAD_BYTES, MAX_MESSAGE_BYTES - seq * MAX_FRAME_PAYLOAD_BYTES),
      )
      const flags = (seq === 0 ? FLAG_FIRST : 0) | (seq === fragments - 1 ? FLAG_LAST : 0)
      link.receive(data(seq, flags, payload), 0)
    }
    expect(heard.map((message) => message.length)).toEqual([MAX_MESSAGE_BYTES])
  })

  it('learns nothing from a first frame that it refuses', () => {
    const { link } = lonely()
    expect(link.receive({ ...acknowledging(1_000), epoch: 0x63_02 }, 0)).toBe(false)
    expect(link.receive(acknowledging(0), 0)).toBe(true)
  })

  it('survives any frames at all, and changes nothing for those it refuses', () => {
    const anyFrame = fc.record<Frame>({
      type: fc.constantFrom('data', 'ack', 'ping', 'resume', 'datagram'),
      flags: fc.nat(7),
      stream: fc.nat(65_535),
      seq: fc.oneof(fc.nat(10), fc.nat(2 ** 32 - 1)),
      ack: fc.oneof(fc.nat(3), fc.nat(2 ** 32 - 1)),
      creditKiB: fc.nat(65_535),
      epoch: fc.constantFrom(0x09_02, 0x09_00, 0x03_02, 0x09_03),
      payload: fc.uint8Array({ maxLength: 64 }).map((bytes) => Uint8Array.from(bytes)),
    })
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 60 }), (frames) => {
        const { link, heard, sent } = lonely()
        link.receive(acknowledging(0), 0)
        for (let i = 0; i < 3; i++) link.post(i, utf8('x'), true, 0)
        for (const frame of frames) {
          const before = [heard.length, sent.length, link.frame('ack', new Uint8Array(0))]
          const isTaken = link.receive(frame, 0)
          if (!isTaken) expect([heard.length, sent.length, link.frame('ack', new Uint8Array(0))]).toEqual(before)
        }
        expect(heard.length).toBeLessThanOrEqual(frames.length)
      }),
      { numRuns: 300 },
    )
  })
})

/** A link without another end, that writes down what it does. */
function lonely(change: Partial<LinkOutput> = {}): { link: Link; sent: Frame[]; heard: (string | Uint8Array)[] } {
  const sent: Frame[] = []
  const heard: (string | Uint8Array)[] = []
  const link = makeLink(1, {
    send: (frame) => {
      sent.push(frame)
      return true
    },
    acknowledge: () => void link.frame('ack', new Uint8Array(0)),
    deliver: (message) => void heard.push(message),
    accepted: () => {},
    ...change,
  })
  return { link, sent, heard }
}

function acknowledging(ack: number): Frame {
  const payload = new Uint8Array(0)
  return { type: 'ack', flags: 0, stream: 0, seq: 0, ack, creditKiB: 1_024, epoch: 0x09_02, payload }
}

function data(seq: number, flags: number, payload = new Uint8Array(0)): Frame {
  return { ...acknowledging(0), type: 'data', seq, flags, payload }
}
