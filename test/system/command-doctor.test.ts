/** `edge-net doctor`, as a process, against the real Worker and a real coturn, and against what is broken. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckName, Finding } from '../../client/node/doctor/finding.ts'
import type { DoctorEvent } from '../../client/node/doctor/report.ts'
import { ADDRESS, coturnIsMissing, OTHER_ADDRESS, startCoturn, type Coturn } from '../support/coturn.ts'
import { startCommand } from '../support/command.ts'
import { startGunRelay } from '../support/gun-relay.ts'
import { startMisnamingProxy } from '../support/misnaming-proxy.ts'
import { startService, type Service } from '../support/server.ts'
import { startUdpForwarder } from '../support/udp-forwarder.ts'

const SECRET = 'shared between Worker and coturn'
const NO_ICE: readonly CheckName[] = ['http', 'websocket', 'relay', 'direct', 'peers']

let rooms = 0
const freshName = () => `doctor-${++rooms}`

interface Visit {
  readonly code: number | null
  readonly stderr: string
  readonly events: readonly DoctorEvent[]
  finding(check: CheckName): Finding
}

async function visit(url: string, env: Record<string, string> = {}): Promise<Visit> {
  const { code, stdout, stderr } = await startCommand(['doctor', url, '--json'], { env }).ended
  const events = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DoctorEvent)
  return {
    code,
    stderr,
    events,
    finding: (check) => {
      const found = events.find((event) => event.event === 'finding' && event.check === check)
      if (found?.event !== 'finding') throw new Error(`nothing was found about ${check}\n${stdout}\n${stderr}`)
      return found
    },
  }
}

const verdicts = (seen: Visit) =>
  Object.fromEntries(seen.events.flatMap((event) => (event.event === 'finding' ? [[event.check, event.verdict]] : [])))

describe('Gun relays', () => {
  it('are asked where the host names some, or the environment, and nowhere else', async () => {
    const relay = await startGunRelay()
    // Nobody listens at port 1.
    const dead = 'http://127.0.0.1:1/gun'
    const service = await startService({ rateLimits: 'off', vars: { EDGE_NET_GUN_RELAYS: `${relay.url},${dead}` } })
    try {
      const room = service.roomUrl(freshName())
      expect((await visit(room)).finding('gun')).toMatchObject({
        verdict: 'limited',
        summary: '1 of 2 Gun relays answer',
        advice: [expect.stringContaining('Name another one.')],
        facts: { relays: [{ answered: true }, { url: 'ws://127.0.0.1:1/gun', answered: false }] },
      })
      expect((await visit(room, { EDGE_NET_GUN: relay.url })).finding('gun')).toMatchObject({
        verdict: 'ok',
        summary: '1 of 1 Gun relay answers',
        advice: [],
      })
      await relay.stop()
      expect((await visit(room)).finding('gun')).toMatchObject({ verdict: 'failed' })
      expect(await visit(room, { EDGE_NET_GUN: 'relay.example' })).toMatchObject({ code: 2 })
    } finally {
      await service.close()
      await relay.close()
    }
  })
})

describe('the doctor', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService({ rateLimits: 'off' })
  })
  afterAll(() => service.close())

  it('tries room, relay and direct path, and says what a host without STUN cannot do', async () => {
    const seen = await visit(service.roomUrl(freshName()))
    expect(seen).toMatchObject({ code: 3, stderr: '' })
    expect(verdicts(seen)).toEqual({
      http: 'ok',
      websocket: 'ok',
      relay: 'ok',
      stun: 'limited',
      'turn-udp': 'skipped',
      'turn-tcp': 'skipped',
      'turn-tls': 'skipped',
      direct: 'ok',
      peers: 'skipped',
    })
    expect(seen.finding('relay').facts['rttMs']).toBeGreaterThan(0)
    expect(seen.finding('direct').facts['path']).toMatchObject({ kind: 'direct' })
    expect(seen.finding('stun').advice.join()).toContain('EDGE_NET_STUN_URLS')
    expect(seen.events.at(-1)).toMatchObject({ event: 'conclusion', exitCode: 3 })
  })

  it('reaches a peer that is there, and names one that will not be reached directly', async () => {
    const open = service.roomUrl(freshName())
    const shy = service.roomUrl(freshName())
    const neighbours = [
      startCommand(['join', open, '--json', '--name', 'Ada']),
      startCommand(['join', shy, '--json', '--direct', 'off']),
    ]
    await Promise.all(neighbours.map((neighbour) => neighbour.event('joined')))
    try {
      expect((await visit(open)).finding('peers')).toMatchObject({
        verdict: 'ok',
        summary: expect.stringMatching(/^direct to Ada \(/),
      })
      expect((await visit(shy)).finding('peers')).toMatchObject({
        verdict: 'skipped',
        summary: 'nobody in the room has WebRTC, or lets it be used',
      })
    } finally {
      for (const neighbour of neighbours) neighbour.signal('SIGINT')
      await Promise.all(neighbours.map((neighbour) => neighbour.ended))
    }
  })

  it('writes a line a check for people, with advice below it', async () => {
    const { code, stdout } = await startCommand(['doctor', service.roomUrl(freshName())]).ended
    expect(code).toBe(3)
    expect(stdout).toMatch(/^ok +HTTP +\S/)
    expect(stdout).toMatch(/^limited +STUN .*\n +→ Without STUN/m)
    expect(stdout).toMatch(/\nEdge-Net works from here, with limits\.\n$/)
  })

  it('calls UDP blocked where no server answers, without doubting the rest', async () => {
    const silent: Socket = createSocket('udp4').bind(0, ADDRESS)
    await once(silent, 'listening')
    const env = { EDGE_NET_STUN_SERVERS: `stun:${ADDRESS}:${silent.address().port}` }
    const seen = await visit(service.roomUrl(freshName()), env)
    silent.close()
    expect(seen.code).toBe(3)
    expect(seen.finding('stun')).toMatchObject({ verdict: 'failed', facts: { asked: [expect.any(String)] } })
    expect(seen.finding('stun').advice.join()).toContain('UDP is probably blocked')
    expect(NO_ICE.slice(0, 4).map((check) => seen.finding(check).verdict)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  it('is not misled by a wrong clock', async () => {
    const ahead = 'const now = Date.now; Date.now = () => now() + 600_000'
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(ahead)}`]
    const { stdout } = await startCommand(['doctor', service.roomUrl(freshName())], { nodeArgs }).ended
    expect(stdout).toMatch(/^ok +WebSocket/m)
    expect(stdout).toMatch(/^ok +Relay/m)
    // Only who was let in by the host hears which servers it has.
    expect(stdout).toContain('the host offers no STUN server')
  })

  it('tells a name that is not known from a server that is silent', async () => {
    const env = { EDGE_NET_STUN_SERVERS: 'stun:no-such-host.invalid' }
    const { verdict, summary } = (await visit(service.roomUrl(freshName()), env)).finding('stun')
    expect({ verdict, summary }).toEqual({ verdict: 'failed', summary: 'no STUN server can be found by its name' })
  })
})

describe.skipIf(coturnIsMissing !== '')(`with coturn${coturnIsMissing && ` (${coturnIsMissing})`}`, () => {
  let coturn: Coturn
  let service: Service
  let turnUrls: string

  beforeAll(async () => {
    coturn = await startCoturn(SECRET)
    const plain = `${ADDRESS}:${coturn.port}`
    turnUrls = `turn:${plain}?transport=udp,turn:${plain}?transport=tcp,turns:${ADDRESS}:${coturn.tlsPort}?transport=tcp`
    service = await startService({
      rateLimits: 'off',
      vars: {
        EDGE_NET_STUN_URLS: `stun:${plain}`,
        EDGE_NET_TURN_URLS: turnUrls,
        EDGE_NET_TURN_SECRET: SECRET,
      },
    })
  })
  afterAll(async () => {
    await service.close()
    await coturn.close()
  })

  it('finds all well: mapping at two addresses, and TURN over each transport', async () => {
    const seen = await visit(service.roomUrl(freshName()), { NODE_EXTRA_CA_CERTS: coturn.certificate })
    expect(seen).toMatchObject({ code: 0, stderr: '' })
    expect(seen.finding('stun')).toMatchObject({ verdict: 'ok', facts: { mapping: 'none', nat: false } })
    // The server told of its second address, and was asked there.
    const servers = (seen.finding('stun').facts['seen'] as { server: string }[]).map(({ server }) => server)
    expect(servers).toContain(`${ADDRESS}:${coturn.port}`)
    expect(servers.some((server) => server.startsWith(`${OTHER_ADDRESS}:`))).toBe(true)
    for (const check of ['turn-udp', 'turn-tcp', 'turn-tls'] as const) {
      const found = seen.finding(check)
      expect(found).toMatchObject({ verdict: 'ok', facts: { servers: [{ outcome: 'allocated' }] } })
    }
    expect(seen.events.at(-1)).toMatchObject({ event: 'conclusion', exitCode: 0, summary: 'All is well.' })
  })

  it('says that nobody trusts the certificate', async () => {
    const seen = await visit(service.roomUrl(freshName()))
    expect(seen.code).toBe(3)
    expect(seen.finding('turn-tls')).toMatchObject({ verdict: 'failed' })
    expect(seen.finding('turn-tls').summary).toContain('certificate')
    expect(seen.finding('turn-tcp').verdict).toBe('ok')
  })

  it('recognises a NAT that gives each destination another port', async () => {
    const target = { address: ADDRESS, port: coturn.port }
    const forwarders = await Promise.all([ADDRESS, OTHER_ADDRESS].map((address) => startUdpForwarder(address, target)))
    const [here = 0, there = 0] = forwarders.map(({ port }) => port)
    const env = { EDGE_NET_STUN_SERVERS: `stun:${ADDRESS}:${here},stun:${OTHER_ADDRESS}:${there}` }
    const seen = await visit(service.roomUrl(freshName()), env)
    for (const forwarder of forwarders) forwarder.close()
    expect(seen.code).toBe(3)
    expect(seen.finding('stun')).toMatchObject({ verdict: 'limited', facts: { nat: true } })
    expect(seen.finding('stun').summary).toContain('symmetric')
    expect(seen.finding('stun').advice.join()).toContain('TURN server')
  })

  it('tells wrong credentials from a server that is not there', async () => {
    const closed = await closedPort()
    const turn = (url: string) => ({
      EDGE_NET_TURN_URL: url,
      EDGE_NET_TURN_USERNAME: 'somebody',
      EDGE_NET_TURN_CREDENTIAL: 'wrong',
    })
    const wrong = await visit(service.roomUrl(freshName()), turn(`turn:${ADDRESS}:${coturn.port}`))
    expect(wrong.code).toBe(3)
    expect(wrong.finding('turn-udp')).toMatchObject({
      verdict: 'failed',
      facts: { servers: [{ outcome: 'refused', code: 401 }] },
    })
    expect(wrong.finding('turn-udp').advice.join()).toContain('credentials')
    const absent = await visit(service.roomUrl(freshName()), turn(`turn:${ADDRESS}:${closed}?transport=tcp`))
    expect(absent.finding('turn-tcp')).toMatchObject({
      verdict: 'failed',
      facts: { servers: [{ outcome: 'unreachable', code: 'ECONNREFUSED' }] },
    })
    expect(JSON.stringify([wrong.events, absent.events])).not.toContain('"wrong"')
  })

  it('shows a host that hands out credentials of another secret', async () => {
    const vars = { EDGE_NET_TURN_URLS: turnUrls, EDGE_NET_TURN_SECRET: 'another one' }
    const misconfigured = await startService({ rateLimits: 'off', vars })
    const seen = await visit(misconfigured.roomUrl(freshName()))
    await misconfigured.close()
    expect(seen.code).toBe(3)
    expect(seen.finding('turn-udp').advice.join()).toContain('EDGE_NET_TURN_SECRET')
    expect(seen.finding('stun').verdict).toBe('ok')
  })
})

describe('what does not work at all', () => {
  it('is a host where nothing listens', async () => {
    const seen = await visit(`http://${ADDRESS}:${await closedPort()}/n/mainnet`)
    expect(seen.code).toBe(1)
    expect(seen.finding('http')).toMatchObject({ verdict: 'failed', facts: { code: 'ECONNREFUSED' } })
    expect(seen.finding('websocket').verdict).toBe('failed')
    expect(seen.finding('relay')).toMatchObject({ verdict: 'skipped', summary: expect.stringContaining('not tried') })
  })

  it('is a name that nobody has', async () => {
    const seen = await visit('https://no-such-host.invalid/n/mainnet')
    expect(seen.code).toBe(1)
    expect(seen.finding('http').verdict).toBe('failed')
  })

  it('is a door that refuses, and the reason is told', async () => {
    const service = await startService({ rateLimits: 'off' })
    const proxy = await startMisnamingProxy(service.port)
    try {
      const seen = await visit(`${proxy.url}/n/${freshName()}`)
      expect(seen.code).toBe(1)
      expect(seen.finding('http').verdict).toBe('ok')
      expect(seen.finding('websocket')).toMatchObject({ verdict: 'failed', facts: { reason: 'host-mismatch' } })
    } finally {
      await proxy.close()
      await service.close()
    }
  })

  it('is a host that is something else', async () => {
    const other = createServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello')
    }).listen(0, ADDRESS)
    await once(other, 'listening')
    const seen = await visit(`http://${ADDRESS}:${(other.address() as AddressInfo).port}/n/mainnet`)
    other.close()
    expect(seen.code).toBe(1)
    expect(seen.finding('http').summary).toContain('is no Edge-Net service')
  })

  it.each([
    [['doctor', 'mainnet'], {}, 'room URL'],
    [['doctor', 'http://127.0.0.1/n/Bad_Name'], {}, 'network name'],
    [['doctor', 'http://127.0.0.1/n/mainnet'], { EDGE_NET_STUN_SERVERS: 'https://x' }, 'EDGE_NET_STUN_SERVERS'],
    [['doctor'], {}, 'room-url'],
  ])('is not what wrong arguments are: %j', async (args, env, named) => {
    const { code, stderr } = await startCommand(args, { env }).ended
    expect(code).toBe(2)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it('is left at once by Ctrl-C', async () => {
    const silent = createServer().listen(0, ADDRESS)
    await once(silent, 'listening')
    const url = `http://${ADDRESS}:${(silent.address() as AddressInfo).port}/n/mainnet`
    const command = startCommand(['doctor', url, '--json'])
    await expect.poll(() => command.stdout()).toContain('"checking"')
    command.signal('SIGINT')
    expect((await command.ended).code).toBe(130)
    silent.close()
  })
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, ADDRESS)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
