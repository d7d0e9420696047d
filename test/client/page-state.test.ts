import { describe, expect, it } from 'vitest'
import type { Explanation, Path, Quality } from '../../client/api.ts'
import {
  initialState,
  MAX_LOG_ENTRIES,
  MAX_SHOWN_CHARACTERS,
  reduce,
  type PageEvent,
  type PageState,
} from '../../client/page/state.ts'
import { MAX_SHOWN_PEERS, viewOf } from '../../client/page/view.ts'
import type { PeerWay } from '../../client/page/ways.ts'

const RELAY: Path = { kind: 'relay' }
const DIRECT: Path = { kind: 'direct', local: 'host', remote: 'srflx', protocol: 'udp' }
const QUALITY: Quality = { rttMs: 2, jitterMs: 0.1, loss: 0, bytesPerSecond: 0, score: 97, level: 'excellent' }
const FAILURE = {
  code: 'join-refused',
  reason: 'rate-limited',
  message: 'Too many.',
  hint: 'Wait.',
  retryAfterMs: 12_000,
}

function after(...events: PageEvent[]): PageState {
  return events.reduce(reduce, initialState('mainnet', 0.5))
}

function peer(id: string, path: Path = RELAY, name = 'Ada'): PageEvent {
  const way = { carrier: 'room', isNeighbour: false } as const
  const facts = { id, siteId: `site-${id}`, name, state: 'verified', path, rttMs: undefined, quality: QUALITY } as const
  return { type: 'peer', peer: { ...facts, ...way }, sinceMs: 60, nowMs: 1_000 }
}

const JOINED: PageEvent[] = [
  { type: 'identity', siteId: 'mine', kept: true },
  { type: 'phase', phase: 'identity', sinceMs: 5 },
  { type: 'phase', phase: 'connecting', sinceMs: 7 },
  { type: 'phase', phase: 'welcome', sinceMs: 40 },
  { type: 'joined', peerId: 'me', networkId: 'net-x', total: 1 },
]

function steps(state: PageState): string[] {
  return viewOf(state).steps.map(({ milestone, progress, time }) => `${milestone} ${progress} ${time}`.trim())
}

describe('the steps of joining', () => {
  it('are shown with their times as they happen, and say what is awaited', () => {
    expect(steps(after(...JOINED.slice(0, 3)))).toEqual([
      'identity done 5.0 ms',
      'connecting done 7.0 ms',
      'welcome now',
      'first-peer later',
      'first-direct later',
    ])
  })

  it('go on to the first peer and the first direct path, which later ones do not overwrite', () => {
    const state = after(...JOINED, peer('a'), { type: 'path', id: 'a', path: DIRECT, sinceMs: 110, nowMs: 1_050 }, {
      ...peer('b', DIRECT),
      sinceMs: 500,
    } as PageEvent)
    expect(steps(state).slice(3)).toEqual(['first-peer done 60 ms', 'first-direct done 110 ms'])
  })

  it('await nothing once joining has failed', () => {
    expect(steps(after(...JOINED.slice(0, 3), { type: 'failed', failure: FAILURE })).slice(2)).toEqual([
      'welcome later',
      'first-peer later',
      'first-direct later',
    ])
  })
})

