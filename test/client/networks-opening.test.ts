/** Opening and founding networks: what a host says is checked against the id, and a host that lies is caught or outlived. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromBase64Url, toBase64Url } from '../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, proveGenesis, type Genesis } from '../../protocol/genesis.ts'
import { networkIdOfName, networkIdText } from '../../protocol/network.ts'
import { signRevocations } from '../../protocol/revocations.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { Founding } from '../../client/networks/api.ts'
import { describeNetwork, foundNetwork, listNetworks, openNetwork } from '../../client/networks/index.ts'
import { foundedBy, no, ok, ScriptedOffice } from '../support/scripted-office.ts'

let office: ScriptedOffice
let identity: Identity

beforeEach(async () => {
  office = await ScriptedOffice.open({ policy: 'private' })
  identity = await createIdentity()
})
afterEach(() => office.close())

describe('opening a founded network', () => {
  it('tells what its founder signed', async () => {
    const { facts, genesis, standing, role, chain, revoked } = await openNetwork(office.roomUrl, { identity })
    expect(facts).toEqual({
      id: networkIdText(office.genesis.id),
      name: 'Friends',
      description: 'Of Ada.',
      policy: 'private',
      parameters: DEFAULT_PARAMETERS,
      creator: office.creator.siteId,
      approvers: [office.creator.siteId],
      approvalsNeeded: 1,
      createdAtMs: office.genesis.createdAtMs,
      roomUrl: office.roomUrl,
      members: 0,
    })
    expect({ genesis, standing, role, chain, revoked }).toEqual({
      genesis: toBase64Url(office.genesis.bytes),
      standing: 'stranger',
      role: undefined,
      chain: '',
      revoked: [],
    })
  })

  it('does not believe what the host says beside the genesis', async () => {
    const lies = { name: 'Bank', description: 'Safe.', policy: 'public', creator: identity.siteId, members: 'many' }
    office.instead = () => ok({ ...lies, genesis: office.servedGenesis })
    const facts = await describeNetwork(office.roomUrl)
    expect(facts).toMatchObject({ name: 'Friends', policy: 'private', creator: office.creator.siteId, members: 0 })
  })

  it('refuses the genesis of another network, as genuine as it may be', async () => {
    office.servedGenesis = toBase64Url((await foundedBy(identity, { policy: 'public' })).bytes)
    await expect(openNetwork(office.roomUrl, { identity })).rejects.toMatchObject({
      code: 'membership',
      reason: 'genesis-mismatch',
    })
  })

  it.each([
    ['none', undefined, 'genesis-malformed'],
    ['a number', 7, 'genesis-malformed'],
    ['no base64url', 'a+b', 'genesis-malformed'],
    ['noise', 'AAAA', 'genesis-malformed'],
    ['far too long', 'A'.repeat(100_000), 'genesis-malformed'],
  ])('refuses a genesis that is %s', async (_, genesis, reason) => {
    office.instead = () => ok({ genesis })
    await expect(openNetwork(office.roomUrl, { identity })).rejects.toMatchObject({ code: 'membership', reason })
  })

  it('refuses a genesis that the founder did not sign', async () => {
    const bytes = office.genesis.bytes.slice()
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1
    office.servedGenesis = toBase64Url(bytes)
    await expect(openNetwork(office.roomUrl, { identity })).rejects.toMatchObject({ reason: 'genesis-signature' })
  })

  it('says that it is not registered there', async () => {
    office.instead = () => no('network-unknown', Date.now(), 404)
    await expect(openNetwork(office.roomUrl, { identity })).rejects.toMatchObject({
      code: 'membership',
      reason: 'network-unknown',
    })
  })

  it.each([
    ['no JSON', { status: 200, body: '<h1>It works</h1>' }],
    ['an error without a reason', { status: 502, body: '{}' }],
    ['without an end', { status: 200, body: 'x'.repeat(600_000) }],
  ])('from a host whose answer is %s is a room out of reach', async (_, answer) => {
    office.instead = () => answer
    await expect(openNetwork(office.roomUrl, { identity })).rejects.toMatchObject({
      code: 'room-unreachable',
      hint: expect.any(String) as string,
    })
  })

  it('works without the host when the genesis is given, and says so', async () => {
    await office.close()
    const genesis = toBase64Url(office.genesis.bytes)
    const network = await openNetwork(office.roomUrl, { identity: office.creator, genesis })
    expect(network).toMatchObject({ standing: 'member', role: 'creator', facts: { name: 'Friends' } })
    expect(network.hostFault).toMatchObject({ code: 'room-unreachable' })
    office = await ScriptedOffice.open({ policy: 'private' })
  })

  it('goes on with the given genesis when the host serves another, and says so', async () => {
    office.servedGenesis = toBase64Url((await foundedBy(identity, { policy: 'public' })).bytes)
    const genesis = toBase64Url(office.genesis.bytes)
    const network = await openNetwork(office.roomUrl, { identity, genesis })
    expect(network).toMatchObject({ standing: 'stranger', hostFault: { reason: 'genesis-mismatch' } })
  })

  it.each(['AAAA', '?', ''])('takes "%s" for no genesis', async (genesis) => {
    await expect(openNetwork(office.roomUrl, { identity, genesis })).rejects.toMatchObject({
      code: 'invalid-argument',
      reason: 'genesis',
    })
  })

  it('believes no revocations that the founder did not sign, and looks on', async () => {
    const eve = await createIdentity()
    const forged = await signRevocations(office.genesis, undefined, [identity.publicKey], Date.now(), (bytes) =>
      eve.sign(bytes),
    )
    office.servedRevocations = toBase64Url(forged.bytes)
    const network = await openNetwork(office.roomUrl, { identity })
    expect(network).toMatchObject({ standing: 'stranger', revoked: [], hostFault: { reason: 'revocations-signature' } })
  })

  it('does not forget revocations that were kept, whatever the host shows now', async () => {
    const owner = await openNetwork(office.roomUrl, { identity: office.creator })
    const { code } = await owner.invite()
    const member = await openNetwork(office.roomUrl, { identity, invite: code })
    await owner.revoke(identity.siteId)
    const { revocations = '' } = await openNetwork(office.roomUrl, { identity })
    office.servedRevocations = undefined
    const again = { identity, chain: member.chain }
    expect((await openNetwork(office.roomUrl, again)).standing).toBe('member')
    expect((await openNetwork(office.roomUrl, { ...again, revocations })).standing).toBe('revoked')
    await expect(openNetwork(office.roomUrl, { ...again, revocations: 'AAAA' })).rejects.toMatchObject({
      code: 'invalid-argument',
      reason: 'revocations',
    })
  })

  it('ends when the caller gives up', async () => {
    const giveUp = new AbortController()
    office.room.answer = () => new Promise(() => undefined)
    const opening = openNetwork(office.roomUrl, { identity, signal: giveUp.signal })
    giveUp.abort()
    await expect(opening).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('opening a plain name', () => {
  it('gives a public network with default parameters, which everybody is a member of', async () => {
    const roomUrl = `http://${office.room.host}/n/mainnet`
    office.instead = () => ok({ name: 'mainnet', members: 7 })
    const network = await openNetwork(roomUrl, { identity })
    expect(network).toMatchObject({ standing: 'member', role: 'everybody', endsAtMs: undefined, genesis: undefined })
    expect(network.facts).toMatchObject({
      name: 'mainnet',
      policy: 'public',
      parameters: DEFAULT_PARAMETERS,
      members: 7,
    })
    expect(network.networkId).toEqual(await networkIdOfName('mainnet'))
    await expect(network.invite()).rejects.toMatchObject({ code: 'invalid-argument', reason: 'policy' })
    await expect(network.revoke(identity.siteId)).rejects.toMatchObject({ reason: 'policy' })
  })

  it('works without the host', async () => {
    const network = await openNetwork('http://127.0.0.1:1/n/mainnet', { identity })
    expect(network).toMatchObject({
      standing: 'member',
      facts: { members: 0 },
      hostFault: { code: 'room-unreachable' },
    })
  })
})

describe('founding', () => {
  let registered: Genesis | undefined

  async function found(terms: Partial<Founding>) {
    office.instead = ({ path, body }) => {
      if (path !== '/networks') return undefined
      office.servedGenesis = body
      return ok({ genesis: body })
    }
    const network = await foundNetwork({ host: office.roomUrl, identity, name: 'Lab', ...terms })
    const proven = await proveGenesis(fromBase64Url(office.servedGenesis) ?? new Uint8Array(0))
    registered = typeof proven === 'string' ? undefined : proven
    return network
  }

  it('registers a signed genesis and gives the founder his membership', async () => {
    const network = await found({ description: 'We measure.', parameters: { confirmations: 2 } })
    expect(registered).toMatchObject({ name: 'Lab', policy: 'public', parameters: { confirmations: 2, maxDegree: 8 } })
    expect(network.facts.roomUrl).toBe(
      `http://${office.room.host}/n/${networkIdText(registered?.id ?? identity.publicKey)}`,
    )
    expect(network).toMatchObject({ standing: 'member', role: 'everybody', genesis: office.servedGenesis })
  })

  it('sorts approvers, and asks for more than half of them unless told otherwise', async () => {
    const approvers = await Promise.all(Array.from({ length: 4 }, async () => (await createIdentity()).siteId))
    const network = await found({ policy: 'consortium', approvers })
    expect(network.facts.approvers.toSorted()).toEqual(approvers.toSorted())
    expect(network.facts.approvalsNeeded).toBe(3)
    expect(network.role).toBe('creator')
  })

  it('corrects a wrong clock by the host, once', async () => {
    const serverTimeMs = Date.now() - 30 * 24 * 3_600_000
    const tries: string[] = []
    office.instead = ({ body }) => {
      tries.push(body)
      return tries.length === 1 ? no('genesis-clock', serverTimeMs) : ok({ genesis: body })
    }
    const network = await foundNetwork({ host: office.roomUrl, identity, name: 'Lab' })
    expect(Math.abs((network.facts.createdAtMs ?? 0) - serverTimeMs)).toBeLessThan(60_000)
    office.instead = () => no('genesis-clock', serverTimeMs)
    await expect(foundNetwork({ host: office.roomUrl, identity, name: 'Lab' })).rejects.toMatchObject({
      code: 'membership',
      reason: 'genesis-clock',
    })
  })

  const key = toBase64Url(new Uint8Array(32).fill(7))
  it.each<[string, Partial<Founding>]>([
    ['host', { host: 'edge-net.example' }],
    ['name', { name: '' }],
    ['name', { name: 'ä'.repeat(33) }],
    ['name', { name: 'two\nlines' }],
    ['name', { name: 'turned \u202E round' }],
    ['description', { description: 'x'.repeat(513) }],
    ['confirmations', { parameters: { confirmations: 0 } }],
    ['maxDegree', { parameters: { maxDegree: 2 } }],
    ['entryGapMs', { parameters: { entryGapMs: 3_600_001 } }],
    ['approvers', { policy: 'private', approvers: [key] }],
    ['approvers', { policy: 'consortium', approvers: [] }],
    ['approvers', { policy: 'consortium', approvers: [key, key] }],
    ['approvers', { policy: 'consortium', approvers: ['Ada'] }],
    ['threshold', { policy: 'consortium', approvers: [key], threshold: 2 }],
    ['threshold', { policy: 'public', threshold: 1 }],
  ])('refuses terms with a wrong %s and asks no host', async (reason, terms) => {
    await expect(found(terms)).rejects.toMatchObject({ code: 'invalid-argument', reason })
    expect(office.requests).toEqual([])
  })
})

describe('a list of networks', () => {
  it('asks for a page, and leaves out what leads elsewhere', async () => {
    const id = networkIdText(await networkIdOfName('mainnet'))
    const base = `http://${office.room.host}`
    const good = { name: 'mainnet', id, policy: 'public', url: `${base}/n/mainnet`, members: 3 }
    const networks = [
      good,
      { ...good, url: 'https://elsewhere.example/n/mainnet' },
      { ...good, url: `${base}/n/../evil` },
      { ...good, policy: 'private' },
      { ...good, id: 'mainnet' },
      7,
    ]
    office.instead = () => ok({ networks, next: 'b' })
    expect(await listNetworks(office.roomUrl, { query: 'a b', after: 'a', limit: 5 })).toEqual({
      networks: [good],
      next: 'b',
    })
    expect(office.requests.at(-1)?.path).toBe('/networks?query=a+b&after=a&limit=5')
  })

  it('of a host that says nothing useful is empty', async () => {
    office.instead = () => ok({ networks: 'many', next: 4 })
    expect(await listNetworks(office.roomUrl)).toEqual({ networks: [], next: undefined })
  })
})
