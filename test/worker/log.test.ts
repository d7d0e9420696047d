import { createExecutionContext, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { toBase64Url, utf8 } from '../../protocol/bytes.ts'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import { app } from '../../worker/app.ts'
import { found, send } from './founding.ts'
import { connect, HOST, join, newSession, roomOf } from './scenario.ts'

test('whatever happens, no log line carries a ticket, a key, a name, an address or what peers say', async () => {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line))

  const secrets: string[] = ['v=0 o=- SECRET-SDP', '198.51.100.77', 'turn-secret', 'Display-Name', '<script>']
  const session = await newSession('logs')
  const announcement = await session.announce({ name: 'Display-Name' })
  const ada = await join(session, { announcement })
  const bob = await join('logs')
  ada.send('relay', bob.peerId, utf8('v=0 o=- SECRET-SDP'))
  await bob.nextEnvelope()
  ada.socket.send('{"type":"<script>"}')
  await ada.next('error')

  const stale = await session.ticket({ issuedAtMs: 1 })
  await (await connect('logs', [SUBPROTOCOL, stale], { 'CF-Connecting-IP': '198.51.100.77' })).nextClose()
  await (await connect('<script>', [SUBPROTOCOL, stale])).nextClose()
  const ticket = await session.ticket({ purpose: 'ice' })
  const asked = new Request(`https://${HOST}/n/logs/ice`, { method: 'POST', body: ticket })
  const turn = { EDGE_NET_TURN_URLS: 'turn:turn.example.org', EDGE_NET_TURN_SECRET: 'turn-secret' }
  const answer = await (await app.fetch(asked, { ...env, ...turn }, createExecutionContext())).text()
  expect(answer).toContain('credential')
  const broken = { ...env, ROOM: undefined } as unknown as typeof env
  const upgrade = new Request(`https://${HOST}/n/logs`, {
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': `${SUBPROTOCOL}, ${await session.ticket()}` },
  })
  expect((await app.fetch(upgrade, broken, createExecutionContext())).status).toBe(101)
  for (let i = 0; i < 12_000 && !ada.closed; i++) ada.send('signal', bob.peerId)
  await ada.nextClose()
  await runDurableObjectAlarm(roomOf('logs'))

  const { identity, session: sessionKey } = session.core
  secrets.push(session.peerId, bob.peerId, toBase64Url(identity), toBase64Url(sessionKey), stale, ticket)
  secrets.push(
    toBase64Url(announcement),
    (JSON.parse(answer) as { iceServers: { credential?: string }[] }).iceServers.at(-1)?.credential ?? '',
  )
  const events = lines.map((line) => (JSON.parse(line) as { event: string }).event)
  expect(events).toEqual(expect.arrayContaining(['refused', 'internal-error', 'flood-closed', 'room-report']))
  for (const secret of secrets) {
    expect(secret).not.toBe('')
    for (const line of lines) expect(line).not.toContain(secret)
  }
})

test('founded networks are called alike in the log, whatever happens in them', async () => {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line))
  const founded = await found('private', { name: 'Nobody may know' })
  const { network, creator } = founded
  await connect(network, [SUBPROTOCOL, await (await newSession(network)).ticket()])
  await send(network, 'approvals', 'none')
  const member = await join(await newSession(network, { who: creator }))
  await member.settled()
  await runDurableObjectAlarm(roomOf(network))
  const events = lines.map((line) => JSON.parse(line) as { event: string; network: string })
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['refused', 'room-report']))
  expect(new Set(events.map((event) => event.network))).toEqual(new Set(['net-']))
  for (const line of lines) for (const secret of [network, 'Nobody may know']) expect(line).not.toContain(secret)
})
