import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeApproval } from '../../protocol/approval.ts'
import { fromBase64Url, toBase64Url } from '../../protocol/bytes.ts'
import type { FoundedDescription, ReviewAnswer, WaitingAnswer } from '../../protocol/http.ts'
import { MAX_REVOKED } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { proveRevocations, signRevocations } from '../../protocol/revocations.ts'
import { charterOf, UNUSED_FOR_MS } from '../../worker/charter.ts'
import { createKnownNetworks } from '../../worker/known-networks.ts'
import {
  approval,
  describeNetwork,
  found,
  petition,
  refusedAs,
  register,
  revoke,
  send,
  sessionWith,
  sketch,
  type Founded,
} from './founding.ts'
import { join, newSigner, present, type Signer } from './scenario.ts'

afterEach(() => {
  vi.useRealTimers()
})

const HOUR_MS = 3_600_000
const RULE = { approvers: 1, needed: 1, removed: [] }

function ask(founded: Founded, who: Signer, change: Parameters<typeof petition>[3] = {}): Promise<Response> {
  return petition(founded, 'wait', who, change).then((text) => send(founded.network, 'waiting', text))
}

async function waiting(founded: Founded, approver: Signer): Promise<ReviewAnswer['waiting']> {
  const response = await send(founded.network, 'reviews', await petition(founded, 'review', approver))
  expect(response.status).toBe(200)
  return (await response.json<ReviewAnswer>()).waiting
}

describe('waiting to be let in', () => {
  test('a newcomer asks, the creator sees and approves, and he comes in with what he is given', async () => {
    const founded = await found('private')
    const { network, creator } = founded
    const ada = await newSigner()
    expect(await (await ask(founded, ada, { name: 'Ada', note: 'from the reading group' })).json()).toEqual({
      approvals: [],
    })
    expect(await waiting(founded, creator)).toEqual([
      {
        member: toBase64Url(ada.key),
        name: 'Ada',
        note: 'from the reading group',
        sinceMs: expect.any(Number) as number,
        approvals: [],
      },
    ])
    const { text } = await approval(founded, ada.key)
    expect((await send(network, 'approvals', text)).status).toBe(204)
    expect(await waiting(founded, creator)).toEqual([])
    const answer = await (await ask(founded, ada)).json<WaitingAnswer>()
    expect(answer.approvals).toEqual([text])
    expect(await waiting(founded, creator)).toEqual([])
    const given = answer.approvals.map((each) => present(decodeApproval(present(fromBase64Url(each)))))
    await join(await sessionWith(founded, () => encodeChain({ kind: 'approvals', approvals: given }), ada))
  })

  test('in a consortium it takes as many as the genesis says, in any order, with an eviction between', async () => {
    const founded = await found('consortium')
    const { network, approvers } = founded
    const ada = await newSigner()
    await ask(founded, ada)
    const [last, first] = [await approval(founded, ada.key, 2), await approval(founded, ada.key, 0)]
    await send(network, 'approvals', last.text)
    await evictDurableObject(charterOf(env, network))
    expect(await waiting(founded, present(approvers[1]))).toMatchObject([{ approvals: [last.text] }])
    expect(await (await ask(founded, ada)).json()).toEqual({ approvals: [last.text] })
    await send(network, 'approvals', first.text)
    expect(await waiting(founded, present(approvers[1]))).toEqual([])
    expect(await (await ask(founded, ada)).json()).toEqual({ approvals: [first.text, last.text] })
  })

  test('whoever is declined is told so for a day, unless he is approved after all', async () => {
    const founded = await found('private')
    const { network, creator } = founded
    const ada = await newSigner()
    await ask(founded, ada)
    const no = await petition(founded, 'decline', creator, { subject: ada.key })
    expect((await send(network, 'declines', no)).status).toBe(204)
    expect(await waiting(founded, creator)).toEqual([])
    await evictDurableObject(charterOf(env, network))
    expect(await refusedAs(await ask(founded, ada))).toEqual(['declined', 403])
    const { text } = await approval(founded, ada.key)
    await send(network, 'approvals', text)
    expect(await (await ask(founded, ada)).json()).toEqual({ approvals: [text] })
  })

  test('in a public network nobody has to wait, and nobody does', async () => {
    const founded = await found('public')
    expect(await (await ask(founded, await newSigner())).json()).toEqual({ approvals: [] })
    expect(await charterOf(env, founded.network).waiting(RULE)).toEqual([])
  })

  test('a flood from one part of the Internet leaves places for others', async () => {
    const founded = await found('private')
    const from = (address: string) => ({ 'CF-Connecting-IP': address })
    const knock = async (address: string) =>
      send(founded.network, 'waiting', await petition(founded, 'wait', await newSigner()), from(address))
    for (let i = 0; i < 10; i++) expect((await knock(`203.0.113.${i}`)).status).toBe(200)
    expect(await refusedAs(await knock('203.0.113.200'))).toEqual(['waiting-full', 429])
    expect((await knock('198.51.100.1')).status).toBe(200)
  })
})

