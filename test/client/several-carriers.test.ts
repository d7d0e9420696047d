/** Several carriers that bring the same, late and in another order: what they carry is had once, and in order. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Carrier } from '../../client/carrier/carrier.ts'
import { MemoryAir } from '../../client/carrier/memory.ts'
import { join, type Network } from '../../client/node/index.ts'
import type { Envelope } from '../../protocol/envelope.ts'
import { heardBy, peerOf } from '../support/two-peers.ts'

/** Nobody listens at port 1. */
const NO_ROOM = 'http://127.0.0.1:1/n/several-carriers'
const MESSAGES = 300

const networks: Network[] = []
afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()))
})

async function joinBy(...carriers: readonly Carrier[]): Promise<Network> {
  const network = await join(NO_ROOM, { direct: 'off', carriers })
  networks.push(network)
  return network
}

/** Several as one that sends over all of them, and hears what any of them brings. */
function together(name: string, carriers: readonly Carrier[], heard: (envelope: Envelope) => void = () => {}): Carrier {
  const each = (act: (carrier: Carrier) => unknown) => carriers.map(act)
  return {
    name,
    carriesBulk: true,
    get isReady() {
      return carriers.every(({ isReady }) => isReady)
    },
    start(self, events) {
      const envelope = (brought: Envelope) => {
        heard(brought)
        events.envelope(brought)
      }
      each((carrier) => carrier.start(self, { ...events, envelope }))
    },
    sendEnvelope: (kind, to, body) => void each((carrier) => carrier.sendEnvelope(kind, to, body)),
    announce: () => void each((carrier) => carrier.announce()),
    seek: (isMissingSomebody) => void each((carrier) => carrier.seek(isMissingSomebody)),
    nudge: () => void each((carrier) => carrier.nudge()),
    suspend: () => void each((carrier) => carrier.suspend()),
    resume: () => void each((carrier) => carrier.resume()),
    async close() {
      await Promise.all(each((carrier) => carrier.close()))
    },
  }
}

/** Everything arrives, after times that differ, so that much is overtaken. */
function unevenAir(): MemoryAir {
  let count = 0
  return new MemoryAir((act) => void setTimeout(act, (count++ * 7) % 20))
}

describe('the same envelopes over two carriers', () => {
  it('make one peer, and messages that are had once and in order', async () => {
    const airs = [new MemoryAir(), unevenAir()]
    /** How often each carrier brought bulk. */
    const bulk = [0, 0]
    const ada = await joinBy(
      together(
        'both',
        airs.map((air) => air.carrier()),
      ),
    )
    const bob = await joinBy(
      ...airs.map((air, i) =>
        together(`air-${i}`, [air.carrier()], ({ kind }) => {
          if (kind === 'relay') bulk[i] = (bulk[i] ?? 0) + 1
        }),
      ),
    )
    const events: string[] = []
    bob.on('peer', () => void events.push('peer'))
    bob.on('peer-left', ({ reason }) => void events.push(reason))
    const heard = { ada: heardBy(ada), bob: heardBy(bob) }
    const [bobOfAda, adaOfBob] = [await peerOf(ada, bob), await peerOf(bob, ada)]
    const sent = Array.from({ length: MESSAGES }, (_, i) => String(i))
    const sendings = sent.flatMap((text) => [bobOfAda.send(text), adaOfBob.send(text)])
    await Promise.all(sendings.map(({ delivered }) => delivered))
    // What is still on its way would be a second time.
    await expect.poll(() => bulk[0] === bulk[1]).toBe(true)
    expect(bulk[0]).toBeGreaterThanOrEqual(MESSAGES)
    expect(heard).toEqual({ ada: sent, bob: sent })
    expect(events).toEqual(['peer'])
  })
})
