/**
 * The faults that force a link to move. Each is done to a link on a direct path, or to one that has just been put on the
 * relay and is held there; chance says on which side.
 */
import type { PathFault } from './endpoint.ts'
import type { Random } from './random.ts'
import type { RemoteEndpoint } from './remote-endpoint.ts'
import type { Scene } from './scene.ts'
import type { Side } from './udp-air.ts'

export interface Victims {
  readonly scene: Scene
  readonly endpoints: Readonly<Record<Side, RemoteEndpoint>>
  readonly random: Random
}

export interface Fault {
  readonly name: string
  /** The path that the link is on when it happens. */
  readonly on: 'direct' | 'relay'
  /** Takes ten seconds or more to be noticed; only for long runs. */
  readonly isSlow?: true
  /** How many WebSockets have to be replaced because of it. */
  readonly sockets: 0 | 1 | 2
  /** Resolves when it is done, not when it is over. */
  inflict(victims: Victims): Promise<unknown>
  /** Done as soon as both sides are on the relay. */
  relieve?(victims: Victims): Promise<unknown>
}

const SIDES: readonly Side[] = ['a', 'b']
/** Half a minute: the next path opens in a fraction of a second, or after a slow start of the other engine. */
const MAX_TRIES = 1_500
const TRY_EVERY_MS = 20

const ofPath = (name: string, fault: PathFault): Fault => ({
  name,
  on: 'direct',
  sockets: 0,
  inflict: ({ endpoints, random }) => breakPath([endpoints[random.oneOf(SIDES)]], fault),
})

/** Breaks the direct path on these sides; if it has just gone by itself, breaks the next one. */
async function breakPath(endpoints: readonly RemoteEndpoint[], fault: PathFault): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const broke = await Promise.all(endpoints.map((endpoint) => endpoint.call('breakPath', fault)))
    if (broke.includes(true)) return
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS))
  }
  throw new Error('there was no direct path to break')
}

const cut: Fault = { name: 'path cut', on: 'direct', sockets: 0, inflict: async ({ scene }) => scene.air.cut() }
const nudgeAfter = async ({ endpoints, random }: Victims, act: (side: Side) => void) => {
  const side = random.oneOf(SIDES)
  act(side)
  await endpoints[side].call('nudge')
}

const PATH_FAULTS: readonly Fault[] = [
  cut,
  {
    name: 'path cut in one direction',
    on: 'direct',
    sockets: 0,
    inflict: async ({ scene, random }) => scene.air.cut(random.oneOf(SIDES)),
  },
  { ...cut, name: 'path cut for a moment', relieve: async ({ scene }) => scene.air.restore() },
  {
    name: 'path cut, then a nudge',
    on: 'direct',
    sockets: 0,
    inflict: (victims) => nudgeAfter(victims, () => victims.scene.air.cut()),
  },
  ofPath('frames channel closed', 'frames-channel'),
  ofPath('probes channel closed', 'probes-channel'),
  ofPath('connection closed', 'connection'),
  {
    name: 'connection closed on both sides',
    on: 'direct',
    sockets: 0,
    inflict: ({ endpoints }) => breakPath([endpoints.a, endpoints.b], 'connection'),
  },
]

const SOCKET_FAULTS: readonly Fault[] = [
  {
    name: 'socket closed',
    on: 'relay',
    sockets: 1,
    inflict: ({ endpoints, random }) => endpoints[random.oneOf(SIDES)].call('closeSocket'),
  },
  {
    name: 'socket reset',
    on: 'relay',
    sockets: 1,
    inflict: async ({ scene, random }) => scene.wires[random.oneOf(SIDES)].reset(),
  },
  {
    name: 'both sockets reset',
    on: 'relay',
    sockets: 2,
    inflict: async ({ scene }) => SIDES.forEach((side) => scene.wires[side].reset()),
  },
  {
    name: 'socket half-dead',
    on: 'relay',
    sockets: 1,
    isSlow: true,
    inflict: async ({ scene, random }) => scene.wires[random.oneOf(SIDES)].goSilent(),
  },
  {
    name: 'socket half-dead, then a nudge',
    on: 'relay',
    sockets: 1,
    inflict: (victims) => nudgeAfter(victims, (side) => victims.scene.wires[side].goSilent()),
  },
  { name: 'room hibernated', on: 'relay', sockets: 0, inflict: ({ scene }) => scene.hibernateRoom() },
  { name: 'room evicted', on: 'relay', sockets: 2, inflict: ({ scene }) => scene.evictRoom() },
  { name: 'room redeployed', on: 'relay', sockets: 2, inflict: ({ scene }) => scene.redeploy() },
]

/** One of each kind at the same moment. */
const BOTH: Fault = {
  name: 'path and relay at once',
  on: 'direct',
  sockets: 0,
  inflict: (victims) =>
    Promise.all(
      [victims.random.oneOf(PATH_FAULTS), victims.random.oneOf(SOCKET_FAULTS.filter(isQuick))].map((fault) =>
        fault.inflict(victims),
      ),
    ),
}

export const FAULTS: readonly Fault[] = [...PATH_FAULTS, ...SOCKET_FAULTS, BOTH]

export function isQuick(fault: Fault): boolean {
  return !fault.isSlow
}