describe('a petition is refused', () => {
  const cases = {
    'that is none': ['petition-malformed', 400, async () => 'hello'],
    'for something else': [
      'petition-malformed',
      400,
      (founded) => newSigner().then((who) => petition(founded, 'review', who)),
    ],
    'for another network': [
      'petition-malformed',
      400,
      async () => petition(await sketch('private'), 'wait', await newSigner()),
    ],
    'for another host': [
      'petition-host',
      401,
      async (founded) => petition(founded, 'wait', await newSigner(), { host: 'elsewhere.test' }),
    ],
    'of an hour ago': [
      'petition-clock',
      401,
      async (founded) => petition(founded, 'wait', await newSigner(), { issuedAtMs: Date.now() - HOUR_MS }),
    ],
    'that somebody else signed': [
      'petition-signature',
      401,
      async (founded) => petition(founded, 'wait', { ...(await newSigner()), sign: (await newSigner()).sign }),
    ],
    'with a name that turns the text around': [
      'petition-malformed',
      400,
      async (founded) => petition(founded, 'wait', await newSigner(), { name: 'Ada\u202E' }),
    ],
    'beyond any size': ['petition-malformed', 400, async () => 'A'.repeat(100_000)],
  } satisfies Record<string, [string, number, (founded: Founded) => Promise<string>]>

  test.each(Object.entries(cases))('%s', async (_, [code, status, body]) => {
    const founded = await found('private')
    expect(await refusedAs(await send(founded.network, 'waiting', await body(founded)))).toEqual([code, status])
    expect(await charterOf(env, founded.network).waiting(RULE)).toEqual([])
  })

  test('to see who waits, or to decline, by anybody but an approver in office', async () => {
    const founded = await found('consortium')
    const { network, creator, approvers } = founded
    const [removed] = approvers
    await revoke(founded, [present(removed).key])
    for (const who of [await newSigner(), creator, present(removed)]) {
      const review = await petition(founded, 'review', who)
      expect(await refusedAs(await send(network, 'reviews', review))).toEqual(['not-approver', 403])
      const decline = await petition(founded, 'decline', who, { subject: creator.key })
      expect(await refusedAs(await send(network, 'declines', decline))).toEqual(['not-approver', 403])
    }
  })

  test('to decline nobody', async () => {
    const founded = await found('private')
    const nobody = await petition(founded, 'decline', founded.creator)
    expect(await refusedAs(await send(founded.network, 'declines', nobody))).toEqual(['petition-malformed', 400])
  })

  test('by somebody who has been removed', async () => {
    const founded = await found('private')
    const ada = await newSigner()
    await revoke(founded, [ada.key])
    expect(await refusedAs(await ask(founded, ada))).toEqual(['membership-revoked', 403])
  })
})

test.each([
  ['that is none', 'approval-malformed', 400, async () => 'hello'],
  ['beyond any size', 'approval-malformed', 400, async () => 'A'.repeat(100_000)],
  [
    'of a stranger',
    'approval-signature',
    401,
    async (founded: Founded, member: Signer) => (await approval(founded, member.key, 0, undefined, member)).text,
  ],
  [
    'by an approver that there is not',
    'approval-signature',
    401,
    async (founded: Founded, member: Signer) =>
      (await approval(founded, member.key, 7, undefined, founded.approvers[0])).text,
  ],
  [
    'by an approver who has been removed',
    'not-approver',
    403,
    async (founded: Founded, member: Signer) => {
      await revoke(founded, [present(founded.approvers[0]).key])
      return (await approval(founded, member.key)).text
    },
  ],
  [
    'that is over',
    'membership-expired',
    403,
    async (founded: Founded, member: Signer) => (await approval(founded, member.key, 0, Date.now() - 1)).text,
  ],
  [
    'of somebody who has been removed',
    'membership-revoked',
    403,
    async (founded: Founded, member: Signer) => {
      await revoke(founded, [member.key])
      return (await approval(founded, member.key)).text
    },
  ],
] as const)('an approval %s is refused', async (_, code, status, textOf) => {
  const founded = await found('consortium')
  const member = await newSigner()
  expect(await refusedAs(await send(founded.network, 'approvals', await textOf(founded, member)))).toEqual([
    code,
    status,
  ])
})

