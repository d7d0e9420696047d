/** The carrier in memory passes what every carrier must; carriers that break a rule do not. */
import { describe, expect, it } from 'vitest'
import { carrierScenarios } from '../../client/carrier/acceptance.ts'
import type { Carrier } from '../../client/carrier/carrier.ts'
import { MemoryAir, type Arrive } from '../../client/carrier/memory.ts'
import type { PeerId } from '../../protocol/peer-id.ts'

const QUICK = { watchMs: 20, patienceMs: 3_000 }

function worldOf(arrive?: Arrive, change: (carrier: Carrier) => Carrier = (carrier) => carrier) {
  return () => {
    const air = new MemoryAir(arrive)
    return {
      open: () => change(air.carrier()),
      cut: async () => void (air.isUp = false),
      mend: async () => void (air.isUp = true),
      close: async () => undefined,
    }
  }
}

describe('a carrier in memory', () => {
  for (const { name, run } of carrierScenarios(worldOf(), QUICK)) it(name, run)
})

describe('a carrier in memory that loses, repeats and delays', () => {
  let count = 0
  const bad: Arrive = (act) => {
    count++
    if (count % 5 === 0) return
    setTimeout(act, (count * 7) % 20)
    if (count % 3 === 0) setTimeout(act, (count * 11) % 30)
  }
  for (const { name, run } of carrierScenarios(worldOf(bad), QUICK)) it(name, run)
})

it('put away before it is up, tells nothing until it is back', async () => {
  const carrier = new MemoryAir().carrier()
  const told: string[] = []
  const note = (what: string) => () => void told.push(what)
  const events = { up: note('up'), down: note('down'), met: note('met'), envelope: note('envelope') }
  const self = {
    networkId: new Uint8Array(32),
    peerId: 'AAAA' as PeerId,
    announcement: () => new Uint8Array(0),
    nowMs: () => 0,
  }
  carrier.start(self, { ...events, unreachable: note('unreachable'), ready: note('ready') })
  carrier.suspend()
  await new Promise((resolve) => setTimeout(resolve))
  expect(told).toEqual([])
  carrier.resume()
  expect(told).toEqual(['up'])
})

describe('the suite', () => {
  /** Carriers with one fault each, and how many scenarios see it at least. */
  const FAULTS: Record<string, (carrier: Carrier) => Carrier> = {
    'keeps the memory of its caller': (carrier) =>
      changed(carrier, 'sendEnvelope', (kind, to, body) => {
        queueMicrotask(() => carrier.sendEnvelope(kind, to, body))
      }),
    'changes bytes': (carrier) =>
      changed(carrier, 'sendEnvelope', (kind, to, body) =>
        carrier.sendEnvelope(
          kind,
          to,
          body.map((byte) => byte ^ 1),
        ),
      ),
    'cuts long ones': (carrier) =>
      changed(carrier, 'sendEnvelope', (kind, to, body) => carrier.sendEnvelope(kind, to, body.slice(0, 3_000))),
    'ignores being put away': (carrier) => changed(carrier, 'suspend', () => undefined),
    'goes on after its end': (carrier) => changed(carrier, 'close', () => Promise.resolve()),
    'tells within start': (carrier) =>
      changed(carrier, 'start', (self, events) => {
        events.up()
        carrier.start(self, events)
      }),
    'announces what is old': (carrier) =>
      changed(carrier, 'start', (self, events) => {
        const first = self.announcement()
        carrier.start(
          {
            ...self,
            peerId: self.peerId,
            networkId: self.networkId,
            announcement: () => first,
            nowMs: () => self.nowMs(),
          },
          events,
        )
      }),
    'never finds anybody': (carrier) => changed(carrier, 'seek', () => undefined),
  }
  for (const [fault, change] of Object.entries(FAULTS)) {
    it(`catches a carrier that ${fault}`, async () => {
      const runs = carrierScenarios(worldOf(undefined, change), { watchMs: 10, patienceMs: 100 })
      const results = await Promise.allSettled(runs.map(({ run }) => run()))
      expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
    })
  }

  it('says what the maker of a carrier says, and closes the world, when there is no carrier, or one that cannot be closed', async () => {
    const broken: Carrier['close'] = () => Promise.reject(new Error('the broker is gone'))
    const ways = {
      'no broker': () => Promise.reject(new Error('no broker')),
      'the broker is gone': (): Carrier => changed(new MemoryAir().carrier(), 'close', broken),
    }
    for (const [message, open] of Object.entries(ways)) {
      let closed = 0
      const world = {
        open,
        async close() {
          closed++
        },
      }
      const [first] = carrierScenarios(() => world, { patienceMs: 50, watchMs: 1 })
      await expect(first?.run()).rejects.toThrow(message)
      expect(closed).toBe(1)
    }
  })
})

function changed<Method extends keyof Carrier>(carrier: Carrier, method: Method, by: Carrier[Method]): Carrier {
  return new Proxy(carrier, {
    get(target, name) {
      if (name === method) return by
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
