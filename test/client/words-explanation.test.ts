import { describe, expect, it } from 'vitest'
import type { AttemptReport, Explanation } from '../../client/api.ts'
import { ADVICE_WORDS, explanationWords, phaseWords } from '../../client/explanation-words.ts'
import { reachOf } from '../../client/words.ts'

const QUALITY = { rttMs: 41.2, jitterMs: 3.4, loss: 0.1, bytesPerSecond: 2_048, score: 71, level: 'good' } as const
const OPEN: AttemptReport = {
  number: 1,
  role: 'offerer',
  state: 'open',
  ageMs: 4_000,
  openedAfterMs: 320,
  local: ['host', 'srflx'],
  remote: ['host'],
}

function explained(changes: Partial<Explanation>): Explanation {
  return {
    peerId: 'a' as Explanation['peerId'],
    phase: 'direct',
    path: { kind: 'direct', local: 'host', remote: 'host', protocol: 'udp' },
    quality: QUALITY,
    relayIsUp: true,
    carrier: 'room',
    isNeighbour: false,
    heardMsAgo: 800,
    unacknowledgedBytes: 1_536,
    attempts: [OPEN],
    nextAttemptInMs: undefined,
    advice: [],
    ...changes,
  }
}

const factsOf = (explanation: Explanation) =>
  Object.fromEntries(explanationWords(explanation).facts.map(({ term, value }) => [term, value]))

describe('an explanation in words', () => {
  it('says what is so', () => {
    expect(explanationWords(explained({})).phase).toBe('Direct: messages pass over a healthy direct path')
    expect(factsOf(explained({}))).toEqual({
      Path: 'local address (host) at both ends, UDP',
      Quality: 'good, score 71',
      'Round trip': '41 ms, jitter 3.4 ms',
      'Lost pings': '10 % of the last 50',
      Acknowledged: '2.0 KiB a second',
      Unacknowledged: '1.5 KiB',
      'Last heard': '800 ms ago',
      Carrier: 'the room',
      Neighbour: 'no',
      'Next attempt': 'none planned',
    })
  })

  it('names no path where there is none, though the last one is known', () => {
    const nobody = { relayIsUp: false, carrier: undefined } as const
    const stalled = explained({ ...nobody, phase: 'stalled', heardMsAgo: undefined, nextAttemptInMs: 1_500 })
    expect(factsOf(stalled)).toMatchObject({
      Path: 'none',
      Quality: 'no connection',
      'Round trip': 'no path',
      'Last heard': 'never',
      Carrier: 'none leads to it',
      'Next attempt': 'in 1.5 s',
    })
  })

  it('tells attempts, the latest first, with what each side had to offer', () => {
    const failed: AttemptReport = { ...OPEN, number: 2, role: 'answerer', state: 'timeout', ageMs: 1_000, remote: [] }
    const { openedAfterMs: _, ...neverOpen } = failed
    const lost: AttemptReport = { ...OPEN, state: 'silent' }
    expect(explanationWords(explained({ attempts: [lost, neverOpen] })).attempts).toEqual([
      'No. 2 (theirs), 1.0 s ago: not open in time. Our addresses: local, public; theirs: none.',
      'No. 1 (ours), 4.0 s ago: open after 320 ms, fell silent and was given up. Our addresses: local, public; theirs: local.',
    ])
    expect(explanationWords(explained({})).attempts[0]).toContain('ago: open after 320 ms. Our')
  })

  it('has a sentence for every phase and every advice', () => {
    for (const phase of ['introducing', 'relay', 'connecting', 'direct', 'doubtful', 'stalled', 'closed'] as const) {
      expect(phaseWords({ phase, carrier: 'room' })).toMatch(/^[A-Z][a-z]+: .{10,}$/)
    }
    for (const sentence of Object.values(ADVICE_WORDS)) expect(sentence).toMatch(/^[A-Z].*\.$/)
    const { advice } = explanationWords(explained({ advice: ['turn-needed', 'stun-unanswered'] }))
    expect(advice).toEqual([ADVICE_WORDS['turn-needed'], ADVICE_WORDS['stun-unanswered']])
  })
})

describe('what carries messages', () => {
  it('is said of whichever carrier leads to the peer', () => {
    const relayed = (carrier: string | undefined) => phaseWords({ phase: 'relay', carrier })
    expect(relayed('room')).toBe('Relay: messages pass through the room, and no direct path is being tried')
    expect(relayed('neighbours')).toContain('messages pass through neighbours')
    expect(relayed('gun')).toContain('messages wait, since Gun relays only introduce')
    expect(relayed('pigeons')).toContain('messages pass through pigeons')
    expect(relayed('constructor')).toContain('messages pass through constructor')
    expect(relayed(undefined)).toContain('messages wait, since nothing leads to it')
    expect(factsOf(explained({ carrier: 'gun', isNeighbour: true }))).toMatchObject({
      Carrier: 'Gun relays',
      Neighbour: 'yes: it passes on what is said to all',
    })
  })
})

describe('how a peer is reached', () => {
  const turn = { kind: 'direct', local: 'relay', remote: 'host', protocol: 'udp' } as const

  it('is by its path, unless none carries', () => {
    expect(reachOf({ state: 'verified', path: turn })).toBe('turn')
    expect(reachOf({ state: 'stalled', path: turn })).toBe('stalled')
  })
})