describe('revocations', () => {
  test('are part of the description; the highest number wins, and no list comes twice', async () => {
    const founded = await found('private')
    const { network, genesis, creator } = founded
    const [ada, bob] = [await newSigner(), await newSigner()]
    const first = await revoke(founded, [ada.key])
    expect(first.response.headers.get('Cache-Control')).toBe('no-store')
    const second = await revoke(founded, [bob.key], first.list)
    expect(await second.response.json()).toEqual({ number: 2 })
    const old = await send(network, 'revocations', toBase64Url(first.list.bytes))
    expect(await refusedAs(old)).toEqual(['revocations-stale', 409])
    const other = await signRevocations(genesis, first.list, [], Date.now(), creator.sign)
    expect(await refusedAs(await send(network, 'revocations', toBase64Url(other.bytes)))).toEqual([
      'revocations-stale',
      409,
    ])
    // Whoever did not hear the answer sends it again.
    expect((await send(network, 'revocations', toBase64Url(second.list.bytes))).status).toBe(200)
    await evictDurableObject(charterOf(env, network))
    const described = await (await describeNetwork(network)).json<FoundedDescription>()
    expect(described.revocations).toBe(toBase64Url(second.list.bytes))
    const elsewhere = present(await createKnownNetworks().find(network, 'other', env))
    expect(elsewhere.revocations?.has(ada.key)).toBe(true)
  })

  test.each([
    ['that is none', 'revocations-malformed', 400, async () => 'hello'],
    ['beyond any size', 'revocations-malformed', 400, async () => 'A'.repeat(100_000)],
    [
      'that somebody else signed',
      'revocations-signature',
      401,
      async ({ genesis }: Founded) => {
        const { key, sign } = await newSigner()
        return toBase64Url((await signRevocations(genesis, undefined, [key], Date.now(), sign)).bytes)
      },
    ],
    [
      'of another network of the same creator',
      'revocations-signature',
      401,
      async ({ creator }: Founded) => {
        const { genesis } = await sketch('private')
        return toBase64Url((await signRevocations(genesis, undefined, [], Date.now(), creator.sign)).bytes)
      },
    ],
  ] as const)('%s are refused', async (_, code, status, textOf) => {
    const founded = await found('private')
    const response = await send(founded.network, 'revocations', await textOf(founded))
    expect(await refusedAs(response)).toEqual([code, status])
    expect((await (await describeNetwork(founded.network)).json<FoundedDescription>()).revocations).toBeUndefined()
  })

  test('of as many as a list may have are taken', async () => {
    const founded = await found('private')
    const keys = Array.from({ length: MAX_REVOKED }, () => crypto.getRandomValues(new Uint8Array(32)))
    const { response, list } = await revoke(founded, keys)
    expect(response.status).toBe(200)
    const described = await (await describeNetwork(founded.network)).json<FoundedDescription>()
    const given = await proveRevocations(founded.genesis, present(fromBase64Url(present(described.revocations))))
    expect(given).toMatchObject({ number: 1, keys: list.keys })
  })
})

test.each(['revocations', 'waiting', 'reviews', 'declines', 'approvals'])(
  'there is no /%s of a network that is not registered, of a plain name or of no name',
  async (part) => {
    const { network } = await sketch('private')
    expect(await refusedAs(await send(network, part, ''))).toEqual(['network-unknown', 404])
    expect(await refusedAs(await send('mainnet', part, ''))).toEqual(['network-unknown', 404])
    expect(await refusedAs(await send('Not-A-Name', part, ''))).toEqual(['network-name', 400])
  },
)

test('too many letters from one part of the Internet are told when to come again', async () => {
  const { network } = await found('private')
  const from = { 'CF-Connecting-IP': '192.0.2.77' }
  const last = await vi.waitFor(
    async () => {
      const response = await send(network, 'approvals', 'x', from)
      expect(response.status).toBe(429)
      return response
    },
    { timeout: 20_000, interval: 1 },
  )
  expect(last.headers.get('Retry-After')).toBe('10')
  expect(await refusedAs(last)).toEqual(['rate-limited', 429])
})

describe('a charter that nobody uses', () => {
  test('ends itself after a month, and can be registered again', async () => {
    const { network, genesis } = await found('private')
    const charter = charterOf(env, network)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + UNUSED_FOR_MS + 1 })
    await runDurableObjectAlarm(charter)
    expect(await createKnownNetworks().find(network, 'other', env)).toBeUndefined()
    vi.useRealTimers()
    expect(await charter.register(genesis)).toBe(true)
  })

  test('stays as long as somebody asks for it', async () => {
    const { network } = await found('private')
    const charter = charterOf(env, network)
    const startMs = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startMs + UNUSED_FOR_MS / 2 })
    await charter.read('other', 0)
    vi.setSystemTime(startMs + UNUSED_FOR_MS + 1)
    await runDurableObjectAlarm(charter)
    expect(await charter.read('other', 0)).toBeDefined()
  })

  test('that was never registered keeps nothing of what is sent to it', async () => {
    const { network, genesis } = await sketch('private')
    const charter = charterOf(env, network)
    await charter.wait({ member: 'x', name: '', note: '', source: '' }, RULE)
    await charter.decline('x')
    expect(await charter.takeUse({ inviteKey: 'x', identity: 'y', uses: 1, expiresAtMs: Date.now() })).toBe(false)
    await register(genesis.bytes)
    expect(await charter.waiting(RULE)).toEqual([])
  })

  test('takes no genesis but its own', async () => {
    const [{ network }, { genesis }] = [await sketch('private'), await sketch('private')]
    await runInDurableObject(charterOf(env, network), (charter) => {
      expect(() => charter.register(genesis)).toThrow('of its own id')
    })
  })
})