describe('the list of peers', () => {
  it('says how a peer is reached, in words and in terms', () => {
    const [relayed] = viewOf(after(...JOINED, peer('a'))).rows
    expect(relayed).toMatchObject({
      reach: 'relay',
      reachLabel: 'Relay',
      detail: 'through the room, sealed end to end',
    })
    const [direct] = viewOf(after(...JOINED, peer('a', DIRECT))).rows
    expect(direct).toMatchObject({ reach: 'direct', detail: 'local address (host) to public address (srflx), UDP' })
    const turn: Path = { kind: 'direct', local: 'relay', remote: 'relay', protocol: 'tcp' }
    const [forwarded] = viewOf(after(...JOINED, peer('a', turn))).rows
    expect(forwarded).toMatchObject({ reach: 'turn', detail: 'TURN server (relay) at both ends, TCP' })
  })

  it('forgets a round-trip time when the path that it was measured on is left', () => {
    const measured = after(...JOINED, peer('a'), { type: 'rtt', id: 'a', rttMs: 38.2, sampleMs: 40, nowMs: 1_040 })
    expect(viewOf(measured).rows[0]?.rtt).toBe('38 ms')
    expect(
      viewOf(reduce(measured, { type: 'path', id: 'a', path: DIRECT, sinceMs: 99, nowMs: 1_099 })).rows[0]?.rtt,
    ).toBe('')
  })

  it('says how well, and says nothing of it before it was measured', () => {
    const fresh = after(...JOINED, peer('a'))
    expect(viewOf(fresh).rows[0]).toMatchObject({ levelLabel: 'Not measured' })
    const measured = reduce(fresh, { type: 'rtt', id: 'a', rttMs: 2, sampleMs: 2, nowMs: 1_100 })
    expect(viewOf(measured).rows[0]).toMatchObject({ level: 'excellent', levelLabel: 'Excellent' })
    const poor = reduce(measured, { type: 'quality', id: 'a', quality: { ...QUALITY, score: 20, level: 'poor' } })
    expect(viewOf(poor).rows[0]).toMatchObject({ level: 'poor', levelLabel: 'Poor' })
  })

  it('calls a peer without a path reconnecting, and as before once it is back', () => {
    const measured = after(...JOINED, peer('a'), { type: 'rtt', id: 'a', rttMs: 2, sampleMs: 2, nowMs: 1_100 })
    const stalled = reduce(measured, { type: 'peer-state', id: 'a', state: 'stalled', nowMs: 2_000 })
    expect(viewOf(stalled).rows[0]).toMatchObject({
      reach: 'stalled',
      reachLabel: 'Reconnecting',
      detail: 'no path reaches it at the moment; messages wait',
      rtt: '',
      levelLabel: 'No connection',
    })
    const back = reduce(stalled, { type: 'peer-state', id: 'a', state: 'verified', nowMs: 3_000 })
    expect(viewOf(back).rows[0]).toMatchObject({ reach: 'relay', levelLabel: 'Excellent' })
    expect(back.peers.get('a')?.history.turns.map(({ reach }) => reach)).toEqual(['relay', 'stalled', 'relay'])
  })

  it('opens and closes the diagnosis of a peer, and forgets it with the peer', () => {
    const explanation: Explanation = {
      peerId: 'a' as Explanation['peerId'],
      phase: 'relay',
      path: RELAY,
      quality: QUALITY,
      relayIsUp: true,
      carrier: 'room',
      isNeighbour: false,
      heardMsAgo: 400,
      unacknowledgedBytes: 0,
      attempts: [],
      nextAttemptInMs: undefined,
      advice: ['turn-needed'],
    }
    const open = reduce(after(...JOINED, peer('a')), { type: 'explained', id: 'a', explanation })
    expect(viewOf(open).rows[0]?.diagnosis?.advice).toEqual([expect.stringContaining('TURN server')])
    expect(
      viewOf(reduce(open, { type: 'explained', id: 'a', explanation: undefined })).rows[0]?.diagnosis,
    ).toBeUndefined()
    const gone = reduce(reduce(open, { type: 'peer-left', id: 'a' }), { type: 'explained', id: 'a', explanation })
    expect(viewOf(gone).rows).toEqual([])
  })

  it('shows nothing of peers that have left or were never met', () => {
    const state = after(
      ...JOINED,
      peer('a'),
      { type: 'peer-left', id: 'a' },
      { type: 'rtt', id: 'a', rttMs: 1, sampleMs: 1, nowMs: 1_001 },
      { type: 'path', id: 'z', path: DIRECT, sinceMs: 1, nowMs: 1_001 },
    )
    expect(viewOf(state)).toMatchObject({ rows: [], alone: true, sendable: false })
  })

  it('stays short in a large room and says what it leaves out', () => {
    const many = Array.from({ length: MAX_SHOWN_PEERS + 5 }, (_, i) => peer(`p${i}`))
    const view = viewOf(after(...JOINED, { type: 'total', total: 1_000 }, ...many))
    expect(view.rows).toHaveLength(MAX_SHOWN_PEERS)
    expect(view).toMatchObject({ more: 'and 5 more', census: '1000 members, 105 of 999 others met' })
  })

  it('gives a nameless peer a label, and keeps a hostile name as the text it is', () => {
    const rows = viewOf(after(...JOINED, peer('aaaaaaaa', RELAY, '  '), peer('b', RELAY, '<img onerror=x>'))).rows
    expect(rows.map(({ label }) => label)).toEqual(['Unnamed peer · aaaaaa', '<img onerror=x> · b'])
  })
})

