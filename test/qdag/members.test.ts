/** The ledger of a closed network: members write, strangers do not, and what a member has written stays. Real signatures. */
import { afterEach, describe, expect, it } from 'vitest'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import { acceptInvite, makeInvite } from '../../client/networks/invites.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import type { LedgerEntry, SharedLedger } from '../../client/qdag/api.ts'
import { parseRoomUrl } from '../../client/room-url.ts'
import { signApproval } from '../../protocol/approval.ts'
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, signGenesis, type Genesis, type Terms } from '../../protocol/genesis.ts'
import { NEVER_MS } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { networkIdText } from '../../protocol/network.ts'
import { eventually } from '../support/eventually.ts'
import { loopback } from './support/loopback.ts'

const NO_CHAIN = new Uint8Array(0)
const HOUR_MS = 3_600_000
const open: SharedLedger[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((ledger) => ledger.close()))
})

function founded(creator: Identity, terms: Partial<Terms>): Promise<Genesis> {
  const usual = { policy: 'private', name: 'Closed', description: '', approvers: [], threshold: 0 } as const
  const whole = { ...usual, createdAtMs: Date.now(), creator: creator.publicKey, parameters: DEFAULT_PARAMETERS }
  return signGenesis({ ...whole, ...terms }, (message) => creator.sign(message))
}

async function ledgerOf(genesis: Genesis, identity?: Identity, chainBytes: Bytes = NO_CHAIN): Promise<SharedLedger> {
  const membership = { genesis: toBase64Url(genesis.bytes), chainBytes }
  const ledger = await openLedger({ network: networkIdText(genesis.id), membership, ...(identity && { identity }) })
  open.push(ledger)
  return ledger
}

async function inviteOf(genesis: Genesis, creator: Identity, guest: Identity, expiresAtMs?: number): Promise<Bytes> {
  const room = parseRoomUrl(`https://edge.example/n/${networkIdText(genesis.id)}`)
  const { url } = await makeInvite(genesis, creator, room, expiresAtMs === undefined ? {} : { expiresAtMs }, Date.now())
  return acceptInvite(genesis, guest.publicKey, url, Date.now())
}

async function linesOf(ledger: SharedLedger): Promise<string[]> {
  const lines: string[] = []
  for await (const line of ledger.export()) lines.push(line)
  return lines
}

/** Ledgers that ask nobody for membership: where a stranger writes. */
async function openToAll(genesis: Genesis, identity: Identity): Promise<SharedLedger> {
  const ledger = await openLedger({ network: networkIdText(genesis.id), identity })
  open.push(ledger)
  return ledger
}

const entry = (taskId: string) => ({ taskId, computeUnits: 100 })

describe('the ledger of a private network', () => {
  it('takes what the creator and invited members have contributed, each on the other’s', async () => {
    const [ada, bob] = [await createIdentity(), await createIdentity()]
    const genesis = await founded(ada, {})
    const hers = await ledgerOf(genesis, ada)
    const his = await ledgerOf(genesis, bob, await inviteOf(genesis, ada, bob))
    loopback(hers, his)
    await hers.contribute(entry('a'))
    await his.contribute(entry('b'))
    await his.contribute(entry('c'))
    await eventually(() => expect(hers.statistics()).toMatchObject({ entries: 3, digest: his.statistics().digest }))
    expect(await hers.verify()).toEqual({ entries: 3, faults: [] })
  })

  it('lets no stranger contribute, and says what is missing', async () => {
    const [ada, eve] = [await createIdentity(), await createIdentity()]
    const genesis = await founded(ada, {})
    const stranger = await ledgerOf(genesis, eve)
    await expect(stranger.contribute(entry('x'))).rejects.toMatchObject({
      code: 'membership',
      reason: 'membership-missing',
    })
    const foreign = await inviteOf(genesis, ada, ada)
    const thief = await ledgerOf(genesis, eve, foreign)
    await expect(thief.contribute(entry('x'))).rejects.toMatchObject({
      code: 'membership',
      reason: 'membership-signature',
    })
    expect(stranger.statistics().entries + thief.statistics().entries).toBe(0)
  })

  it('takes no entry of a stranger, neither from a file nor from a peer', async () => {
    const [ada, eve] = [await createIdentity(), await createIdentity()]
    const genesis = await founded(ada, {})
    const hers = await ledgerOf(genesis, ada)
    const rogue = await openToAll(genesis, eve)
    await rogue.contribute(entry('x'))
    await rogue.contribute(entry('y'))
    const report = await hers.import(await linesOf(rogue))
    // The second stands on the first, which is not there.
    expect(report).toMatchObject({ added: 0, rejected: [{ line: 1, reason: 'signature' }] })
    const blamed: string[] = []
    hers.on('error', ({ error }) => void blamed.push(error.code))
    loopback(rogue, hers)
    await hers.contribute(entry('a'))
    await eventually(() => expect(blamed).toEqual(['peer-misbehaved']))
    expect(hers.statistics()).toMatchObject({ entries: 1, contributors: 1 })
  })

  it('asks for membership at the time of the first entry, and not again', async () => {
    const [ada, bob] = [await createIdentity(), await createIdentity()]
    const genesis = await founded(ada, {})
    const endsSoon = await inviteOf(genesis, ada, bob, Date.now() + 1_500)
    const his = await ledgerOf(genesis, bob, endsSoon)
    await his.contribute(entry('while a member'))
    await new Promise((resolve) => setTimeout(resolve, 1_600))
    const hers = await ledgerOf(genesis, ada)
    expect(await hers.import(await linesOf(his))).toMatchObject({ added: 1, rejected: [] })
    const again = await ledgerOf(genesis, bob, endsSoon)
    await expect(again.contribute(entry('too late'))).rejects.toMatchObject({ reason: 'membership-expired' })
  })
})

