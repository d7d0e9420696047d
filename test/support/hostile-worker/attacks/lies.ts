/** What a room says of itself and of others, and none of it true. */
import { toBase64Url } from '../../../../protocol/bytes.ts'
import type { PeerId } from '../../../../protocol/peer-id.ts'
import { ScriptedPeer } from '../../scripted-peer.ts'
import type { Attack, Lair, Told, MakeAttack } from '../attack.ts'
import { joined } from './announcements.ts'
import { noise } from './forgeries.ts'

const AGAIN_MS = 40
const FAKES = 300
const TEN_YEARS_MS = 10 * 365 * 86_400_000
const HUGE = Number.MAX_SAFE_INTEGER

/** Says something to everybody, over and over. */
function insisting(say: (to: PeerId, lair: Lair) => readonly (Told | string)[]): MakeAttack {
  const insist = (lair: Lair) => {
    for (const { id } of lair.victims) {
      for (const message of say(id, lair)) {
        if (typeof message === 'string') lair.raw(id, message)
        else lair.say(id, message)
      }
    }
    lair.later(AGAIN_MS, () => insist(lair))
  }
  return (): Attack => ({ begin: insist })
}

const ofOthers = (type: string, more: object = {}) =>
  insisting((to, { victims }) =>
    victims.filter(({ id }) => id !== to).map(({ id: peerId }) => ({ type, peerId, total: 1, ...more })),
  )

