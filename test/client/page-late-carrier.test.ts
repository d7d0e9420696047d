/** A carrier whose code comes late is a carrier like any other, and one whose code does not come is down, and says why. */
import { describe, expect, it, vi } from 'vitest'
import { carrierScenarios } from '../../client/carrier/acceptance.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from '../../client/carrier/carrier.ts'
import { MemoryAir } from '../../client/carrier/memory.ts'
import { LateCarrier } from '../../client/page/late-carrier.ts'

const QUICK = { watchMs: 20, patienceMs: 3_000 }
const LATE_MS = 10
const KIND = { name: 'gun', carriesBulk: false }

const soon = () => new Promise((resolve) => setTimeout(resolve, LATE_MS))

describe('a carrier whose code comes late', () => {
  const world = () => {
    const air = new MemoryAir()
    const load = async () => {
      await soon()
      return air.carrier()
    }
    return {
      open: () => new LateCarrier({ name: 'memory', carriesBulk: true }, load),
      cut: async () => void (air.isUp = false),
      mend: async () => void (air.isUp = true),
      close: async () => undefined,
    }
  }
  for (const { name, run } of carrierScenarios(world, QUICK)) it(name, run)
})

/** What it is told of, and what is called of the carrier that comes. */
function started(load: (carrier: Carrier) => Promise<Carrier>) {
  const calls: string[] = []
  const carrier = new Proxy({} as Carrier, {
    get: (_, name) =>
      name === 'then' ? undefined : (...args: unknown[]) => void calls.push(`${String(name)} ${args.length}`),
  })
  const down = vi.fn<CarrierEvents['down']>()
  const late = new LateCarrier(KIND, () => load(carrier))
  late.start({} as CarrierSelf, { down } as unknown as CarrierEvents)
  return { late, calls, down }
}

describe('until it has come', () => {
  it('it is not ready, and learns then what it has missed', async () => {
    const { late, calls } = started(async (carrier) => {
      await soon()
      return carrier
    })
    late.seek(true)
    late.suspend()
    late.announce()
    expect(late.isReady).toBe(false)
    await expect.poll(() => calls).toEqual(['start 2', 'seek 1', 'suspend 0'])
  })

  it('it can be closed, and never starts', async () => {
    const { late, calls } = started(async (carrier) => {
      await soon()
      return carrier
    })
    await late.close()
    await soon()
    await soon()
    expect(calls).toEqual([])
  })
})

describe('when it does not come', () => {
  it('it is down, says why, and is tried again at a nudge', async () => {
    let tries = 0
    const { late, calls, down } = started(async (carrier) => {
      if (++tries === 1) throw new TypeError('Failed to fetch')
      return carrier
    })
    await expect.poll(() => down.mock.calls.length).toBe(1)
    expect(down.mock.calls[0]?.[0]).toMatchObject({ code: 'unsupported', reason: 'carrier-not-loaded' })
    late.nudge()
    await expect.poll(() => calls).toEqual(['start 2'])
    expect(tries).toBe(2)
  })
})