describe('the ledger of a consortium', () => {
  it('takes entries of whom enough have approved, and of nobody else', async () => {
    const [ada, bob, cyd, dan] = await Promise.all([1, 2, 3, 4].map(() => createIdentity()))
    if (!ada || !bob || !cyd || !dan) throw new Error('no identities')
    const approvers = [ada, bob, cyd].toSorted((a, b) => compareBytes(a.publicKey, b.publicKey))
    const genesis = await founded(ada, {
      policy: 'consortium',
      approvers: approvers.map(({ publicKey }) => publicKey),
      threshold: 2,
    })
    const approvals = await Promise.all(
      approvers
        .slice(0, 2)
        .map((signer, approver) =>
          signApproval(genesis, { member: dan.publicKey, approver, expiresAtMs: NEVER_MS }, (of) => signer.sign(of)),
        ),
    )
    const [first] = approvals
    const whole = await ledgerOf(genesis, dan, encodeChain({ kind: 'approvals', approvals }))
    await whole.contribute(entry('approved'))
    const half = await ledgerOf(genesis, dan, encodeChain({ kind: 'approvals', approvals: first ? [first] : [] }))
    await expect(half.contribute(entry('half'))).rejects.toMatchObject({ reason: 'membership-insufficient' })
    const reader = await ledgerOf(genesis)
    expect(await reader.import(await linesOf(whole))).toMatchObject({ added: 1, rejected: [] })
  })
})

describe('a founder’s parameters', () => {
  it('say how many confirm an entry', async () => {
    const [ada, bob] = [await createIdentity(), await createIdentity()]
    const genesis = await founded(ada, { policy: 'public', parameters: { ...DEFAULT_PARAMETERS, confirmations: 1 } })
    const [hers, his] = [await ledgerOf(genesis, ada), await ledgerOf(genesis, bob)]
    loopback(hers, his)
    const first: LedgerEntry = await hers.contribute(entry('a'))
    await eventually(() => expect(his.statistics().entries).toBe(1))
    await his.contribute(entry('b'))
    await eventually(async () => expect(await hers.entry(first.id)).toMatchObject({ isConfirmed: true }))
  })

  it('keep the pace of a writer, for himself and for others', async () => {
    const ada = await createIdentity()
    const parameters = { ...DEFAULT_PARAMETERS, entryGapMs: HOUR_MS }
    const genesis = await founded(ada, { policy: 'public', parameters })
    const ledger = await ledgerOf(genesis, ada)
    await ledger.contribute(entry('a'))
    await expect(ledger.contribute(entry('b'))).rejects.toMatchObject({ code: 'ledger-failed', reason: 'pace' })
    const hasty = await openToAll(genesis, ada)
    await hasty.contribute(entry('c'))
    await hasty.contribute(entry('d'))
    const reader = await ledgerOf(genesis)
    expect(await reader.import(await linesOf(hasty))).toMatchObject({ added: 1, rejected: [{ line: 2 }] })
  })

  it('are those of the network, or the ledger does not open', async () => {
    const ada = await createIdentity()
    const [one, other] = [await founded(ada, {}), await founded(ada, { name: 'Other' })]
    const membership = { genesis: toBase64Url(other.bytes), chainBytes: NO_CHAIN }
    const opening = openLedger({ network: networkIdText(one.id), membership })
    await expect(opening).rejects.toMatchObject({ code: 'invalid-argument', reason: 'genesis' })
  })
})