export const LIES: Readonly<Record<string, MakeAttack>> = {
  'everybody left': ofOthers('peer-left'),
  'everybody was lost': ofOthers('peer-left', { lost: true }),
  'everybody is gone': ofOthers('gone'),
  'everybody is away': ofOthers('away'),
  /** All of it at once, and nothing is carried. */
  'nobody is there': (network) => {
    const lies = ['everybody left', 'everybody is gone', 'everybody is away'].map((name) => LIES[name]?.(network))
    return {
      begin: async (lair) => {
        for (const lie of lies) await lie?.begin?.(lair)
      },
      envelope: () => [],
    }
  },
  /** Nothing is carried, and whoever sends hears that nobody is there: links lose their only path. */
  'drop everything and know nobody': () => ({
    ...ofOthers('gone')(''),
    envelope: () => [],
  }),
  'nobody is there, says a welcome': insisting((to) => [welcome(to, { total: 1, peers: [] })]),
  'you yourself left': insisting((peerId) => [
    { type: 'peer-left', peerId, total: 0 },
    { type: 'gone', peerId },
    { type: 'away', peerId },
  ]),
  'you yourself joined': insisting((to, { victims }) => {
    const own = victims.filter(({ id }) => id === to).map(({ announcement }) => announcement)
    const peers = own.flatMap((announcement) => [{ announcement: toBase64Url(announcement) }])
    return [
      ...own.map((announcement) => joined(announcement, 2)),
      { type: 'peer-list', total: 2, peers },
      welcome(to, { peers, total: 2 }),
    ]
  }),
  'absurd numbers': insisting((to) => [
    ...[0, -1, 0.5, HUGE, 1e308, '3', null, [], {}].flatMap((number) => [
      { type: 'peer-list', total: number, peers: [] },
      { type: 'peer-left', peerId: toBase64Url(noise(16)), total: number },
      welcome(to, { total: number }),
      welcome(to, { serverTimeMs: number }),
    ]),
    { type: 'limited', scope: 'relay', retryAfterMs: 0 },
    { type: 'limited', scope: 'relay', retryAfterMs: -1 },
    { type: 'limited', scope: 'nothing', retryAfterMs: HUGE },
    { type: 'limited', scope: 'relay', retryAfterMs: 'for ever' },
  ]),
  'slow down for ever': insisting(() =>
    ['control', 'signal', 'relay', 'target'].map((scope) => ({ type: 'limited', scope, retryAfterMs: HUGE })),
  ),
  nonsense: insisting(() => [
    '',
    '{',
    'null',
    '[]',
    '"ping"',
    'ping',
    '{"type":"__proto__"}',
    '{"type":"constructor","peerId":1}',
    '{"type":"toString"}',
    '{"__proto__":{"type":"welcome"},"type":"peer-list","total":1,"peers":[{"__proto__":null}]}',
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    JSON.stringify({ type: 'peer-list', total: 1, peers: 'x'.repeat(100_000) }),
    JSON.stringify({ type: 'peer-joined', peer: { announcement: 'A'.repeat(100_000) }, total: 1 }),
    JSON.stringify({ type: 'peer-list', total: 1, peers: Array(100_000).fill(0) }),
    'é\u0000\uFFFF'.repeat(1_000),
  ]),
  'a flood of errors': insisting(() =>
    ['internal', 'control-malformed', 'envelope-size', 'rate-limited', 'room-full', 'nobody-knows-this-code'].map(
      (code) => ({
        type: 'error',
        code,
        message: '<b>no</b>',
        hint: '\u001b[31m',
        serverTimeMs: 0,
        retryAfterMs: HUGE,
      }),
    ),
  ),
  'throw everybody out': () => ({
    begin: ({ victims, say, cut }) => {
      for (const { id } of victims) {
        say(id, { type: 'error', code: 'superseded', message: 'm', hint: 'h', serverTimeMs: Date.now() })
        cut(id, 4410)
      }
    },
  }),
  'close every socket': () => ({
    begin: ({ victims, cut }) => {
      for (const [i, { id }] of victims.entries()) cut(id, [1000, 1012, 4000, 4999][i % 4] ?? 1000)
    },
  }),
  'a flood of fake peers': () => ({
    begin: async ({ victims, network, say, deliver }) => {
      for (let i = 0; i < FAKES; i++) {
        const fake = await ScriptedPeer.create(network)
        const listed = { announcement: toBase64Url(fake.announcement) }
        for (const { id: to } of victims) {
          say(to, i % 2 === 0 ? joined(fake.announcement, HUGE) : { type: 'peer-list', total: HUGE, peers: [listed] })
          deliver({ kind: 2, from: fake.peerId, to, body: noise(100) })
        }
      }
    },
  }),
  'ten years ahead': clocks(TEN_YEARS_MS),
  'ten years behind': clocks(-TEN_YEARS_MS),
  'the end of time': clocks(HUGE),
  /** What no engine takes, in every welcome from now on. */
  'senseless ICE servers': iceServers([
    null,
    5,
    'stun:x',
    {},
    { urls: 7 },
    { urls: ['javascript:alert(1)'] },
    { urls: [] },
  ]),
  'ICE servers with senseless credentials': iceServers([
    { urls: 'turn:127.0.0.1:9', username: '\ud800', credential: { toString: 1 } },
    { urls: 'turn:127.0.0.1:9', username: 5, credential: null },
    { urls: 'stun:user:pass@[::1]:99999?transport=carrier-pigeon' },
  ]),
  'a thousand ICE servers': iceServers(
    Array.from({ length: 1_000 }, (_, i) => ({ urls: `stun:127.0.0.1:${1 + (i % 60_000)}` })),
  ),
  'ICE servers that are no list': iceServers({ length: 3 }),
}

/** Clocks are set by a welcome; afterwards the socket is lost, so that the next ticket bears the wrong date. */
function clocks(aheadMs: number): MakeAttack {
  const serverTimeMs = () => Math.min(HUGE, Math.max(0, Date.now() + aheadMs))
  return () => ({
    begin: ({ victims, say, cut }) => {
      for (const { id } of victims) {
        say(id, welcome(id, { serverTimeMs: serverTimeMs() }))
        cut(id, 1012)
      }
    },
    control: (message) => [message.type === 'welcome' ? { ...message, serverTimeMs: serverTimeMs() } : message],
  })
}

function iceServers(servers: unknown): MakeAttack {
  const ice = { iceServers: servers, expiresAtMs: 1e308 }
  return () => ({
    begin: ({ victims, say }) => {
      for (const { id } of victims) say(id, welcome(id, { ice }))
    },
    control: (message) => [message.type === 'welcome' ? { ...message, ice } : message],
  })
}

function welcome(peerId: PeerId, change: object): Told {
  return { type: 'welcome', peerId, serverTimeMs: Date.now(), total: 3, peers: [], resumed: true, ...change }
}
