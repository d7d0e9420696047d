/**
 * Whether two peers behind two NATs reach each other, how and how soon; and beside it the same for a bare
 * RTCPeerConnection between the same two networks, in the same processes, with the same ICE servers.
 */
import type { Path } from '../../client/index.ts'
import type { Laboratory } from './lab/laboratory.ts'
import { NAT_TYPES, type NatType } from './lab/nat.ts'
import type { IceSet } from './lab/server-program.ts'
import { until } from './lab/wait.ts'
import type { BareResult } from './peer/bare.ts'
import type { PeerReport } from './peer/driver.ts'
import type { RemoteDriver } from './peer/remote-driver.ts'

export type Engine = 'chromium' | 'node'

export interface Reached {
  /** A message arrived on both sides. */
  readonly reachable: boolean
  /** From the later side's being in the room until both have a message; what the room alone makes possible. */
  readonly firstMessageMs: number | undefined
  /** From the same until both send over a direct path. */
  readonly directMs: number | undefined
  /** Candidate types as the first side names them, or `relay` for the room. */
  readonly path: string
  /** From making the bare connection until both its ends are open; `undefined`: never. */
  readonly bareMs: number | undefined
  readonly barePair: string | undefined
}

/** The 28 unordered pairs. */
export const NAT_PAIRS: readonly (readonly [NatType, NatType])[] = NAT_TYPES.flatMap((a, index) =>
  NAT_TYPES.slice(index).map((b) => [a, b] as const),
)

/** Generous: a loaded machine is slow, and what works takes a tenth of it. */
const REACH_WITHIN_MS = 20_000
/** What cannot work is watched this long, to be sure; as long as one attempt of ours lasts. */
const WATCH_MS = 12_000
/** The names of a pair's candidates come after the path. */
const LABEL_WITHIN_MS = 2_000

/** What RFC 4787 lets one expect of ICE. It only decides how long to wait; what happens is measured. */
export function isDirectExpected(
  [a, b]: readonly [NatType, NatType],
  ice: IceSet,
  engines: readonly Engine[],
): boolean {
  const isBlocked = [a, b].some((type) => type === 'udp-blocked' || type === 'tcp-443')
  // libjuice has no TURN over TCP, and refuses the checks that Chromium sends from such a relay.
  if (isBlocked) return ice === 'turn' && !engines.includes('node')
  const areStrict = [a, b].every((type) => type === 'symmetric' || type === 'port-restricted')
  return ice !== 'stun' || !areStrict || (a === 'port-restricted' && b === 'port-restricted')
}

/** Meets in a fresh room with the product, and in a fresh bare room without. */
export async function reach(
  lab: Laboratory,
  [a, b]: readonly [RemoteDriver, RemoteDriver],
  ice: IceSet,
  directExpected: boolean,
  watchMs = WATCH_MS,
): Promise<Reached> {
  const room = await lab.room(ice)
  await Promise.all([a.join(room), b.join(room)])
  const { iceServers } = await a.report()
  const bare = (timeoutMs: number) => reachBare(lab.bareRoom(), [a, b], iceServers, timeoutMs)
  // What is timed runs alone; what is only watched may be watched together.
  const watched = directExpected ? undefined : bare(watchMs)
  const reports = () => Promise.all([a.report(), b.report()])
  await until(
    async () => (await reports()).every(({ firstMessageAtMs }) => firstMessageAtMs !== undefined),
    REACH_WITHIN_MS,
  )
  const isDirect = async () => (await reports()).every(({ firstDirectAtMs }) => firstDirectAtMs !== undefined)
  if (await until(isDirect, directExpected ? REACH_WITHIN_MS : watchMs)) {
    await until(async () => !pathOf((await reports())[0]).includes('unknown'), LABEL_WITHIN_MS)
  }
  const [first, second] = await reports()
  const sinceJoined = (at: 'firstMessageAtMs' | 'firstDirectAtMs') => {
    const times = [first[at] ?? NaN, second[at] ?? NaN]
    const ms = Math.max(...times) - Math.max(first.joinedAtMs, second.joinedAtMs)
    return Number.isNaN(ms) ? undefined : Math.max(0, ms)
  }
  const firstMessageMs = sinceJoined('firstMessageAtMs')
  const result = {
    reachable: firstMessageMs !== undefined,
    firstMessageMs,
    directMs: sinceJoined('firstDirectAtMs'),
    path: pathOf(first),
  }
  await Promise.all([a.leave(), b.leave()])
  return { ...result, ...(await (watched ?? bare(REACH_WITHIN_MS))) }
}

async function reachBare(
  url: string,
  [a, b]: readonly [RemoteDriver, RemoteDriver],
  iceServers: PeerReport['iceServers'],
  timeoutMs: number,
): Promise<Pick<Reached, 'bareMs' | 'barePair'>> {
  await Promise.all([a.bareReady(url, 'offerer', iceServers), b.bareReady(url, 'answerer', iceServers)])
  const results: BareResult[] = await Promise.all([a.bareResult(timeoutMs), b.bareResult(timeoutMs)])
  const bareMs = Math.max(...results.map(({ openedAtMs }) => openedAtMs ?? NaN)) - (results[0]?.startedAtMs ?? NaN)
  return Number.isNaN(bareMs) ? { bareMs: undefined, barePair: undefined } : { bareMs, barePair: results[0]?.pair }
}

function pathOf({ peers: [peer] }: PeerReport): string {
  return peer ? pathText(peer.explain.path) : 'nobody'
}

function pathText(path: Path): string {
  return path.kind === 'relay' ? 'relay' : `${path.local}/${path.remote}`
}
