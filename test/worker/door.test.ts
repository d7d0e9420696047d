import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { MAX_TICKET_CHARACTERS, SUBPROTOCOL } from '../../protocol/limits.ts'
import type { RefusalCode } from '../../protocol/room-messages.ts'
import { app } from '../../worker/app.ts'
import { ipPrefix } from '../../worker/rate-limits.ts'
import { connect, HOST, join, newSession, present, TestPeer, type Session } from './scenario.ts'

/** Ways to come that the door refuses, with the code it must give and the close code of the socket. */
const REFUSED: Record<
  string,
  { code: RefusalCode; close: number; protocols: (session: Session) => Promise<string[]> }
> = {
  'without a ticket': { code: 'ticket-missing', close: 4401, protocols: async () => [SUBPROTOCOL] },
  'with no subprotocol at all': { code: 'ticket-missing', close: 4401, protocols: async () => [] },
  'with something else for a ticket': {
    code: 'ticket-malformed',
    close: 4400,
    protocols: async () => [SUBPROTOCOL, 'hello'],
  },
  'with a ticket beyond any size': {
    code: 'ticket-malformed',
    close: 4400,
    protocols: async () => [SUBPROTOCOL, 'A'.repeat(MAX_TICKET_CHARACTERS + 4)],
  },
  'with a ticket cut short': {
    code: 'ticket-malformed',
    close: 4400,
    protocols: async (session) => [SUBPROTOCOL, (await session.ticket()).slice(0, -8)],
  },
  'with a ticket that somebody else signed': {
    code: 'ticket-signature',
    close: 4401,
    protocols: async (session) => {
      const { sign } = await newSession(session.network)
      return [SUBPROTOCOL, await session.ticket({ sign })]
    },
  },
  "with somebody else's announcement, the ticket signed with an own key": {
    code: 'ticket-signature',
    close: 4401,
    protocols: async (session) => {
      const victim = await newSession(session.network)
      return [SUBPROTOCOL, await session.ticket({ announcement: await victim.announce() })]
    },
  },
  "with somebody else's core announced under an own signature": {
    code: 'announcement-signature',
    close: 4401,
    protocols: async (session) => {
      const victim = await newSession(session.network)
      const announcement = (await victim.announce()).slice()
      const own = await session.announce()
      announcement.set(own.slice(-64), announcement.length - 64)
      return [SUBPROTOCOL, await victim.ticket({ announcement })]
    },
  },
  'with a ticket of ten minutes ago': {
    code: 'ticket-clock',
    close: 4401,
    protocols: async (session) => [SUBPROTOCOL, await session.ticket({ issuedAtMs: Date.now() - 600_000 })],
  },
  'with a ticket of tomorrow': {
    code: 'ticket-clock',
    close: 4401,
    protocols: async (session) => [SUBPROTOCOL, await session.ticket({ issuedAtMs: Date.now() + 86_400_000 })],
  },
  'with a ticket for another host': {
    code: 'host-mismatch',
    close: 4401,
    protocols: async (session) => [SUBPROTOCOL, await session.ticket({ host: 'elsewhere.test' })],
  },
  'with a ticket for ICE servers': {
    code: 'ticket-purpose',
    close: 4401,
    protocols: async (session) => [SUBPROTOCOL, await session.ticket({ purpose: 'ice' })],
  },
  "with another network's announcement": {
    code: 'announcement-network',
    close: 4403,
    protocols: async ({ network }) => {
      const session = await newSession(network, { coreNetwork: 'another' })
      return [SUBPROTOCOL, await session.ticket()]
    },
  },
  'with an announcement that has run out': {
    code: 'announcement-expired',
    close: 4401,
    protocols: async (session) => {
      const nowMs = Date.now()
      const announcement = await session.announce({ issuedAtMs: nowMs - 7_200_000, expiresAtMs: nowMs - 3_600_000 })
      return [SUBPROTOCOL, await session.ticket({ announcement })]
    },
  },
  'with an announcement for a week': {
    code: 'announcement-expired',
    close: 4401,
    protocols: async (session) => {
      const announcement = await session.announce({ expiresAtMs: Date.now() + 7 * 86_400_000 })
      return [SUBPROTOCOL, await session.ticket({ announcement })]
    },
  },
}

