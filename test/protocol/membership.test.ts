/** Who is a member, as everybody can check it for himself; and everything that makes nobody one. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { approvalIsGenuine, decodeApproval, encodeApproval, type Approval } from '../../protocol/approval.ts'
import { fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { proveGenesis, signGenesis, termsFault, type Genesis, type Terms } from '../../protocol/genesis.ts'
import { decodeInviteCode, inviteIsGenuine, isForNetwork } from '../../protocol/invite.ts'
import { MAX_CHAIN_BYTES, MAX_REVOKED, NEVER_MS, TICKET_CLOCK_TOLERANCE_MS } from '../../protocol/limits.ts'
import { decodeChain, encodeChain, proveMembership, type Chain } from '../../protocol/membership.ts'
import { isNetworkKey, isPlainName, networkIdText, parseNetworkId } from '../../protocol/network.ts'
import { provePetition } from '../../protocol/petition.ts'
import { proveRevocations, signRevocations, type Revocations } from '../../protocol/revocations.ts'
import { HOST, ISSUED_AT_MS, signerOf } from './fixed-keys.ts'
import * as fixed from './fixed-network.ts'
import { bytesOf, LAYOUT_PROMISES, textOfAtMost, uintOf, type Layout } from './layout.ts'

const { consortium, creator, ENDS_AT_MS, member, privateGenesis, publicGenesis } = fixed
const stranger = signerOf(new Uint8Array(32).fill(7))
const NO_CHAIN = new Uint8Array(0)

const signature = bytesOf(64, 64)

const approvalLayout: Layout<Approval> = {
  content: fc.record({ member: bytesOf(32, 32), approver: uintOf(1), expiresAtMs: uintOf(6), signature }),
  encode: encodeApproval,
  decode: decodeApproval,
  everyTruncationRefused: true,
}

const chainLayout: Layout<Chain> = {
  content: fc.oneof(
    fc.record({
      kind: fc.constant('invite' as const),
      invite: fc.record({ inviteKey: bytesOf(32, 32), expiresAtMs: uintOf(6), uses: uintOf(2), signature }),
      acceptance: signature,
    }),
    fc.record({
      kind: fc.constant('approvals' as const),
      approvals: fc
        .uniqueArray(fc.record({ approver: uintOf(1), expiresAtMs: uintOf(6), signature }), {
          maxLength: 10,
          selector: ({ approver }) => approver,
        })
        .map((approvals) => approvals.toSorted((a, b) => a.approver - b.approver)),
    }),
  ),
  encode: encodeChain,
  decode: decodeChain,
  everyTruncationRefused: true,
}

describe.each([
  ['approval', LAYOUT_PROMISES.map(([promise, keeps]) => [promise, () => keeps(approvalLayout)] as const)],
  ['chain', LAYOUT_PROMISES.map(([promise, keeps]) => [promise, () => keeps(chainLayout)] as const)],
])('the layout of an %s', (_name, promises) => {
  test.each(promises)('%s', (_promise, keeps) => {
    keeps()
  })
})

/** Every single bit, so that none is left out of what is signed. */
async function refusedWithAnyBitChanged(bytes: Bytes, isRefused: (changed: Bytes) => Promise<boolean>): Promise<void> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice()
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    if (!(await isRefused(changed))) expect.fail(`bit ${bit} may be changed`)
  }
}

