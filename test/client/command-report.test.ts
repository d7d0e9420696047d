import { describe, expect, it } from 'vitest'
import type { Path, Quality } from '../../client/api.ts'
import { jsonWriter, plainWriter, type CommandEvent, type PeerRecord } from '../../client/node/report.ts'
import { safeJson, safeText, styleFor, wantsColour } from '../../client/node/terminal.ts'
import { CREDITS, ENTRY, STATISTICS } from '../support/fake-ledger.ts'

const ADA: PeerRecord = {
  id: 'Qw81kZpR7tV1nB5cD8fG4h',
  siteId: 'Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU',
  name: 'Ada',
  capabilities: [],
  rtc: true,
  state: 'verified',
  path: { kind: 'relay' },
  carrier: 'room',
  isNeighbour: false,
}
const DIRECT = { kind: 'direct', local: 'host', remote: 'prflx', protocol: 'udp' } as const
// oxlint-disable-next-line no-control-regex -- control characters are what must not be there
const OBEYED_BY_TERMINALS = /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/
const HOSTILE = 'a\u001b]0;owned\u0007\u001b[2J\r\nfake line\u009b31m\u202egnp.exe\u2028'

function lines(...events: CommandEvent[]): (string | undefined)[] {
  const write = plainWriter(styleFor(false))
  return events.map((event) => write({ ...event, sinceMs: 63 })?.replace(/^ *63 ms +/, ''))
}

