/**
 * Members who have no room, or one that comes and goes, and a Gun relay: they find each other, nothing that happens is missed, and
 * no message is lost, doubled or out of order.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gunCarrier, type GunCarrier } from '../../client/carrier/gun/index.ts'
import { join, type Data, type JoinOptions, type Network } from '../../client/node/index.ts'
import { startGunRelay, type GunRelay } from '../support/gun-relay.ts'
import { startService, type Service } from '../support/server.ts'
import { heardBy, peerOf } from '../support/two-peers.ts'

/** Nobody listens at port 1. */
const CLOSED = 'http://127.0.0.1:1'
/** Comings and goings of the room. */
const RETURNS = 3
const MIN_MESSAGES = 200

let relay: GunRelay
/** Takes connections and says nothing, as a host that hangs or a firewall that swallows. */
let mute: { readonly url: string; close(): Promise<unknown> }
/** One for each test: a relay still tells of those who have just left. */
let name: string
let tests = 0
const networks: Network[] = []

beforeAll(async () => {
  ;[relay, mute] = await Promise.all([startGunRelay(), startMute()])
})
beforeEach(() => {
  name = `without-room-${tests++}`
})
afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()))
})
afterAll(async () => {
  await Promise.all([relay.close(), mute.close()])
})

async function startMute(): Promise<typeof mute> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Member {
  readonly network: Network
  readonly gun: GunCarrier
  /** From the first event on: `peer Bob`, `lost Bob`, `carrier-up gun`, … */
  readonly events: string[]
  readonly heard: Data[]
}

async function member(host: string, called: string, options: JoinOptions = {}): Promise<Member> {
  const gun = gunCarrier({ relays: [relay.url] })
  const network = await join(`${host}/n/${name}`, { name: called, iceServers: [], carriers: [gun], ...options })
  networks.push(network)
  const events: string[] = []
  network.on('announced', ({ peer }) => void events.push(`announced ${peer.name}`))
  network.on('peer', ({ peer }) => void events.push(`peer ${peer.name}`))
  network.on('peer-left', ({ peer, reason }) => void events.push(`${reason} ${peer.name}`))
  network.on('carrier-up', ({ carrier }) => void events.push(`carrier-up ${carrier}`))
  network.on('carrier-down', ({ carrier }) => void events.push(`carrier-down ${carrier}`))
  return { network, gun, events, heard: heardBy(network) }
}

const presence = ({ events }: Member) => events.filter((event) => !event.startsWith('carrier'))
const pathOf = (from: Member, to: Member) => from.network.peers.get(to.network.peerId)?.path.kind

async function areDirect(ada: Member, bob: Member): Promise<void> {
  await expect.poll(() => [pathOf(ada, bob), pathOf(bob, ada)]).toEqual(['direct', 'direct'])
}

describe.each([
  ['is closed', () => CLOSED],
  ['takes connections and says nothing', () => mute.url],
])('where the room’s port %s', (_port, host) => {
  it('two find each other by Gun alone, miss nothing that happens, and talk directly', async () => {
    const [ada, bob] = await Promise.all([member(host(), 'Ada'), member(host(), 'Bob')])
    expect([ada.network.state, bob.network.state]).toEqual(['reconnecting', 'reconnecting'])
    await areDirect(ada, bob)
    expect([presence(ada), presence(bob)]).toEqual([
      ['announced Bob', 'peer Bob'],
      ['announced Ada', 'peer Ada'],
    ])
    const [bobOfAda, adaOfBob] = [await peerOf(ada.network, bob.network), await peerOf(bob.network, ada.network)]
    const sent = Array.from({ length: MIN_MESSAGES }, (_, i) => String(i))
    const sendings = sent.flatMap((text) => [bobOfAda.send(text), adaOfBob.send(text)])
    await Promise.all(sendings.map(({ delivered }) => delivered))
    expect([ada.heard, bob.heard]).toEqual([sent, sent])
    expect(bobOfAda.explain()).toMatchObject({ phase: 'direct', carrier: 'gun', relayIsUp: true })
  })

  it('joining says that the room is unreachable when no carrier works', async () => {
    const nowhere = gunCarrier({ relays: ['http://127.0.0.1:1/gun'] })
    const joining = join(`${host()}/n/${name}`, { carriers: [nowhere], attempts: 1 })
    await expect(joining).rejects.toMatchObject({ code: 'room-unreachable' })
  })
})

