import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { concat, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { proveGenesis } from '../../protocol/genesis.ts'
import type { FoundedDescription, NetworkDescription, NetworkList } from '../../protocol/http.ts'
import { networkIdOfName, networkIdText } from '../../protocol/network.ts'
import type { RefusalCode } from '../../protocol/refusal.ts'
import { sourceOf } from '../../worker/rate-limits.ts'
import { registryOf } from '../../worker/registry.ts'
import { emptyTally } from '../../worker/tally.ts'
import { describeNetwork, found, refusedAs, register, sketch } from './founding.ts'
import { HOST, join, newSession, newSigner, present, request, roomOf } from './scenario.ts'

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

const SECOND_NAME = { name: 'mainnet', description: 'The real one' }

describe('a genesis is refused', () => {
  const cases: Record<string, [RefusalCode, number, () => Promise<Bytes | string>]> = {
    'that is none': ['genesis-malformed', 400, async () => 'hello'],
    'that is empty': ['genesis-malformed', 400, async () => ''],
    'beyond any size': ['genesis-malformed', 400, async () => 'A'.repeat(1_000_000)],
    'cut short': ['genesis-malformed', 400, async () => (await sketch('public')).genesis.bytes.slice(0, -1)],
    'with something behind it': [
      'genesis-malformed',
      400,
      async () => concat((await sketch('public')).genesis.bytes, new Uint8Array(1)),
    ],
    'without a name': ['genesis-terms', 400, async () => (await sketch('public', { name: '' })).genesis.bytes],
    'with approvers in a private network': [
      'genesis-terms',
      400,
      async () => (await sketch('private', { approvers: [(await newSigner()).key] })).genesis.bytes,
    ],
    'of which somebody else is the creator': [
      'genesis-signature',
      401,
      async () => (await sketch('public', { creator: (await newSigner()).key })).genesis.bytes,
    ],
    'of a year from now': [
      'genesis-clock',
      400,
      async () => (await sketch('public', { createdAtMs: Date.now() + 365 * 86_400_000 })).genesis.bytes,
    ],
  }

  test.each(Object.entries(cases))('%s', async (_, [code, status, bytesOf]) => {
    const body = await bytesOf()
    const text = typeof body === 'string' ? body : toBase64Url(body)
    expect(await refusedAs(await request('/networks', { method: 'POST', body: text }))).toEqual([code, status])
  })

  test('when it was changed by a single bit, wherever that is', async () => {
    const { genesis } = await sketch('consortium', {}, { approvers: 2 })
    for (let at = 0; at < genesis.bytes.length; at += 7) {
      const changed = genesis.bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect((await register(changed)).status).toBeGreaterThanOrEqual(400)
    }
    expect((await describeNetwork(networkIdText(genesis.id))).status).toBe(404)
  })
})

test('one part of the Internet founds so many networks a minute', async () => {
  const from = { 'CF-Connecting-IP': '192.0.2.88' }
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) statuses.push((await register((await sketch('private')).genesis.bytes, from)).status)
  // The minute may turn over in between, once.
  expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(10)
  const last = await register((await sketch('private')).genesis.bytes, from)
  if (last.status === 429) expect(last.headers.get('Retry-After')).toBe('60')
  expect(statuses).toContain(429)
})