describe('lines for people', () => {
  it('tell of carriers, and how members go on without the room', () => {
    const carriers = (neighbours: boolean, gun: boolean) => [
      { name: 'room', isUp: false },
      { name: 'neighbours', isUp: neighbours },
      { name: 'gun', isUp: gun },
    ]
    const error = { code: 'unsupported', reason: 'gun-missing', message: 'Gun could not be loaded.', hint: '' }
    expect(
      lines(
        { event: 'carrier-up', carrier: 'room' },
        { event: 'carrier-up', carrier: 'neighbours' },
        { event: 'carrier-down', carrier: 'room' },
        { event: 'state', state: 'reconnecting', carriers: carriers(true, true) },
        { event: 'path', peer: { ...ADA, carrier: 'neighbours' }, path: ADA.path },
        { event: 'carrier-down', carrier: 'neighbours' },
        { event: 'state', state: 'reconnecting', carriers: carriers(false, false) },
        { event: 'carrier-down', carrier: 'gun', error },
        { event: 'state', state: 'open', carriers: carriers(true, true) },
        { event: 'broadcast', from: ADA, text: 'hello' },
      ),
    ).toEqual([
      undefined,
      'carrier-up   Neighbours: members can be reached without the room',
      undefined,
      'state        the room is out of reach; members go on over neighbours and Gun relays, newcomers come in only where they use the same Gun relays; trying again',
      'path         Ada (Qw81kZ): relay, through neighbours, sealed end to end',
      'carrier-down Neighbours: out of reach, trying again.',
      'state        the room is out of reach; direct paths stay up, other messages wait, and nobody new is met; trying again',
      'carrier-down Gun relays: out of reach, trying again. Gun could not be loaded.',
      'state        in the room again',
      'broadcast    Ada (Qw81kZ), to all: hello',
    ])
  })

  it('tell peers, paths and messages', () => {
    expect(
      lines(
        { event: 'peer', peer: ADA },
        { event: 'path', peer: ADA, path: DIRECT },
        { event: 'message', peer: ADA, text: 'hello' },
        { event: 'message', peer: ADA, base64url: 'AAAA' },
        { event: 'sent', text: 'hi', receivers: 1 },
        { event: 'peer-left', peer: ADA, reason: 'left', unconfirmed: [] },
        { event: 'peer-left', peer: ADA, reason: 'lost', unconfirmed: [3, 4] },
      ),
    ).toEqual([
      'peer         Ada (Qw81kZ): relay, through the room, sealed end to end',
      'path         Ada (Qw81kZ): direct, local address (host) to address found on the way (prflx), UDP',
      'message      Ada (Qw81kZ): hello',
      'message      Ada (Qw81kZ): (3 bytes of binary data)',
      'sent         to 1 peer: hi',
      'peer-left    Ada (Qw81kZ): left',
      'peer-left    Ada (Qw81kZ): lost; 2 messages to it not confirmed',
    ])
  })

  it('tell the first round-trip time on each path and no further one', () => {
    const rtt = (rttMs: number, path: Path = ADA.path): CommandEvent => {
      return { event: 'rtt', peer: { ...ADA, path }, rttMs, sampleMs: rttMs }
    }
    const told = lines(rtt(38), rtt(39), { event: 'path', peer: ADA, path: DIRECT }, rtt(1.3, DIRECT), rtt(1.4, DIRECT))
    expect(told.map((line) => line?.split(': ').at(-1))).toEqual([
      '38 ms',
      undefined,
      expect.stringContaining('direct'),
      '1.3 ms',
      undefined,
    ])
  })

  it('tell when no path reaches a peer, and when one does again', () => {
    expect(
      lines(
        { event: 'peer-state', peer: ADA, state: 'stalled' },
        { event: 'peer-state', peer: { ...ADA, path: DIRECT }, state: 'verified' },
      ),
    ).toEqual([
      'peer-state   Ada (Qw81kZ): reconnecting, no path reaches it; messages wait',
      'peer-state   Ada (Qw81kZ): reached again, direct, local address (host) to address found on the way (prflx), UDP',
    ])
  })

  it('tell of quality what is trouble, and its end', () => {
    const quality = (level: Quality['level'], rttMs = 412): CommandEvent => {
      return {
        event: 'quality',
        peer: ADA,
        quality: { rttMs, jitterMs: 1, loss: 0.08, bytesPerSecond: 0, score: 1, level },
      }
    }
    expect(
      lines(
        quality('excellent'),
        quality('good'),
        quality('poor'),
        quality('good', 30),
        quality('excellent'),
        quality('lost'),
      ),
    ).toEqual([
      undefined,
      undefined,
      'quality      Ada (Qw81kZ): poor (412 ms, 8 % of pings lost)',
      'quality      Ada (Qw81kZ): good (30 ms, 8 % of pings lost)',
      undefined,
      undefined,
    ])
  })

  it('tell how the ledger grows, without a line for every entry', () => {
    const write = plainWriter(styleFor(false))
    const at = (sinceMs: number, event: CommandEvent) => write({ ...event, sinceMs })?.replace(/^ *[\d.]+ m?s +/, '')
    const entry = (sinceMs: number) => at(sinceMs, { event: 'entry', entry: ENTRY, isOwn: false })
    expect([0, 1, 999, 1_000, 1_001].map(entry)).toEqual([
      'entry        AAAAAAAAAAAA: 2,097 units, task',
      undefined,
      undefined,
      'entry        AAAAAAAAAAAA: 2,097 units, task (and 2 others before)',
      undefined,
    ])
    expect(entry(60_000)).toContain('(and 1 other before)')
    expect(at(70_000, { event: 'entry', entry: ENTRY, isOwn: true })).toBeUndefined()
    expect(at(70_000, { event: 'confirmed', id: ENTRY.id, contributor: ENTRY.contributor })).toBeUndefined()
    const own = { ...CREDITS, credits: 20 }
    expect(
      lines(
        { event: 'contributed', entry: ENTRY, resultHash: 'h', elapsedMs: 3_400 },
        { event: 'sync', peer: ADA, state: 'comparing' },
        { event: 'sync', peer: ADA, state: 'catching-up' },
        { event: 'sync', peer: ADA, state: 'live' },
        { event: 'sync', peer: ADA, state: 'ended' },
        { event: 'fork', contributor: ENTRY.contributor, writer: ENTRY.writer, seq: 1_000, entries: ['a', 'b'] },
        { event: 'ledger', ...STATISTICS, entries: 2, contributors: 1, credits: 40, own },
        { event: 'ledger', ...STATISTICS, entries: 1, contributors: 1, credits: 1 },
      ),
    ).toEqual([
      'contributed  2,097 units in 3.4 s, 20 credits: task',
      undefined,
      'sync         Ada (Qw81kZ): not the same ledger yet, entries are on their way',
      'sync         Ada (Qw81kZ): has the same ledger',
      undefined,
      'fork         AAAAAAAAAAAA has forked: two entries have its number 1,000',
      'ledger       2 entries by 1 contributor, 0 confirmed; 20 of 40 credits are yours',
      'ledger       1 entry by 1 contributor, 0 confirmed; 0 of 1 credit is yours',
    ])
  })

  it('show control characters of strangers instead of obeying them', () => {
    const hostile = { ...ENTRY, taskId: HOSTILE }
    const told = lines(
      { event: 'peer', peer: { ...ADA, name: HOSTILE } },
      { event: 'message', peer: ADA, text: HOSTILE },
      { event: 'entry', entry: hostile, isOwn: false },
      { event: 'contributed', entry: hostile, resultHash: 'h', elapsedMs: 1 },
      { event: 'sync', peer: { ...ADA, name: HOSTILE }, state: 'live' },
    )
    for (const line of told) {
      expect(line).not.toMatch(OBEYED_BY_TERMINALS)
      expect(line).toContain('\\u001b[2J\\r\\nfake line\\u009b31m\\u202egnp.exe\\u2028')
    }
  })

  it('carry colour only where it is wanted', () => {
    expect(plainWriter(styleFor(true))({ event: 'peer', peer: ADA, sinceMs: 1 })).toContain('\u001b[36mAda\u001b[0m')
    expect(wantsColour(true, {})).toBe(true)
    expect(wantsColour(false, {})).toBe(false)
    expect(wantsColour(true, { NO_COLOR: '1' })).toBe(false)
    expect(wantsColour(true, { TERM: 'dumb' })).toBe(false)
  })

  it('cut what would fill the scrollback', () => {
    expect(safeText('x'.repeat(5_000))).toHaveLength(2_000 + '… (5000 characters)'.length)
  })
})

describe('lines for programs', () => {
  it('are one object each, with the event and its time, and read back as they were', () => {
    const line = jsonWriter()({ event: 'message', peer: { ...ADA, name: HOSTILE }, text: HOSTILE, sinceMs: 63.5 }) ?? ''
    expect(line).not.toMatch(OBEYED_BY_TERMINALS)
    expect(JSON.parse(line)).toEqual({
      event: 'message',
      peer: { ...ADA, name: HOSTILE },
      text: HOSTILE,
      sinceMs: 63.5,
    })
  })

  it('leave ordinary text of any script readable', () => {
    expect(safeJson({ name: 'Zoë 東京 שלום 🙂' })).toBe('{"name":"Zoë 東京 שלום 🙂"}')
  })
})
