/** Peers reach each other behind any NATs: directly where WebRTC can, and otherwise over the room. All pairs: `npm run test:nat`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { laboratory, type Laboratory } from './lab/laboratory.ts'
import type { NatType } from './lab/nat.ts'
import { whyNoLaboratory } from './lab/requirements.ts'
import type { IceSet } from './lab/server-program.ts'
import { reach, type Engine } from './reachability.ts'

interface Meeting {
  readonly engines: readonly [Engine, Engine]
  readonly nats: readonly [NatType, NatType]
  readonly ice: IceSet
  /** Every path that would be right; `relay` alone is the room, in a pair it is a TURN server. */
  readonly path: RegExp
}

const REFLEXIVE = /^(host|srflx|prflx)\/(host|srflx|prflx)$/
const THROUGH_TURN = /relay\/|\/relay/
const ROOM = /^relay$/

const MEETINGS: readonly Meeting[] = [
  { engines: ['chromium', 'chromium'], nats: ['port-restricted', 'port-restricted'], ice: 'stun', path: REFLEXIVE },
  { engines: ['chromium', 'node'], nats: ['symmetric', 'full-cone'], ice: 'stun', path: REFLEXIVE },
  { engines: ['node', 'node'], nats: ['symmetric', 'symmetric'], ice: 'stun', path: ROOM },
  { engines: ['chromium', 'node'], nats: ['tcp-443', 'udp-blocked'], ice: 'stun', path: ROOM },
  { engines: ['node', 'node'], nats: ['symmetric', 'port-restricted'], ice: 'turn-udp', path: THROUGH_TURN },
  { engines: ['chromium', 'chromium'], nats: ['udp-blocked', 'tcp-443'], ice: 'turn', path: THROUGH_TURN },
]
/** Enough to see that nothing direct comes up while messages pass; the whole matrix watches longer. */
const WATCH_MS = 2_000

const reason = await whyNoLaboratory()

describe.skipIf(reason !== undefined)(reason ? `Behind NATs (skipped: ${reason})` : 'Behind NATs', () => {
  let lab: Laboratory
  beforeAll(async () => void (lab = await laboratory()))
  afterAll(() => lab.close())

  test.for(MEETINGS.map(titled))('$title', async ({ engines, nats, ice, path }) => {
    const [a, b] = await Promise.all([lab.host(nats[0]), lab.host(nats[1])])
    try {
      const peers = await Promise.all([a.peer(engines[0]), b.peer(engines[1])])
      const directExpected = path !== ROOM
      const reached = await reach(lab, peers, ice, directExpected, WATCH_MS)
      expect(reached).toMatchObject({ reachable: true, path: expect.stringMatching(path) as string })
      // The control: what was promised of these networks holds for WebRTC alone.
      expect(reached.bareMs !== undefined).toBe(directExpected)
    } finally {
      await Promise.all([lab.remove(a), lab.remove(b)])
    }
  })
})

function titled(meeting: Meeting): Meeting & { readonly title: string } {
  const { engines, nats, ice, path } = meeting
  const how = path === ROOM ? 'over the room' : path === THROUGH_TURN ? 'through TURN' : 'directly'
  return { ...meeting, title: `${engines.join(' ~ ')}, ${nats.join(' ~ ')}, ${ice}: ${how}` }
}