describe('the first one where there is no room', () => {
  it('is in the network when the room has not answered, and meets who comes later', async () => {
    const ada = await member(CLOSED, 'Ada')
    expect(ada.network.carriers).toEqual([
      { name: 'room', isUp: false },
      { name: 'gun', isUp: true },
    ])
    const bob = await member(CLOSED, 'Bob')
    await areDirect(ada, bob)
    expect(presence(ada)).toEqual(['announced Bob', 'peer Bob'])
  })
})

/** Sends numbers until the end, most of them beside everything else that goes on. */
async function count(from: Member, to: Member, isOver: () => boolean): Promise<string[]> {
  const peer = await peerOf(from.network, to.network)
  const sent: string[] = []
  while (sent.length < MIN_MESSAGES || !isOver()) {
    sent.push(String(sent.length))
    await peer.send(String(sent.length - 1))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return sent
}

describe('a room that comes and goes beside Gun', () => {
  it.each(['on', 'off'] as const)('loses and doubles nothing, with direct paths %s', async (direct) => {
    let service: Service | undefined = await startService({ rateLimits: 'off' })
    const { port, url } = service
    const goes = async () => {
      await service?.close()
      service = undefined
    }
    try {
      await goes()
      const [ada, bob] = await Promise.all([member(url, 'Ada', { direct }), member(url, 'Bob', { direct })])
      const peer = await peerOf(ada.network, bob.network)
      let isOver = false
      const counting = Promise.all([count(bob, ada, () => isOver), count(ada, bob, () => isOver)])
      for (let i = 0; i < RETURNS; i++) {
        service = await startService({ rateLimits: 'off', port })
        await expect.poll(() => [ada, bob].map(({ network }) => network.state)).toEqual(['open', 'open'])
        await expect.poll(() => peer.explain().carrier).toBe('room')
        await goes()
        await expect.poll(() => peer.explain().carrier).toBe('gun')
      }
      // Over relays of Gun no messages go: where there is no direct path, they wait for the room.
      service = await startService({ rateLimits: 'off', port })
      isOver = true
      const [ofBob, ofAda] = await counting
      await expect.poll(() => [ada.heard.length, bob.heard.length]).toEqual([ofBob.length, ofAda.length])
      expect([ada.heard, bob.heard]).toEqual([ofBob, ofAda])
      expect([presence(ada), presence(bob)]).toEqual([
        ['announced Bob', 'peer Bob'],
        ['announced Ada', 'peer Ada'],
      ])
      for (const { events } of [ada, bob]) {
        expect(events.filter((event) => event === 'carrier-up room').length).toBeGreaterThanOrEqual(RETURNS)
        expect(events.filter((event) => event === 'carrier-down gun')).toEqual([])
      }
    } finally {
      await goes()
    }
  })
})

describe('a room and Gun at once', () => {
  it('make one peer of each other, and nothing goes over Gun but that they are there', async () => {
    const service = await startService({ rateLimits: 'off' })
    try {
      const [ada, bob] = [await member(service.url, 'Ada'), await member(service.url, 'Bob')]
      let isOver = false
      const counting = Promise.all([count(bob, ada, () => isOver), count(ada, bob, () => isOver)])
      await expect.poll(() => [ada, bob].map(({ gun }) => gun.statistics().relaysUp)).toEqual([1, 1])
      await areDirect(ada, bob)
      isOver = true
      const [ofBob, ofAda] = await counting
      await expect.poll(() => [ada.heard.length, bob.heard.length]).toEqual([ofBob.length, ofAda.length])
      expect([ada.heard, bob.heard]).toEqual([ofBob, ofAda])
      expect([presence(ada), presence(bob)]).toEqual([
        ['announced Bob', 'peer Bob'],
        ['announced Ada', 'peer Ada'],
      ])
      for (const { gun } of [ada, bob]) expect(gun.statistics().mailed).toBe(0)
    } finally {
      await service.close()
    }
  })
})
