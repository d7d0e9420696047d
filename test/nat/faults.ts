/** What goes wrong with networks while two peers talk; and what became of their messages. */
import type { Host } from './lab/host.ts'
import type { Laboratory } from './lab/laboratory.ts'
import type { NatType } from './lab/nat.ts'
import type { IceSet } from './lab/server-program.ts'
import { pause, until } from './lab/wait.ts'
import type { PeerReport } from './peer/driver.ts'
import { isDirectExpected, type Engine } from './reachability.ts'

export interface Scene {
  readonly lab: Laboratory
  readonly a: Host
  readonly b: Host
}

export interface Fault {
  readonly name: string
  readonly nats: readonly [NatType, NatType]
  readonly ice: IceSet
  /** What happens. */
  inflict(scene: Scene): Promise<unknown>
  /** It lasts this long … */
  readonly lastsMs: number
  /** … and then it is over, unless it is something that stays. */
  repair?(scene: Scene): Promise<unknown>
  /** The networks still let a direct path through after all. */
  readonly directAfter: boolean
}

export interface Outcome {
  readonly fault: string
  readonly engines: readonly [Engine, Engine]
  readonly nats: readonly [NatType, NatType]
  readonly ice: IceSet
  readonly pathBefore: string
  /** The longest time without a delivered message on either side, while it lasted and after it was over. */
  readonly gapMs: number
  readonly gapAfterRepairMs: number | undefined
  /** From the fault until both sides were direct again, if they had left; 0 if they never did. */
  readonly directAgainMs: number | undefined
  readonly sent: number
  readonly received: number
  readonly lost: number
  readonly repeated: number
  /** Promises of delivery that were broken or stayed open. */
  readonly unconfirmed: number
  readonly links: readonly PeerReport['state'][]
  readonly log: readonly [readonly string[], readonly string[]]
}

const MESSAGE_EVERY_MS = 50
const CALM_MS = 2_000
const DIRECT_WITHIN_MS = 30_000
/** A link without any path is given up after a minute; nothing that is delivered later would be. */
const DRAIN_WITHIN_MS = 70_000

const CONES = ['port-restricted', 'port-restricted'] as const
const STRICT = ['symmetric', 'symmetric'] as const
const BLOCKED = ['udp-blocked', 'port-restricted'] as const

const between = ({ a, b }: Scene) => ({ address: a.publicAddress, peer: b.publicAddress })
const clear = ({ lab }: Scene) => lab.internet.clearFaults()

export const FAULTS: readonly Fault[] = [
  {
    name: 'UDP between the two is cut, and restored',
    nats: CONES,
    ice: 'stun',
    inflict: (scene) => scene.lab.internet.lose(1, { protocol: 'udp', ...between(scene) }),
    lastsMs: 10_000,
    repair: clear,
    directAfter: true,
  },
  {
    name: 'UDP between the two is cut where TURN is there, and restored',
    nats: CONES,
    ice: 'turn',
    inflict: (scene) => scene.lab.internet.lose(1, { protocol: 'udp', ...between(scene) }),
    lastsMs: 10_000,
    repair: clear,
    directAfter: true,
  },
  {
    name: 'all UDP of one is cut, and restored',
    nats: CONES,
    ice: 'turn',
    inflict: ({ lab, a }) => lab.internet.lose(1, { protocol: 'udp', address: a.publicAddress }),
    lastsMs: 10_000,
    repair: clear,
    directAfter: true,
  },
  {
    name: 'the cable is out for 4 s',
    nats: CONES,
    ice: 'stun',
    inflict: ({ lab, a }) => lab.internet.lose(1, { address: a.publicAddress }),
    lastsMs: 4_000,
    repair: clear,
    directAfter: true,
  },
  {
    name: 'a host gets another address',
    nats: CONES,
    ice: 'stun',
    inflict: ({ a }) => a.changeAddress(),
    lastsMs: 15_000,
    directAfter: true,
  },
  {
    name: 'a NAT gets another public address',
    nats: CONES,
    ice: 'stun',
    inflict: ({ a }) => a.changePublicAddress(),
    lastsMs: 15_000,
    directAfter: true,
  },
  {
    name: 'a host moves to another network',
    nats: CONES,
    ice: 'stun',
    inflict: ({ a }) => a.moveTo('full-cone'),
    lastsMs: 15_000,
    directAfter: true,
  },
  {
    name: 'a host moves to another network while the room carries all',
    nats: BLOCKED,
    ice: 'stun',
    inflict: ({ a }) => a.moveTo('tcp-443'),
    lastsMs: 15_000,
    directAfter: false,
  },
  {
    name: 'a NAT forgets its mappings',
    nats: CONES,
    ice: 'stun',
    inflict: ({ a }) => a.forgetMappings(),
    lastsMs: 10_000,
    directAfter: true,
  },
  {
    name: 'a symmetric NAT forgets its mappings',
    nats: STRICT,
    ice: 'turn',
    inflict: ({ a }) => a.forgetMappings(),
    lastsMs: 15_000,
    directAfter: true,
  },
  {
    name: 'a fifth of the packets is lost',
    nats: CONES,
    ice: 'stun',
    inflict: ({ lab, a }) => lab.internet.lose(0.2, { address: a.publicAddress }),
    lastsMs: 15_000,
    repair: clear,
    directAfter: true,
  },
  {
    name: 'coturn dies, and comes back',
    nats: STRICT,
    ice: 'turn-udp',
    inflict: ({ lab }) => lab.coturn.kill(),
    lastsMs: 8_000,
    repair: ({ lab }) => lab.coturn.start(),
    directAfter: true,
  },
  {
    name: 'TCP is reset while the path is direct',
    nats: CONES,
    ice: 'stun',
    inflict: ({ a }) => a.resetTcp(),
    lastsMs: 5_000,
    directAfter: true,
  },
  {
    name: 'TCP is reset while the room carries all',
    nats: BLOCKED,
    ice: 'stun',
    inflict: ({ a }) => a.resetTcp(),
    lastsMs: 5_000,
    directAfter: false,
  },
]

