/**
 * A member of the network that outlives its room: the same code in a page and in Node, with the SDK of each. It talks to its
 * neighbours all the time, contributes and says things to all when told to, and keeps count of what it hears.
 */
import type { createIdentity, join, Network, Peer } from '../../client/index.ts'
import type { gunCarrier } from '../../client/carrier/gun/index.ts'
import type { createMesh } from '../../client/mesh/index.ts'
import type { openLedger } from '../../client/qdag/index.ts'

/** The parts of the SDK, wherever they come from. */
export interface Sdk {
  readonly join: typeof join
  readonly createIdentity: typeof createIdentity
  readonly createMesh: typeof createMesh
  readonly gunCarrier: typeof gunCarrier
  readonly openLedger: typeof openLedger
  /** The engine, whose connections are kept so that they can be cut. */
  readonly rtc: { readonly RTCPeerConnection: unknown; readonly rank?: number }
  /** Those that it has made. */
  readonly connections: { close(): void; readonly connectionState: string }[]
}

export interface MemberOptions {
  readonly roomUrl: string
  readonly name: string
  readonly degree: number
  readonly relays: readonly string[]
}

export interface Joined {
  readonly peerId: string
  readonly joinedMs: number
}

export interface MemberReport {
  readonly name: string
  readonly peerId: string
  readonly state: string
  readonly carriers: readonly { readonly name: string; readonly isUp: boolean }[]
  readonly neighbours: number
  readonly links: readonly { readonly id: string; readonly kind: string; readonly isNeighbour: boolean }[]
  /** How often each thing that was said to all came. */
  readonly heard: Readonly<Record<string, number>>
  /** Streams of numbered messages in which one was missing, came twice or too early. */
  readonly broken: readonly string[]
  readonly messages: number
  /** Why links ended. */
  readonly left: Readonly<Record<string, number>>
  readonly errors: readonly string[]
  readonly entries: number
  /** Entries that wait for others. */
  readonly orphans: number
  /** How far the comparison with each peer has come, by its id. */
  readonly syncing: Readonly<Record<string, string>>
  readonly digest: string
}

export interface Reached {
  readonly reachedMs: number
  readonly deliveredMs: number
  readonly directMs: number
  readonly carrier: string | undefined
}

export interface Mended {
  readonly peer: string
  /** Until the link was direct again. */
  readonly directMs: number
  /** What led to the peer meanwhile. */
  readonly carrier: string | undefined
}

const TALK_MS = 250
const LOOK_MS = 5
const PATIENCE_MS = 15_000

export interface Member {
  join(options: MemberOptions): Promise<Joined>
  /** Milliseconds since `join` was called until the first peer, and the first direct path. */
  first(): Promise<{ readonly peerMs: number; readonly directMs: number }>
  talk(isOn: boolean): Promise<void>
  say(text: string): Promise<void>
  contribute(taskId: string): Promise<void>
  reach(peerId: string): Promise<Reached>
  /** Closes one connection of a link to a neighbour, or all connections. */
  cut(which: 'one' | 'all'): Promise<Mended>
  report(): Promise<MemberReport>
  leave(): Promise<void>
}

