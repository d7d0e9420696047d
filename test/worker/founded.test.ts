import { expect, test } from 'vitest'
import { fromBase64Url, toBase64Url } from '../../protocol/bytes.ts'
import { proveGenesis } from '../../protocol/genesis.ts'
import type { FoundedDescription } from '../../protocol/http.ts'
import { describeNetwork, found, register, sketch } from './founding.ts'
import { HOST, present } from './scenario.ts'

test.each(['public', 'private', 'consortium'] as const)('a %s network is founded and described', async (policy) => {
  const { network, genesis, creator } = await sketch(policy)
  expect((await describeNetwork(network)).status).toBe(404)
  const response = await register(genesis.bytes)
  expect(response.status).toBe(201)
  const description = {
    name: 'Night shift',
    id: network,
    policy,
    url: `https://${HOST}/n/${network}`,
    members: 0,
    description: 'Those who fold proteins while others sleep',
    creator: toBase64Url(creator.key),
    genesis: toBase64Url(genesis.bytes),
  }
  expect(await response.json()).toEqual(description)
  const described = await describeNetwork(network)
  expect(described.headers.get('Cache-Control')).toBe(policy === 'public' ? 'public, max-age=5' : 'no-store')
  expect(await described.json()).toEqual(description)
})

test('whoever has the id can tell the genesis that a host gives from any other', async () => {
  const { network, genesis } = await found('private')
  const { genesis: given } = await (await describeNetwork(network)).json<FoundedDescription>()
  expect(await proveGenesis(present(fromBase64Url(given)))).toEqual(genesis)
})

test('founding again changes nothing, whoever does it', async () => {
  const { network, genesis } = await found('private')
  const before = await (await describeNetwork(network)).json()
  const again = await register(genesis.bytes, { 'CF-Connecting-IP': '203.0.113.7' })
  expect(again.status).toBe(200)
  expect(await again.json()).toEqual(before)
  expect(await (await describeNetwork(network)).json()).toEqual(before)
})