/** What is so of carriers and peers. Who is not named is reached over the room. */
function ways(
  up: { room: boolean; neighbours?: boolean; gun?: boolean },
  peers: Readonly<Record<string, PeerWay>> = {},
): PageEvent {
  const carriers = Object.entries(up).map(([name, isUp]) => ({ name, isUp }))
  return { type: 'ways', carriers, peers: new Map(Object.entries(peers)) }
}

describe('the ways to members', () => {
  const lost: PageEvent = { type: 'state', state: 'reconnecting' }

  it('are not spoken of where the room is the only one', () => {
    expect(viewOf(after(...JOINED, ways({ room: true })))).toMatchObject({ ways: [], withoutRoom: '', goesOn: false })
  })

  it('are told each with whether it works', () => {
    const { ways: told } = viewOf(after(...JOINED, ways({ room: true, neighbours: true, gun: false })))
    expect(told.map(({ label, isUp, words }) => [label, isUp, words])).toEqual([
      ['Room', true, 'in reach'],
      ['Neighbours', true, 'in reach'],
      ['Gun relays', false, 'out of reach'],
    ])
  })

  it('are said to go on without the room, with what is missing', () => {
    const view = (up: Parameters<typeof ways>[0]) => viewOf(after(...JOINED, peer('a'), lost, ways(up)))
    expect(view({ room: false, neighbours: true, gun: true })).toMatchObject({
      status: 'reconnecting',
      goesOn: true,
      statusText: 'Going on without the room',
      withoutRoom:
        'The room does not answer, and is being tried again. Meanwhile members go on over neighbours and Gun relays; ' +
        'newcomers come in only where they use the same Gun relays.',
      failureWait: '',
      sendable: true,
    })
    expect(view({ room: false, neighbours: true, gun: false }).withoutRoom).toMatch(
      /go on over neighbours; newcomers come in only where a member reaches them\.$/,
    )
    expect(view({ room: false, neighbours: false, gun: true }).withoutRoom).toMatch(
      /go on over Gun relays; messages without a direct path wait, and newcomers .*\.$/,
    )
    expect(view({ room: false, neighbours: false })).toMatchObject({
      goesOn: false,
      statusText: 'Reconnecting to the room…',
      withoutRoom: expect.stringMatching(/direct paths stay up; other messages wait, and nobody new is met\.$/),
    })
  })

  it('are none of the room’s while this device is offline', () => {
    const state = after(...JOINED, lost, ways({ room: false, gun: true }), { type: 'online', isOnline: false })
    expect(viewOf(state)).toMatchObject({ goesOn: false, withoutRoom: '' })
  })

  it('show which one leads to a peer', () => {
    const met = after(...JOINED, peer('a'), peer('b'), lost)
    const led = reduce(met, ways({ room: false }, { a: { carrier: 'neighbours', isNeighbour: true } }))
    expect(viewOf(led).rows.map(({ detail }) => detail)).toEqual([
      'through neighbours, sealed end to end',
      'through the room, sealed end to end',
    ])
    const introduced = reduce(met, ways({ room: false }, { a: { carrier: 'gun', isNeighbour: false } }))
    expect(viewOf(introduced).rows[0]).toMatchObject({
      reachLabel: 'Introduced',
      detail: 'only introduced over Gun relays; messages wait for a direct path',
    })
  })

  it('count who is linked, and neighbours among them, where there are more members than that', () => {
    const neighbour = { carrier: 'room', isNeighbour: true }
    const state = after(
      ...JOINED,
      peer('a'),
      peer('b'),
      peer('c'),
      ways({ room: true }, { a: neighbour, b: neighbour }),
    )
    expect(viewOf(reduce(state, { type: 'total', total: 120 })).census).toBe(
      '120 members, linked to 3, 2 of them neighbours',
    )
    expect(viewOf(reduce(state, { type: 'total', total: 4 })).census).toBe('4 members')
    expect(viewOf(reduce(state, lost)).census).toBe('3 members in reach, 2 of them neighbours')
    const all = reduce(state, ways({ room: true }, { c: neighbour }))
    expect(viewOf(reduce(all, lost)).census).toBe('3 members in reach, all neighbours')
    const left = reduce(reduce(state, { type: 'peer-left', id: 'b' }), { type: 'peer-left', id: 'c' })
    expect(viewOf(reduce(left, lost)).census).toBe('1 member in reach, a neighbour')
    expect(viewOf(reduce(left, { type: 'total', total: 40 })).census).toBe('40 members, linked to 1, a neighbour')
  })

  it('invite nobody to where nobody can come', () => {
    expect(viewOf(after(...JOINED))).toMatchObject({ alone: true })
    expect(viewOf(after(...JOINED, lost))).toMatchObject({
      alone: false,
      idle: 'Nobody is in reach at the moment.',
      withoutRoom: 'The room does not answer, and is being tried again.',
    })
  })

  it('leave the state as it is when nothing has changed', () => {
    const event = ways({ room: true, neighbours: true }, { a: { carrier: 'neighbours', isNeighbour: true } })
    const state = after(...JOINED, peer('a'), event)
    expect(reduce(state, event)).toBe(state)
    expect(reduce(state, ways({ room: true, neighbours: false }))).not.toBe(state)
  })

  it('are forgotten with the stay', () => {
    expect(reduce(after(...JOINED, ways({ room: true, gun: true })), { type: 'left' }).carriers).toEqual([])
  })
})

