/** Gun as a carrier, against real relays. */
import { describe, it } from 'vitest'
import { carrierScenarios, type CarrierWorld } from '../../client/carrier/acceptance.ts'
import { gunCarrier } from '../../client/carrier/gun/index.ts'
import { Records, bucketOf } from '../../client/carrier/gun/records.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import { GunStranger, startGunRelay } from '../support/gun-relay.ts'

function worldOf(axe: boolean) {
  return async (): Promise<CarrierWorld> => {
    const relay = await startGunRelay({ axe })
    return {
      open: () => gunCarrier({ relays: [relay.url] }),
      cut: () => relay.stop(),
      mend: () => relay.start(),
      litter: (network) => litter(relay.url, network),
      close: () => relay.close(),
    }
  }
}

/** What a stranger who watches a relay can throw into the node where members show themselves. */
async function litter(url: string, network: Bytes): Promise<void> {
  const records = await Records.of(network)
  const soul = await records.presenceSoul(bucketOf(Date.now()))
  const stranger = await GunStranger.of(url)
  const slots = Array.from({ length: 20 }, (_, i) => [`${i}`.padStart(22, 'x'), 'x'.repeat(i * 300)])
  stranger.put(soul, Object.fromEntries(slots) as Record<string, string>)
  stranger.put(soul, { short: 1, '': true, ['x'.repeat(22)]: null })
  stranger.close()
}

describe.each([
  ['that tells those who asked', true],
  ['that tells everybody of everything', false],
])('a carrier over a Gun relay %s', (_, axe) => {
  for (const { name, run } of carrierScenarios(worldOf(axe))) it(name, run)
})