export function makeMember(sdk: Sdk): Member {
  let network: Network
  let talking: ReturnType<typeof setInterval> | undefined
  let startedMs = 0
  let firstPeerMs: number | undefined
  let messages = 0
  let name = ''
  const heard: Record<string, number> = {}
  const left: Record<string, number> = {}
  const errors: string[] = []
  const broken: string[] = []
  /** How links ended, for whoever wonders. */
  const ends: string[] = []
  const syncing: Record<string, string> = {}
  /** Of each stream, the last number that came. */
  const streams = new Map<string, number>()
  /** Of each link, what we have sent over it. */
  const sent = new WeakMap<Peer, { readonly stream: string; count: number }>()

  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const isDirect = ({ path, state }: Peer) => path.kind === 'direct' && state === 'verified'
  const isNeighbour = (peer: Peer) => peer.explain().isNeighbour

  async function until<T>(what: string, look: () => T | undefined | false, peer?: Peer): Promise<T> {
    for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; await pause(LOOK_MS)) {
      const found = look()
      if (found !== undefined && found !== false) return found
    }
    const peers = peer ? [peer] : [...network.peers.values()]
    const facts = [JSON.stringify(peers.map((one) => one.explain())), Math.round(performance.now()), ...ends.slice(-20)]
    throw new Error(`${name}: ${what} did not happen within ${PATIENCE_MS} ms ${facts.join('; ')}`)
  }

  /** Sends the next number of the stream of this link. */
  function talkTo(peer: Peer): void {
    const talk = sent.get(peer) ?? { stream: `${name} ${Math.random().toString(36).slice(2)}`, count: 0 }
    sent.set(peer, talk)
    peer.send(`${talk.stream} ${++talk.count}`).catch(() => undefined)
  }

  function listen(data: unknown): void {
    const [, stream = '', number = ''] = /^(.*) (\d+)$/.exec(String(data)) ?? []
    messages++
    const expected = (streams.get(stream) ?? 0) + 1
    if (Number(number) !== expected) broken.push(`${stream}: ${number} instead of ${expected}`)
    streams.set(stream, Number(number))
  }

  return {
    async join({ roomUrl, name: called, degree, relays }) {
      name = called
      startedMs = performance.now()
      const identity = await sdk.createIdentity()
      const ledger = sdk.openLedger({ network: roomUrl, identity })
      network = await sdk.join(roomUrl, {
        name,
        identity,
        ledger,
        mesh: sdk.createMesh({ degree }),
        carriers: [sdk.gunCarrier({ relays: [...relays] })],
        rtc: sdk.rtc as never,
      })
      network.on('peer', () => void (firstPeerMs ??= performance.now() - startedMs))
      network.on('message', ({ data }) => listen(data))
      network.on('broadcast', ({ data }) => void (heard[String(data)] = (heard[String(data)] ?? 0) + 1))
      network.on('peer-left', ({ peer, reason }) => {
        left[reason] = (left[reason] ?? 0) + 1
        ends.push(`${peer.name} ${reason} at ${Math.round(performance.now())}`)
      })
      network.ledger?.on('sync', ({ peerId, state }) => {
        syncing[peerId] = `${state} ${Math.round(performance.now())}`
      })
      network.on('error', ({ error }) => void (errors.length < 100 && errors.push(`${error.code} ${error.reason}`)))
      return { peerId: network.peerId, joinedMs: performance.now() - startedMs }
    },

    async first() {
      const peerMs = await until('meeting somebody', () => firstPeerMs)
      await until('a direct path', () => [...network.peers.values()].some(isDirect))
      return { peerMs, directMs: performance.now() - startedMs }
    },

    talk(isOn) {
      clearInterval(talking)
      const talk = () => {
        for (const peer of network.peers.values()) if (isNeighbour(peer)) talkTo(peer)
      }
      if (isOn) talking = setInterval(talk, TALK_MS)
      return Promise.resolve()
    },

    say: (text) => network.broadcast(text),

    async contribute(taskId) {
      await network.contribute({ taskId, computeUnits: 100 })
    },

    async reach(peerId) {
      const atMs = performance.now()
      const peer = await network.reach(peerId as never)
      const reachedMs = performance.now() - atMs
      const { carrier } = peer.explain()
      const stream = `${name} ${Math.random().toString(36).slice(2)}`
      const talk = sent.get(peer) ?? { stream, count: 0 }
      sent.set(peer, talk)
      await peer.send(`${talk.stream} ${++talk.count}`).delivered
      const deliveredMs = performance.now() - atMs
      // Where the other end knew an old link, both begin anew: that makes another peer of it.
      await until('a direct path to a reached member', () => isDirect(network.peers.get(peer.id) ?? peer), peer)
      return { reachedMs, deliveredMs, directMs: performance.now() - atMs, carrier }
    },

    async cut(which) {
      const direct = () => [...network.peers.values()].filter(isDirect)
      const open = sdk.connections.filter(({ connectionState }) => connectionState === 'connected')
      for (const connection of open) {
        const before = direct().filter(isNeighbour)
        const atMs = performance.now()
        connection.close()
        if (which === 'all') continue
        // A connection may be one that is not in use any more.
        await pause(20)
        const peer = before.find((neighbour) => !isDirect(neighbour))
        if (!peer) continue
        const { carrier } = peer.explain()
        await until('a direct path to a neighbour that was cut', () => isDirect(peer) || peer.state === 'closed', peer)
        return { peer: peer.name, directMs: performance.now() - atMs, carrier }
      }
      if (which === 'one') throw new Error(`${name} has no connection to cut`)
      const atMs = performance.now()
      await pause(20)
      const [first] = network.peers.values()
      const carrier = first?.explain().carrier
      const peer = await until('a direct path after all were cut', () => direct()[0])
      return { peer: peer.name, directMs: performance.now() - atMs, carrier }
    },

    async report() {
      const statistics = network.ledger?.statistics()
      await pause(0)
      return {
        name,
        peerId: network.peerId,
        state: network.state,
        carriers: network.carriers,
        neighbours: network.mesh?.neighbours.size ?? 0,
        links: [...network.peers.values()].map((peer) => ({
          id: peer.id,
          kind: peer.path.kind,
          isNeighbour: isNeighbour(peer),
        })),
        heard,
        broken,
        messages,
        left,
        errors,
        entries: statistics?.entries ?? 0,
        orphans: statistics?.orphans ?? 0,
        syncing: { ...syncing, now: `${Math.round(performance.now())}` },
        digest: statistics?.digest ?? '',
      }
    },

    async leave() {
      clearInterval(talking)
      await network.close()
    },
  }
}