describe('whoever comes', () => {
  test.each(Object.entries(REFUSED))('%s reads why it is refused', async (_, { code, close, protocols }) => {
    const bystander = await join('door')
    const offered = await protocols(await newSession('door'))
    const beforeMs = Date.now()
    const refused = await connect('door', offered)
    await expectRefusal(refused, code, close)
    expect(refused.protocol).toBe(offered.length > 0 ? SUBPROTOCOL : '')
    expect(present(refused.all('error')[0]).serverTimeMs).toBeGreaterThanOrEqual(beforeMs)
    await bystander.settled()
    expect(bystander.texts.filter((text) => text.includes('error'))).toEqual([])
  })

  test('with a wrong clock corrects it by the refusal and joins', async () => {
    const session = await newSession('clock')
    const wrongBy = 600_000
    const refused = await connect('clock', [SUBPROTOCOL, await session.ticket({ issuedAtMs: Date.now() + wrongBy })])
    const { serverTimeMs } = await refused.next('error')
    const joined = await join(session, { issuedAtMs: serverTimeMs })
    expect(joined.all('welcome')).toHaveLength(1)
  })

  test('with a ticket that has been used is refused, in the place of the peer and in its grace', async () => {
    const session = await newSession('replay')
    const ticket = await session.ticket()
    const owner = await connect('replay', [SUBPROTOCOL, ticket], {}, session.peerId)
    await owner.next('welcome')
    await expectRefusal(await connect('replay', [SUBPROTOCOL, ticket]), 'ticket-replayed', 4409)
    await owner.settled()
    owner.socket.close(4000)
    await owner.nextClose()
    await expectRefusal(await connect('replay', [SUBPROTOCOL, ticket]), 'ticket-replayed', 4409)
    const again = await join(session)
    expect(await again.next('welcome')).toMatchObject({ resumed: true })
  })

  test.each([
    ['Capitals', 'network-name', 4400],
    [`net-${'A'.repeat(43)}`, 'network-unknown', 4404],
  ] as const)('to %s reads that there is no such network', async (network, code, close) => {
    const session = await newSession(network, { coreNetwork: network.startsWith('net-') ? network : 'any' })
    await expectRefusal(await connect(network, [SUBPROTOCOL, await session.ticket()]), code, close)
  })
})

describe('where an operator allows certain origins only', () => {
  const settings = { ...env, EDGE_NET_ORIGINS: 'https://app.example.org, https://other.example.org' }

  async function comeFrom(origin: string | undefined): Promise<TestPeer> {
    const session = await newSession('origins')
    const protocols = `${SUBPROTOCOL}, ${await session.ticket()}`
    const headers = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': protocols, ...(origin && { Origin: origin }) }
    const upgrade = new Request(`https://${HOST}/n/origins`, { headers })
    const response = await app.fetch(upgrade, settings, createExecutionContext())
    return new TestPeer(present(response.webSocket ?? undefined), '', session.peerId)
  }

  test('a page of another origin reads that it may not', async () => {
    await expectRefusal(await comeFrom('https://evil.example'), 'origin-refused', 4403)
  })

  test.each(['https://app.example.org', 'https://other.example.org', `https://${HOST}`, undefined])(
    '%s may join',
    async (origin) => {
      const peer = await comeFrom(origin)
      expect(await peer.next('welcome')).toMatchObject({ peerId: peer.peerId })
    },
  )
})

function knock(address: string): Promise<TestPeer> {
  return connect('rate', [SUBPROTOCOL], { 'CF-Connecting-IP': address })
}

test('too many joins from one part of the Internet are told when to come again, and others join', async () => {
  const session = await newSession('rate')
  let passed = 0
  let last = await knock('198.51.100.0')
  // Windows are fixed: one may end in the middle of the burst.
  for (; (await last.next('error')).code !== 'rate-limited' && passed < 100; passed++) {
    last = await knock(`198.51.100.${passed}`)
  }
  expect(passed).toBeGreaterThanOrEqual(40)
  await expectRefusal(last, 'rate-limited', 4429)
  expect(present(last.all('error')[0]).retryAfterMs).toBeGreaterThan(0)
  const elsewhere = await connect('rate', [SUBPROTOCOL, await session.ticket()], { 'CF-Connecting-IP': '203.0.113.1' })
  await elsewhere.next('welcome')
})

test.each([
  ['198.51.100.7', '198.51.100'],
  ['::ffff:198.51.100.7', '198.51.100'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1'],
  ['2001:0DB8::1', '2001:db8:0'],
  ['::2', '0:0:0'],
  ['127.0.0.1', undefined],
  ['::1', undefined],
  [null, undefined],
])('%s is counted as %s', (address, prefix) => {
  expect(ipPrefix(address)).toBe(prefix)
})

async function expectRefusal(peer: TestPeer, code: RefusalCode, close: number): Promise<void> {
  expect(await peer.next('error')).toMatchObject({ code })
  expect(await peer.nextClose()).toEqual({ code: close, reason: code })
  expect(peer.texts).toHaveLength(1)
}
