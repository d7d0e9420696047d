/** Whatever happens to the network, messages arrive once and in order. All faults, with times: `npm run test:nat`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FAULTS, suffer } from './faults.ts'
import { laboratory, type Laboratory } from './lab/laboratory.ts'
import { whyNoLaboratory } from './lab/requirements.ts'
import type { Engine } from './reachability.ts'

const CHOSEN: readonly { readonly name: string; readonly engines: readonly [Engine, Engine] }[] = [
  { name: 'UDP between the two is cut where TURN is there, and restored', engines: ['chromium', 'chromium'] },
  { name: 'a host moves to another network', engines: ['chromium', 'node'] },
  { name: 'TCP is reset while the room carries all', engines: ['node', 'node'] },
]

const reason = await whyNoLaboratory()

describe.skipIf(reason !== undefined)(reason ? `Faults (skipped: ${reason})` : 'Faults', () => {
  let lab: Laboratory
  beforeAll(async () => void (lab = await laboratory()))
  afterAll(() => lab.close())

  test.for(CHOSEN)('$name ($engines.0 ~ $engines.1)', async ({ name, engines }) => {
    const fault = FAULTS.find((some) => some.name === name)
    if (!fault) throw new Error(`no such fault: ${name}`)
    const outcome = await suffer(lab, fault, engines)
    const { sent, received, lost, repeated, unconfirmed, directAgainMs } = outcome
    const log = outcome.log.map((lines) => lines.join('\n')).join('\n\n')
    expect({ received, lost, repeated, unconfirmed }, log).toEqual({
      received: sent,
      lost: 0,
      repeated: 0,
      unconfirmed: 0,
    })
    if (fault.directAfter) expect(directAgainMs, log).toBeDefined()
  })
})
