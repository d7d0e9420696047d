/** The networks that the laboratory makes are what they claim to be; all else that it shows rests on this. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { laboratory, type Laboratory } from './lab/laboratory.ts'
import { NAT_TYPES } from './lab/nat.ts'
import { EXPECTED } from './lab/probe.ts'
import { whyNoLaboratory } from './lab/requirements.ts'

const reason = await whyNoLaboratory()

describe.skipIf(reason !== undefined)(reason ? `NAT types (skipped: ${reason})` : 'NAT types', () => {
  let lab: Laboratory
  beforeAll(async () => void (lab = await laboratory()))
  afterAll(() => lab.close())

  test.for(NAT_TYPES)('%s maps, filters and blocks as RFC 4787 has it', async (type) => {
    const host = await lab.host(type)
    expect(await host.probe()).toEqual(EXPECTED[type])
  })

  test('a NAT that forgot its mappings, or got another address, is of the same type', async () => {
    const host = await lab.host('addr-restricted')
    await host.forgetMappings()
    await host.changePublicAddress()
    expect(await host.probe()).toEqual(EXPECTED['addr-restricted'])
  })

  test('a host that moved is behind the other NAT', async () => {
    const host = await lab.host('full-cone')
    await host.moveTo('symmetric')
    expect(await host.probe()).toEqual(EXPECTED.symmetric)
  })
})