describe('a genesis', () => {
  const terms: fc.Arbitrary<Terms> = fc.record({
    policy: fc.constantFrom('public', 'private'),
    createdAtMs: uintOf(6),
    creator: fc.constant(creator.key),
    name: textOfAtMost(64),
    description: textOfAtMost(512),
    parameters: fc.record({
      confirmations: fc.integer({ min: 0, max: 17 }),
      maxDegree: fc.integer({ min: 2, max: 33 }),
      entryGapMs: fc.integer({ min: 0, max: 3_600_001 }),
    }),
    approvers: fc.constant([]),
    threshold: fc.constant(0),
  })

  test('is read as it was signed when its terms are in order, and refused when they are not', async () => {
    await fc.assert(
      fc.asyncProperty(terms, async (value) => {
        const signed = await signGenesis(value, creator.sign)
        const proven = await proveGenesis(signed.bytes)
        if (termsFault(value)) expect(proven).toMatch(/^genesis-(terms|malformed)$/)
        else expect(proven).toEqual(signed)
      }),
    )
  })

  test.each([
    ['private', privateGenesis],
    ['consortium', consortium],
  ])('of a %s network is refused with any bit changed', async (_, genesis) => {
    await refusedWithAnyBitChanged(genesis.bytes, async (bytes) => typeof (await proveGenesis(bytes)) === 'string')
  })

  test('is refused shortened, lengthened, or signed by somebody else', async () => {
    for (let length = 0; length < consortium.bytes.length; length++) {
      expect(await proveGenesis(consortium.bytes.slice(0, length))).toBe('genesis-malformed')
    }
    expect(await proveGenesis(new Uint8Array([...consortium.bytes, 0]))).toBe('genesis-malformed')
    const forged = await signGenesis(fixed.TERMS, stranger.sign)
    expect(await proveGenesis(forged.bytes)).toBe('genesis-signature')
  })

  const [first, second] = consortium.approvers
  const outOfOrder: Record<string, Partial<Terms>> = {
    'no name': { name: '' },
    'a name that turns text around': { name: 'a\u202Eb' },
    'a name with a line end': { name: 'a\nb' },
    'a name with a blank in front': { name: ' a' },
    'approvers in the wrong order': { approvers: [second ?? NO_CHAIN, first ?? NO_CHAIN] },
    'an approver twice': { approvers: [first ?? NO_CHAIN, first ?? NO_CHAIN] },
    'no approvers': { approvers: [] },
    'a threshold of none': { threshold: 0 },
    'a threshold above all': { threshold: 4 },
    'approvers without a consortium': { policy: 'private' },
    'a public network with a threshold': { policy: 'public', approvers: [] },
  }

  test.each(Object.entries(outOfOrder))('with %s is refused', async (_, change) => {
    const { bytes } = await signGenesis({ ...fixed.CONSORTIUM_TERMS, ...change }, creator.sign)
    expect(await proveGenesis(bytes)).toMatch(/^genesis-(terms|malformed)$/)
  })

  test('has an id that is a network key and no plain name', () => {
    const text = networkIdText(consortium.id)
    expect([isNetworkKey(text), isPlainName(text)]).toEqual([true, false])
    expect(parseNetworkId(text)).toEqual(consortium.id)
    for (const bad of [text.slice(0, -1), `${text}A`, text.toUpperCase(), `${text.slice(0, -1)}_`, 'net-']) {
      expect(isNetworkKey(bad), bad).toBe(false)
    }
  })
})

describe('an invite code', () => {
  test('carries what the creator signed, for its network', async () => {
    const code = await decodeInviteCode(await fixed.inviteCode())
    if (typeof code === 'string') throw new Error(code)
    expect(code).toMatchObject({ secret: fixed.INVITE_SEED, expiresAtMs: ENDS_AT_MS, uses: 3 })
    const invite = { ...code, inviteKey: signerOf(code.secret).key }
    expect(await inviteIsGenuine(privateGenesis, invite)).toBe(true)
    expect(await inviteIsGenuine(consortium, invite)).toBe(false)
    expect([isForNetwork(code, privateGenesis.id), isForNetwork(code, consortium.id)]).toEqual([true, false])
  })

  test('is refused with any character changed, left out or added', async () => {
    const code = await fixed.inviteCode()
    for (let at = 0; at < code.length; at++) {
      const other = code[at] === 'A' ? 'B' : 'A'
      expect(await decodeInviteCode(code.slice(0, at) + other + code.slice(at + 1))).toMatch(/^invite-/)
      expect(await decodeInviteCode(code.slice(0, at) + code.slice(at + 1))).toBe('invite-malformed')
    }
    expect(await decodeInviteCode(`${code}A`)).toBe('invite-malformed')
    expect(await decodeInviteCode('')).toBe('invite-malformed')
  })

  test('may be any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await decodeInviteCode(text)).toBe('invite-malformed')
      }),
    )
  })
})