/** Lets two peers talk, inflicts the fault, and counts what arrived. */
export async function suffer(lab: Laboratory, fault: Fault, engines: readonly [Engine, Engine]): Promise<Outcome> {
  const { nats, ice } = fault
  const scene: Scene = { lab, a: await lab.host(nats[0]), b: await lab.host(nats[1]) }
  try {
    const peers = await Promise.all([scene.a.peer(engines[0]), scene.b.peer(engines[1])])
    const [a, b] = peers
    const reports = () => Promise.all([a.report(), b.report()])
    const both = (fits: (report: PeerReport) => boolean) => async () => (await reports()).every(fits)
    const room = await lab.room(ice)
    await Promise.all([a.join(room), b.join(room)])
    const directBefore = isDirectExpected(nats, ice, engines)
    const ready = directBefore ? both(isDirect) : both(({ peers: [peer] }) => peer?.state === 'verified')
    if (!(await until(ready, DIRECT_WITHIN_MS))) throw new Error(`not ready: ${JSON.stringify(await reports())}`)
    await Promise.all([a.startTraffic(MESSAGE_EVERY_MS), b.startTraffic(MESSAGE_EVERY_MS)])
    await pause(CALM_MS)
    const pathBefore = pathOf((await reports())[0])

    await Promise.all([a.mark('— the fault'), b.mark('— the fault')])
    const startedMs = performance.now()
    let directAgainMs: number | undefined
    let wasAway = false
    const watch = async (): Promise<undefined> => {
      const now = (await reports()).every(isDirect)
      wasAway ||= !now
      if (!now) directAgainMs = undefined
      else directAgainMs ??= wasAway ? performance.now() - startedMs : 0
      return undefined
    }
    await fault.inflict(scene)
    await until(watch, fault.lastsMs)
    const gapMs = gapOf(await reports())
    if (fault.repair) {
      await Promise.all([a.mark('— it is over'), b.mark('— it is over')])
      await fault.repair(scene)
      await until(watch, CALM_MS)
    }
    await until(async () => {
      await watch()
      return !fault.directAfter || directAgainMs !== undefined
    }, DIRECT_WITHIN_MS)
    await pause(CALM_MS)
    const afterwards = await reports()
    const lastGapMs = gapOf(afterwards)

    await Promise.all([a.stopTraffic(), b.stopTraffic()])
    await until(async () => unsettled(await reports()) === 0, DRAIN_WITHIN_MS)
    const [first, second] = await reports()
    const [gapOfA, gapOfB] = afterwards.map(gapText)
    return {
      fault: fault.name,
      engines,
      nats,
      ice,
      pathBefore,
      gapMs: fault.repair ? gapMs : lastGapMs,
      gapAfterRepairMs: fault.repair && lastGapMs,
      directAgainMs,
      sent: first.sent + second.sent,
      received: first.tally.received + second.tally.received,
      lost: first.tally.lost + second.tally.lost,
      repeated: first.tally.repeated + second.tally.repeated,
      unconfirmed: first.sent + second.sent - first.delivered - second.delivered,
      links: [first.state, second.state],
      log: [
        [...first.log, `longest gap since the mark: ${gapOfA}`],
        [...second.log, `longest gap since the mark: ${gapOfB}`],
      ],
    }
  } finally {
    await lab.internet.clearFaults()
    await Promise.all([lab.remove(scene.a), lab.remove(scene.b)])
  }
}

/** Every message once, in order, and confirmed. */
export function isUnharmed({ sent, received, lost, repeated, unconfirmed }: Outcome): boolean {
  return sent > 0 && received === sent && lost === 0 && repeated === 0 && unconfirmed === 0
}

function isDirect({ peers: [peer] }: PeerReport): boolean {
  return peer?.explain.phase === 'direct'
}

function unsettled([a, b]: readonly [PeerReport, PeerReport]): number {
  return a.sent - a.delivered + (b.sent - b.delivered)
}

function gapOf(reports: readonly PeerReport[]): number {
  return Math.max(...reports.map(({ tally }) => tally.longestGapMs))
}

function gapText({ joinedAtMs, tally: { longestGapMs, gapEndedAtMs } }: PeerReport): string {
  const ended = gapEndedAtMs === undefined ? 'not over' : `until ${((gapEndedAtMs - joinedAtMs) / 1_000).toFixed(2)}`
  return `${(longestGapMs / 1_000).toFixed(2)} s, ${ended}`
}

function pathOf({ peers: [peer] }: PeerReport): string {
  const path = peer?.explain.path
  return path?.kind === 'direct' ? `${path.local}/${path.remote}` : 'relay'
}