describe('the list of networks', () => {
  test('has public founded ones from the start, with what tells those of one name apart', async () => {
    const [one, two] = [await found('public', SECOND_NAME), await found('public', SECOND_NAME)]
    const listed = await listNetworks('?query=the+REAL')
    expect(new Map(listed.map(({ id, creator }) => [id, creator]))).toEqual(
      new Map([one, two].map(({ network, creator }) => [network, toBase64Url(creator.key)])),
    )
    expect(listed.map(({ name }) => name)).toEqual(['mainnet', 'mainnet'])
    await join(one.network)
    await runDurableObjectAlarm(roomOf(one.network))
    const [first] = await listNetworks('?query=the+REAL')
    expect(first).toEqual({
      name: 'mainnet',
      id: one.network,
      policy: 'public',
      url: `https://${HOST}/n/${one.network}`,
      members: 1,
      description: 'The real one',
      creator: toBase64Url(one.creator.key),
    })
  })

  test('never has a closed one, however many are in it', async () => {
    for (const policy of ['private', 'consortium'] as const) {
      const { network, creator } = await found(policy, { name: 'Nobody may know' })
      const member = await join(await newSession(network, { who: creator }))
      await member.settled()
      await runDurableObjectAlarm(roomOf(network))
      expect(await (await describeNetwork(network)).json()).toMatchObject({ members: 1 })
      expect(await listNetworks('?query=nobody')).toEqual([])
      expect(await listNetworks(`?query=${network}`)).toEqual([])
      expect((await listNetworks('')).map(({ id }) => id)).not.toContain(network)
    }
  })

  test('finds a plain name by a part of it and by its id', async () => {
    await join('find-me')
    await runDurableObjectAlarm(roomOf('find-me'))
    const id = networkIdText(await networkIdOfName('find-me'))
    for (const query of ['find', 'FIND-ME', id, id.slice(0, 20).toLowerCase()]) {
      expect(await listNetworks(`?query=${query}`), query).toMatchObject([{ name: 'find-me', id }])
    }
    expect(await listNetworks('?query=nothing-of-the-kind')).toEqual([])
    expect(await listNetworks(`?query=${'a'.repeat(65)}`)).toEqual([])
  })

  test('comes in pages, each network once, though sizes change while somebody reads', async () => {
    const registry = registryOf(env)
    const names = Array.from({ length: 25 }, (_, i) => `page-${i}`)
    for (const [i, name] of names.entries()) await registry.report(name, i + 1, emptyTally())
    const read: string[] = []
    let after = ''
    for (let page = 0; page < 10; page++) {
      const answer = await request(`/networks?query=page-&limit=4&after=${after}`)
      const { networks, next } = await answer.json<NetworkList>()
      expect(networks.length).toBeLessThanOrEqual(4)
      read.push(...networks.map(({ name }) => name))
      // The largest shrinks, the smallest grows, one goes, one comes: after the registry was evicted, too.
      await registry.report(`page-${24 - page}`, 1, emptyTally())
      await registry.report(`page-${page}`, 1_000, emptyTally())
      await registry.report('page-12', 0, emptyTally())
      await registry.report('page-new', 2_000, emptyTally())
      await evictDurableObject(registry)
      if (next === undefined) break
      after = next
    }
    expect(read.slice(0, 4)).toEqual(['page-24', 'page-23', 'page-22', 'page-21'])
    expect(read).toEqual([...new Set(read)])
    // What came meanwhile is missed, what went is left out if its page was not read yet.
    expect(read.toSorted()).toEqual(names.filter((name) => name !== 'page-12').toSorted())
  })

  test.each(['garbage', '1-0', '9999999999999-0', '1-999999999'])(
    'ends at a cursor that is none: %s',
    async (after) => {
      expect(await (await request(`/networks?after=${after}`)).json()).toEqual({ networks: [] })
    },
  )

  test.each([['0'], ['-1'], ['1000'], ['many']])('takes %s for a limit as if there were none', async (limit) => {
    expect((await request(`/networks?limit=${limit}`)).status).toBe(200)
  })

  test('is full for one part of the Internet before it is full for others', async () => {
    const registry = registryOf(env)
    const { genesis } = await sketch('public')
    for (let i = 0; i < 20; i++) expect(await registry.list(`net-flood-${i}`, genesis, 'somewhere')).toBe(true)
    expect(await registry.list('net-flood-20', genesis, 'somewhere')).toBe(false)
    expect(await registry.list('net-flood-20', genesis, 'elsewhere')).toBe(true)
    // Saying again what is listed is no flood.
    expect(await registry.list('net-flood-0', genesis, 'somewhere')).toBe(true)
  })

  test('says so to the founder', async () => {
    const registry = registryOf(env)
    const { genesis } = await sketch('public')
    const source = await sourceOf(new Request('https://x', { headers: { 'CF-Connecting-IP': '198.51.100.99' } }), '')
    for (let i = 0; i < 20; i++) await registry.list(`net-mine-${i}`, genesis, source)
    const { genesis: another } = await sketch('public')
    const response = await register(another.bytes, { 'CF-Connecting-IP': '198.51.100.99' })
    expect(await refusedAs(response)).toEqual(['registry-full', 429])
    expect((await describeNetwork(networkIdText(another.id))).status).toBe(404)
  })
})

async function listNetworks(search: string): Promise<readonly NetworkDescription[]> {
  const response = await request(`/networks${search}`)
  expect(response.status).toBe(200)
  return (await response.json<NetworkList>()).networks
}