describe('members are', () => {
  const prove = (genesis: Genesis, who: Bytes, chain: Bytes = NO_CHAIN, atMs = ISSUED_AT_MS, list?: Revocations) =>
    proveMembership(genesis, who, chain, atMs, list)

  test('everybody, in a public network', async () => {
    expect(await prove(publicGenesis, stranger.key)).toEqual({ role: 'everybody', expiresAtMs: NEVER_MS })
    expect(await prove(publicGenesis, stranger.key, new Uint8Array([9]))).toMatchObject({ role: 'everybody' })
  })

  test('the creator, without an end, and though he removed himself', async () => {
    const list = await fixed.revocations([creator.key])
    for (const genesis of [privateGenesis, consortium]) {
      expect(await prove(genesis, creator.key, NO_CHAIN, NEVER_MS - 1, list)).toMatchObject({ role: 'creator' })
    }
  })

  test('approvers, until they are removed', async () => {
    for (const { key } of fixed.approvers) {
      expect(await prove(consortium, key)).toEqual({ role: 'approver', expiresAtMs: NEVER_MS })
      const list = await fixed.revocations([key])
      expect(await prove(consortium, key, NO_CHAIN, ISSUED_AT_MS, list)).toBe('membership-revoked')
    }
  })

  test('the invited, until the invite ends, is removed, or they are', async () => {
    const chain = await fixed.inviteChain()
    const membership = { role: 'invited', expiresAtMs: ENDS_AT_MS, invite: await fixed.certificate() }
    expect(await prove(privateGenesis, member.key, chain)).toEqual(membership)
    expect(await prove(privateGenesis, member.key, chain, ENDS_AT_MS - 1)).toEqual(membership)
    expect(await prove(privateGenesis, member.key, chain, ENDS_AT_MS)).toBe('membership-expired')
    for (const key of [member.key, fixed.inviteKeys.key]) {
      const list = await fixed.revocations([stranger.key, key])
      expect(await prove(privateGenesis, member.key, chain, ISSUED_AT_MS, list)).toBe('membership-revoked')
    }
    const others = await fixed.revocations([stranger.key])
    expect(await prove(privateGenesis, member.key, chain, ISSUED_AT_MS, others)).toEqual(membership)
  })

  test('the approved, as long as enough approvals last', async () => {
    const chain = await fixed.approvalsChain([0, 1, 2], [ENDS_AT_MS, NEVER_MS, ENDS_AT_MS + 5])
    expect(await prove(consortium, member.key, chain)).toEqual({ role: 'approved', expiresAtMs: ENDS_AT_MS + 5 })
    expect(await prove(consortium, member.key, chain, ENDS_AT_MS + 5)).toBe('membership-expired')
  })

  test('the approved, without the approvals of approvers who were removed', async () => {
    const [first] = fixed.approvers
    const list = await fixed.revocations([first?.key ?? NO_CHAIN])
    const [two, three] = [await fixed.approvalsChain([0, 1]), await fixed.approvalsChain([0, 1, 2])]
    expect(await prove(consortium, member.key, two, ISSUED_AT_MS, list)).toBe('membership-insufficient')
    expect(await prove(consortium, member.key, three, ISSUED_AT_MS, list)).toMatchObject({ role: 'approved' })
  })

  test.each([
    ['nobody without a chain', privateGenesis, async () => NO_CHAIN, 'membership-missing'],
    ['nobody without a chain, in a consortium', consortium, async () => NO_CHAIN, 'membership-missing'],
    ['nobody with a chain that is none', privateGenesis, async () => new Uint8Array([3]), 'membership-malformed'],
    ['nobody by an invite, in a consortium', consortium, () => fixed.inviteChain(), 'membership-malformed'],
    [
      'nobody by an invite that somebody else signed',
      privateGenesis,
      () => fixed.inviteChain({ invite: fixed.certificate({}, stranger) }),
      'membership-signature',
    ],
    [
      "nobody by another's acceptance",
      privateGenesis,
      () => fixed.inviteChain({ identity: stranger.key }),
      'membership-signature',
    ],
    [
      'nobody who signs his own acceptance',
      privateGenesis,
      () => fixed.inviteChain({ acceptor: member }),
      'membership-signature',
    ],
    [
      'nobody by an invite for longer than it was signed for',
      privateGenesis,
      async () =>
        fixed.inviteChain({ invite: Promise.resolve({ ...(await fixed.certificate()), expiresAtMs: NEVER_MS }) }),
      'membership-signature',
    ],
    ['nobody by too few approvals', consortium, () => fixed.approvalsChain([1]), 'membership-insufficient'],
    ['nobody by no approvals', consortium, () => fixed.approvalsChain([]), 'membership-insufficient'],
    [
      'nobody by one approval shown twice',
      consortium,
      async () => encodeChain({ kind: 'approvals', approvals: [await fixed.approval(1), await fixed.approval(1)] }),
      'membership-malformed',
    ],
    [
      'nobody by an approval in the name of another approver',
      consortium,
      async () =>
        encodeChain({
          kind: 'approvals',
          approvals: [await fixed.approval(0), { ...(await fixed.approval(0)), approver: 1 }],
        }),
      'membership-signature',
    ],
    [
      'nobody by an approver that there is not',
      consortium,
      async () =>
        encodeChain({
          kind: 'approvals',
          approvals: [await fixed.approval(0), await fixed.approval(1), { ...(await fixed.approval(2)), approver: 9 }],
        }),
      'membership-malformed',
    ],
    ['nobody by approvals of another network', privateGenesis, () => fixed.approvalsChain([0]), 'membership-signature'],
  ] as const)('%s', async (_, genesis, chain, fault) => {
    expect(await prove(genesis, member.key, await chain())).toBe(fault)
  })

  test('nobody with any bit of the chain changed', async () => {
    const [byInvite, byApprovals] = [await fixed.inviteChain(), await fixed.approvalsChain([0, 1])]
    const isRefused = (genesis: Genesis) => async (chain: Bytes) =>
      typeof (await prove(genesis, member.key, chain)) === 'string'
    await refusedWithAnyBitChanged(byInvite, isRefused(privateGenesis))
    await refusedWithAnyBitChanged(byApprovals, isRefused(consortium))
    expect(await prove(privateGenesis, stranger.key, byInvite)).toBe('membership-signature')
    expect(await prove(consortium, stranger.key, byApprovals)).toBe('membership-signature')
  })

  test('shown by a chain that fits into an announcement, with as many approvals as there can be', () => {
    const approvals = Array.from({ length: 10 }, (_, approver) => {
      return { approver, expiresAtMs: NEVER_MS, signature: new Uint8Array(64) }
    })
    expect(encodeChain({ kind: 'approvals', approvals }).length).toBeLessThan(MAX_CHAIN_BYTES)
  })
})

