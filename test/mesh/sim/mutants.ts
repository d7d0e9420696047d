/** Meshes that lack one of their rules, each with the life that shows it. Their numbers are others; the machines are the same. */
import { meshPolicy, type MeshPolicy } from '../../../client/mesh/mesh.ts'
import type { Bars } from './complaints.ts'
import type { Scenario } from './scenario.ts'

const DEGREE = 8
const PEERS = 60
const NEVER = 1e9
export const TRUE_POLICY = meshPolicy(DEGREE)

export type Life =
  | 'quiet'
  | 'churn'
  | 'closed'
  | 'mute'
  | 'idle'
  | 'siege'
  | 'neediness'
  | 'reaching'
  | 'swallowing'
  | 'deceit'
  | 'garbage'

/** Small networks, and such as are hard on one rule. */
export const LIVES: Readonly<Record<Life, Partial<Scenario>>> = {
  quiet: {},
  churn: { churnPerMinute: 0.1 },
  closed: { peers: 100, roomCloses: true, churnPerMinute: 0.3, talkMs: 90_000 },
  mute: { vices: { mute: 0.2 }, churnPerMinute: 0.1 },
  idle: { vices: { idle: 0.2 }, talkMs: 90_000 },
  garbage: { vices: { garbage: 0.1 }, talkMs: 90_000 },
  // Twenty minutes in which every second somebody comes who needs neighbours, for nothing.
  siege: { vices: { mute: 0.3 }, siegePerMinute: 60, talkMs: 1_200_000, messagesPerSecond: 0.2, sampleMs: 20_000 },
  neediness: { vices: { needy: 0.3 }, siegePerMinute: 60, talkMs: 1_200_000, messagesPerSecond: 0.2, sampleMs: 20_000 },
  reaching: { roomCloses: true, demandsPerMinute: 120 },
  swallowing: { roomCloses: true, demandsPerMinute: 120, vices: { swallow: 0.2 } },
  deceit: { roomCloses: true, demandsPerMinute: 120, vices: { deceive: 0.1 } },
}

const BARS: Bars = {
  maxNeighbours: TRUE_POLICY.overlay.degrees.ceiling,
  minNeighbours: 1,
  maxCopies: 3.3,
  maxDelayRatio: 2.2,
  maxHostileLinks: 2.5,
  maxUnmetShare: 0,
  // What the budget allows in the twenty-two minutes that the longest of these lives take, and a few that were under way.
  maxConnections: 56 + (22 / 60) * 120 + 8,
}

/** What is particular about a life: neighbours that come and go all the time push each message until they know better. */
const PARTICULAR: Readonly<Partial<Record<Life, Partial<Bars>>>> = {
  mute: { maxHostileLinks: 0.6 },
  idle: { mustFind: 'silent' },
  garbage: { mustFind: 'garbage' },
  // Nobody is found out who carries nothing for others; nearly all links come all the same.
  swallowing: { maxUnmetShare: 0.05 },
  deceit: { maxUnmetShare: 0.05 },
  siege: { maxCopies: 6, maxHostileLinks: 0.6 },
  neediness: { maxCopies: 6 },
}

export const barsOf = (life: Life): Bars => ({ ...BARS, ...PARTICULAR[life] })

export const scenarioOf = (life: Life, seed: number, policy: MeshPolicy): Scenario => ({
  name: life,
  seed,
  peers: PEERS,
  policy,
  ...LIVES[life],
})

type Change = { readonly [K in keyof MeshPolicy]?: Partial<MeshPolicy[K]> }

/** Who lacks what, and in which life it shows. */
export const MUTANTS: readonly (readonly [name: string, change: Change, life: Life])[] = [
  ['takes everybody as a neighbour', withDegrees({ ceiling: 64 }), 'churn'],
  ['is never in need', withDegrees({ floor: 0 }), 'closed'],
  ['bears neighbours who never answer', { overlay: { maxUnanswered: NEVER } }, 'mute'],
  [
    'begins as many connections as it is asked for',
    { overlay: { connections: { burst: NEVER, perSecond: NEVER } } },
    'siege',
  ],
  ['audits nobody', { gossip: { auditMs: NEVER } }, 'idle'],
  ['audits hastily', { gossip: { auditWaitMs: 100 } }, 'churn'],
  ['asks nobody to push less', { gossip: { eagerFloor: 99 } }, 'quiet'],
  ['has one neighbour push', { gossip: { eagerFloor: 1 } }, 'quiet'],
  ['says its own words to some neighbours', { gossip: { floodsOwn: false } }, 'quiet'],
  ['forgets what it has heard', { gossip: { maxSeen: 1 } }, 'quiet'],
  ['keeps nothing for those who ask', { gossip: { storeMs: 0 } }, 'idle'],
  ['seeks nobody', { route: { maxSought: 0 } }, 'reaching'],
  ['carries nothing', { route: { carryKiB: { burst: 0, perSecond: 0 } } }, 'reaching'],
  ['remembers no way', { route: { routeMs: 0 } }, 'reaching'],
  ['answers by one way', { route: { answerWays: 1 } }, 'swallowing'],
  ['goes on by a way that brings no answer', { route: { answerMs: NEVER } }, 'swallowing'],
]

function withDegrees(degrees: Partial<MeshPolicy['overlay']['degrees']>): Change {
  return { overlay: { degrees: { ...TRUE_POLICY.overlay.degrees, ...degrees } } }
}

export function mutated({ overlay, passive, gossip, route }: Change): MeshPolicy {
  return {
    overlay: { ...TRUE_POLICY.overlay, ...overlay },
    passive: { ...TRUE_POLICY.passive, ...passive },
    gossip: { ...TRUE_POLICY.gossip, ...gossip },
    route: { ...TRUE_POLICY.route, ...route },
  }
}
