/**
 * Several networks in one process and in one page, with one identity: a plain one, a private one and a consortium. Each has its
 * own peers, ledger and membership; what is said in one is heard in no other; and leaving one leaves the others as they are.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, join, type Identity, type Network } from '../../client/node/index.ts'
import type { MemberNetwork } from '../../client/networks/api.ts'
import { foundNetwork, openNetwork } from '../../client/networks/index.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { membersInPage, type MembersPage } from '../support/members-page.ts'
import { startService, type Service } from '../support/server.ts'

interface Joined {
  readonly network: Network
  readonly membership: MemberNetwork
  readonly heard: string[]
  readonly left: string[]
}

const KINDS = ['plain', 'private', 'consortium'] as const
type Kind = (typeof KINDS)[number]
type Everywhere = Record<Kind, Joined>

let service: Service
let browser: Browser
let owner: Identity
let rooms: Record<Kind, MemberNetwork>
let page: MembersPage
let ada: Everywhere
let bob: Everywhere

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  owner = await createIdentity()
  const host = service.url
  rooms = {
    plain: await openNetwork(service.roomUrl('several'), { identity: owner }),
    private: await foundNetwork({ host, identity: owner, name: 'Private', policy: 'private' }),
    consortium: await foundNetwork({
      host,
      identity: owner,
      name: 'Consortium',
      policy: 'consortium',
      approvers: [owner.siteId],
    }),
  }
})
afterAll(async () => {
  await Promise.all([ada, bob].flatMap((all) => (all ? Object.values(all).map(({ network }) => network.close()) : [])))
  await browser.close()
  await service.close()
})

async function enter(identity: Identity, membership: MemberNetwork): Promise<Joined> {
  const { roomUrl } = membership.facts
  const ledger = openLedger({ network: roomUrl, identity })
  const network = await join(roomUrl, { identity, membership, ledger, direct: 'off' })
  const heard: string[] = []
  const left: string[] = []
  network.on('message', ({ data }) => void heard.push(String(data)))
  network.on('peer-left', ({ reason }) => void left.push(reason))
  return { network, membership, heard, left }
}

/** The same identity in all three. */
async function enterAll(identity: Identity, memberships: Record<Kind, MemberNetwork>): Promise<Everywhere> {
  const [plain, home, consortium] = await Promise.all(KINDS.map((kind) => enter(identity, memberships[kind])))
  if (!plain || !home || !consortium) throw new Error('not in all of them')
  return { plain, private: home, consortium }
}

/** What somebody new needs to be a member everywhere. */
async function welcome(identity: Identity): Promise<Record<Kind, MemberNetwork>> {
  const { url } = await rooms.private.invite()
  await rooms.consortium.approve(identity.siteId)
  const consortium = await openNetwork(rooms.consortium.facts.roomUrl, { identity })
  await consortium.ask()
  return {
    plain: await openNetwork(rooms.plain.facts.roomUrl, { identity }),
    private: await openNetwork(url, { identity }),
    consortium,
  }
}

describe('three networks side by side', () => {
  it('are met by two processes’ worth of peers and a page, each network on its own', async () => {
    ada = await enterAll(owner, rooms)
    const identity = await createIdentity()
    bob = await enterAll(identity, await welcome(identity))
    page = await membersInPage(browser, service.url)
    const siteId = await page.siteId()
    await rooms.consortium.approve(siteId)
    await page.enter('plain', rooms.plain.facts.roomUrl)
    await page.enter('private', (await rooms.private.invite()).url)
    await page.enter('consortium', rooms.consortium.facts.roomUrl)
    for (const kind of KINDS) {
      for (const side of [ada, bob]) await expect.poll(() => side[kind].network.peers.size, { message: kind }).toBe(2)
      await expect.poll(() => page.peers(kind), { message: kind }).toHaveLength(2)
    }
    // One identity, three networks, three peers.
    const ids = KINDS.map((kind) => ada[kind].network.peerId)
    expect(new Set([...ids, ...KINDS.map((kind) => bob[kind].network.peerId)]).size).toBe(6)
  })

  it('carry what is said in each to its own members, and to no others', async () => {
    for (const kind of KINDS) {
      await ada[kind].network.broadcast(`Ada in ${kind}`)
      await page.broadcast(kind, `page in ${kind}`)
    }
    for (const kind of KINDS) {
      const wanted = [`Ada in ${kind}`, `page in ${kind}`]
      await expect.poll(() => bob[kind].heard.toSorted()).toEqual(wanted)
      await expect.poll(() => page.heard(kind)).toEqual([`Ada in ${kind}`])
      await expect.poll(() => ada[kind].heard).toEqual([`page in ${kind}`])
    }
  })

  it('keep ledgers of their own', async () => {
    for (const kind of KINDS) await ada[kind].network.contribute({ taskId: `only/${kind}`, computeUnits: 100 })
    for (const kind of KINDS) {
      const tasks = async () => (await bob[kind].network.ledger?.recent(10))?.map(({ taskId }) => taskId)
      await expect.poll(tasks).toEqual([`only/${kind}`])
      await expect.poll(() => page.tasks(kind)).toEqual([`only/${kind}`])
    }
  })

  it('remove from one, and from no other', async () => {
    await rooms.private.revoke(bob.private.network.siteId)
    await expect.poll(() => ada.private.left).toEqual(['removed'])
    // Whichever comes first: the founder's word, or Bob's own goodbye when the room shows him out.
    await expect.poll(() => page.left('private')).toHaveLength(1)
    await expect.poll(() => bob.private.network.state).toBe('closed')
    await expect.poll(() => bob.private.membership.standing).toBe('revoked')
    for (const kind of ['plain', 'consortium'] as const) {
      expect(bob[kind].membership.standing).toBe('member')
      await bob[kind].network.broadcast(`Bob stays in ${kind}`)
      await expect.poll(() => ada[kind].heard.at(-1)).toBe(`Bob stays in ${kind}`)
      await expect.poll(async () => (await page.heard(kind)).at(-1)).toBe(`Bob stays in ${kind}`)
      expect(ada[kind].left).toEqual([])
    }
  })

  it('are left one by one', async () => {
    await ada.consortium.network.close()
    await expect.poll(() => bob.consortium.left).toEqual(['left'])
    await page.leave('private')
    await expect.poll(() => ada.private.network.peers.size).toBe(0)
    await ada.plain.network.broadcast('still here')
    await expect.poll(() => bob.plain.heard.at(-1)).toBe('still here')
    await expect.poll(async () => (await page.heard('plain')).at(-1)).toBe('still here')
    await bob.consortium.network.broadcast('we too')
    await expect.poll(async () => (await page.heard('consortium')).at(-1)).toBe('we too')
    expect(await page.errors()).toEqual([])
  })
})