describe('the states of the page', () => {
  it('counts members, in the title too, as soon as it is in the room', () => {
    expect(viewOf(after()).title).toBe('mainnet · Edge-Net')
    expect(viewOf(after(...JOINED))).toMatchObject({ title: '(1) mainnet · Edge-Net', census: 'nobody else so far' })
  })

  it('keeps a total that was told before joining was reported', () => {
    const state = after({ type: 'total', total: 3 }, { type: 'joined', peerId: 'me', networkId: 'n', total: 1 })
    expect(state.total).toBe(3)
  })

  it('keeps peers while the room is out of reach and drops them when the stay is over', () => {
    const met = after(...JOINED, peer('a'))
    const away = reduce(met, { type: 'state', state: 'reconnecting' })
    expect(viewOf(away)).toMatchObject({ rows: [{ id: 'a' }], census: '1 member in reach', goesOn: false })
    const stalled = reduce(reduce(away, peer('b', DIRECT)), {
      type: 'peer-state',
      id: 'a',
      state: 'stalled',
      nowMs: 2_000,
    })
    expect(viewOf(stalled).census).toBe('1 member in reach')
    expect(viewOf(reduce(met, { type: 'left' }))).toMatchObject({ status: 'left', rows: [], sendable: false })
  })

  it('tells a refusal after joining from a leave of our own', () => {
    const refused = after(...JOINED, { type: 'state', state: 'closed', failure: FAILURE })
    expect(refused).toMatchObject({ status: 'failed', failure: FAILURE })
    expect(viewOf(refused).failureWait).toBe('The room asks to wait 12 s.')
    expect(after(...JOINED, { type: 'state', state: 'closed' }).status).toBe('left')
  })

  it('starts afresh when joining again, but keeps what was said', () => {
    const said = after(...JOINED, peer('a'), { type: 'message', who: 'Ada', data: 'hi', atMs: 1 })
    const again = reduce(said, { type: 'joining' })
    expect(again).toMatchObject({ status: 'joining', milestones: {}, self: undefined, nextKey: 1 })
    expect(again.peers.size).toBe(0)
    expect(again.log).toHaveLength(1)
  })
})

describe('the message log', () => {
  it('is bounded in entries and in the length of each', () => {
    const flood = Array.from({ length: MAX_LOG_ENTRIES + 50 }, (_, i): PageEvent => {
      return { type: 'message', who: 'Ada', data: `${i}`, atMs: i }
    })
    const state = after(...flood)
    expect(state.log).toHaveLength(MAX_LOG_ENTRIES)
    expect(state.log.at(-1)?.text).toBe(`${MAX_LOG_ENTRIES + 49}`)
    const long = after({ type: 'message', who: 'Ada', data: 'x'.repeat(1_000_000), atMs: 1 }).log[0]?.text ?? ''
    expect(long.length).toBeLessThan(MAX_SHOWN_CHARACTERS + 50)
    expect(long).toContain('(1000000 characters)')
  })

  it('says how much binary data came instead of showing it', () => {
    const state = after({ type: 'message', who: 'Ada', data: new Uint8Array(2_048), atMs: 1 })
    expect(state.log[0]?.text).toBe('(2.0 KiB of binary data)')
  })

  it('keeps why a message of ours did not go out', () => {
    const state = after({ type: 'sent', who: 'Ada', text: 'hi', atMs: 1, failure: 'gone' })
    expect(state.log[0]).toMatchObject({ mine: true, failure: 'gone' })
  })
})