test('an approval is worthless with any bit changed', async () => {
  const bytes = encodeApproval(await fixed.approval(2))
  const isGenuine = async (changed: Bytes) => {
    const decoded = decodeApproval(changed)
    return decoded !== undefined && approvalIsGenuine(consortium, decoded)
  }
  expect(await isGenuine(bytes)).toBe(true)
  await refusedWithAnyBitChanged(bytes, async (changed) => !(await isGenuine(changed)))
})

describe('a list of revocations', () => {
  test('holds all that were removed before, each once, under the next number', async () => {
    const first = await fixed.revocations([member.key])
    const second = await fixed.revocations([stranger.key, member.key, stranger.key], first)
    expect([first.number, second.number, second.keys.length]).toEqual([1, 2, 2])
    const proven = await proveRevocations(privateGenesis, second.bytes)
    if (typeof proven === 'string') throw new Error(proven)
    expect([member, stranger, creator].map(({ key }) => proven.has(key))).toEqual([true, true, false])
  })

  test('is refused with any bit changed, cut short, or in another network', async () => {
    const { bytes } = await fixed.revocations()
    await refusedWithAnyBitChanged(
      bytes,
      async (changed) => typeof (await proveRevocations(privateGenesis, changed)) === 'string',
    )
    for (let length = 0; length < bytes.length; length++) {
      expect(await proveRevocations(privateGenesis, bytes.slice(0, length))).toBe('revocations-malformed')
    }
    expect(await proveRevocations(consortium, bytes)).toBe('revocations-signature')
    const forged = await signRevocations(privateGenesis, undefined, [member.key], ISSUED_AT_MS, stranger.sign)
    expect(await proveRevocations(privateGenesis, forged.bytes)).toBe('revocations-signature')
  })

  test('has room for so many and not one more', async () => {
    const keys = Array.from(
      { length: MAX_REVOKED + 1 },
      (_, i) => new Uint8Array(new Uint32Array(8).fill(i + 1).buffer),
    )
    const full = await fixed.revocations(keys.slice(1))
    expect(await proveRevocations(privateGenesis, full.bytes)).toMatchObject({ number: 1 })
    expect(toBase64Url(full.bytes).length).toBeLessThan(45_000)
    expect(await proveRevocations(privateGenesis, (await fixed.revocations(keys)).bytes)).toBe('revocations-malformed')
  })
})

describe('a petition', () => {
  const wanted = { purpose: 'wait', network: privateGenesis.id, host: HOST } as const

  test('is read as it was signed, within a minute of its time', async () => {
    const text = await fixed.petition()
    expect(await provePetition(text, wanted, ISSUED_AT_MS)).toMatchObject({ identity: member.key, name: 'Ada ✓' })
    for (const direction of [1, -1]) {
      const off = direction * TICKET_CLOCK_TOLERANCE_MS
      expect(await provePetition(text, wanted, ISSUED_AT_MS + off)).toMatchObject({ purpose: 'wait' })
      expect(await provePetition(text, wanted, ISSUED_AT_MS + off + direction)).toBe('petition-clock')
    }
  })

  test('is refused for another purpose, network or host', async () => {
    const text = await fixed.petition()
    const prove = (change: object) => provePetition(text, { ...wanted, ...change }, ISSUED_AT_MS)
    expect(await prove({ purpose: 'review' })).toBe('petition-malformed')
    expect(await prove({ network: consortium.id })).toBe('petition-malformed')
    expect(await prove({ host: 'elsewhere.test' })).toBe('petition-host')
  })

  test('is refused with any bit changed', async () => {
    const bytes = fromBase64Url(await fixed.petition()) ?? NO_CHAIN
    await refusedWithAnyBitChanged(
      bytes,
      async (changed) => typeof (await provePetition(toBase64Url(changed), wanted, ISSUED_AT_MS)) === 'string',
    )
  })
})
