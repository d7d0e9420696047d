import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import type { RefusalCode } from '../../protocol/refusal.ts'
import { charterOf } from '../../worker/charter.ts'
import { admissionRequest } from '../../worker/door.ts'
import { createKnownNetworks } from '../../worker/known-networks.ts'
import { approvals, found, invite, revoke, send, sessionWith, sketch, type Founded } from './founding.ts'
import { connect, join, newSession, newSigner, present, roomOf, TestPeer, type Session } from './scenario.ts'

afterEach(() => {
  vi.useRealTimers()
})

const HOUR_MS = 3_600_000

describe('members get in:', () => {
  test('anybody in a public network', async () => {
    const { network } = await found('public')
    expect(await (await join(network)).next('welcome')).toMatchObject({ total: 1 })
  })

  test('the creator and whom he has invited or approved, in a private one', async () => {
    const founded = await found('private')
    const { network, creator } = founded
    await join(await newSession(network, { who: creator }))
    await join(await sessionWith(founded, (await invite(founded)).chainFor))
    const last = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0])))
    expect((await last.next('welcome')).total).toBe(3)
  })

  test('creator, approvers and whom enough of them have approved, in a consortium', async () => {
    const founded = await found('consortium')
    const { network, creator, approvers } = founded
    for (const who of [creator, ...approvers]) await join(await newSession(network, { who }))
    const last = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0, 2])))
    expect((await last.next('welcome')).total).toBe(5)
  })
})

interface Stranger {
  readonly policy: 'private' | 'consortium'
  readonly code: RefusalCode
  readonly close: number
  readonly come: (founded: Founded) => Promise<Session>
}

const STRANGERS: Record<string, Stranger> = {
  'without anything, in a private network': {
    policy: 'private',
    code: 'membership-missing',
    close: 4403,
    come: ({ network }) => newSession(network),
  },
  'without anything, in a consortium': {
    policy: 'consortium',
    code: 'membership-missing',
    close: 4403,
    come: ({ network }) => newSession(network),
  },
  'with a chain that is none': {
    policy: 'private',
    code: 'membership-malformed',
    close: 4400,
    come: (founded) => sessionWith(founded, () => new Uint8Array([9, 9, 9])),
  },
  'with a chain cut short': {
    policy: 'private',
    code: 'membership-malformed',
    close: 4400,
    come: async (founded) => {
      const { chainFor } = await invite(founded)
      return sessionWith(founded, async (identity) => (await chainFor(identity)).slice(0, -1))
    },
  },
  'with an invite that the creator did not sign': {
    policy: 'private',
    code: 'membership-signature',
    close: 4401,
    come: async (founded) => sessionWith(founded, (await invite(founded, {}, await newSigner())).chainFor),
  },
  'with an invite to another network of the same creator': {
    policy: 'private',
    code: 'membership-signature',
    close: 4401,
    come: async (founded) => {
      const other = await sketch('private')
      return sessionWith(founded, (await invite({ ...other, creator: founded.creator })).chainFor)
    },
  },
  "with somebody else's acceptance": {
    policy: 'private',
    code: 'membership-signature',
    close: 4401,
    come: async (founded) => {
      const [{ chainFor }, member] = [await invite(founded), await newSigner()]
      return sessionWith(founded, () => chainFor(member.key))
    },
  },
  'with an invite that has run out': {
    policy: 'private',
    code: 'membership-expired',
    close: 4403,
    come: async (founded) => sessionWith(founded, (await invite(founded, { expiresAtMs: Date.now() - 1 })).chainFor),
  },
  'with an announcement that outlives the invite': {
    policy: 'private',
    code: 'membership-expired',
    close: 4403,
    come: async (founded) => {
      const { chainFor } = await invite(founded, { expiresAtMs: Date.now() + HOUR_MS / 2 })
      return sessionWith(founded, chainFor)
    },
  },
  'with an invite, in a consortium': {
    policy: 'consortium',
    code: 'membership-malformed',
    close: 4400,
    come: async (founded) => sessionWith(founded, (await invite(founded)).chainFor),
  },
  'with one approval of the two that are needed': {
    policy: 'consortium',
    code: 'membership-insufficient',
    close: 4403,
    come: (founded) => sessionWith(founded, (identity) => approvals(founded, identity, [1])),
  },
  "with approvals of somebody else's key": {
    policy: 'consortium',
    code: 'membership-signature',
    close: 4401,
    come: async (founded) => {
      const member = await newSigner()
      return sessionWith(founded, () => approvals(founded, member.key, [0, 1]))
    },
  },
  'with approvals of which too few go on': {
    policy: 'consortium',
    code: 'membership-expired',
    close: 4403,
    come: (founded) => sessionWith(founded, (identity) => approvals(founded, identity, [0, 1], Date.now() - 1)),
  },
}

describe('whoever comes', () => {
  test.each(Object.entries(STRANGERS))('%s reads why he is kept out', async (_, { policy, code, close, come }) => {
    const founded = await found(policy)
    await expectRefused(await come(founded), code, close)
    // Nobody of the network has seen anything of it.
    const creator = await join(await newSession(founded.network, { who: founded.creator }))
    expect((await creator.next('welcome')).total).toBe(1)
  })

  test('to a network that is not registered here reads so', async () => {
    const { network, creator } = await sketch('private')
    await expectRefused(await newSession(network, { who: creator }), 'network-unknown', 4404)
  })

  test('is asked for membership before he gets ICE servers, which takes no use of an invite', async () => {
    const founded = await found('private')
    const { network } = founded
    const stranger = await newSession(network)
    expect((await send(network, 'ice', await stranger.ticket({ purpose: 'ice' }))).status).toBe(403)
    const { chainFor } = await invite(founded)
    const one = await sessionWith(founded, chainFor)
    expect((await send(network, 'ice', await one.ticket({ purpose: 'ice' }))).status).toBe(200)
    await join(await sessionWith(founded, chainFor))
    await expectRefused(one, 'invite-used-up', 4403)
  })
})

describe('an invite', () => {
  test('lets in as many as it is for, and whoever was in again', async () => {
    const founded = await found('private')
    const { chainFor } = await invite(founded, { uses: 2 })
    const ada = await newSigner()
    await join(await sessionWith(founded, chainFor, ada))
    await join(await sessionWith(founded, chainFor))
    await expectRefused(await sessionWith(founded, chainFor), 'invite-used-up', 4403)
    await join(await sessionWith(founded, chainFor, ada))
  })

  test('is taken once when many come at the same time for its last use', async () => {
    const founded = await found('private')
    const { chainFor } = await invite(founded)
    const sessions = await Promise.all(Array.from({ length: 8 }, () => sessionWith(founded, chainFor)))
    const peers = await Promise.all(sessions.map(knock))
    const closes = await vi.waitFor(() => {
      const closed = peers.flatMap((peer) => peer.closed ?? [])
      expect(closed).toHaveLength(7)
      return closed
    })
    expect(new Set(closes.map(({ reason }) => reason))).toEqual(new Set(['invite-used-up']))
    await vi.waitFor(() => expect(peers.flatMap((peer) => peer.all('welcome'))).toHaveLength(1))
  })

  test('is not used up by whoever is refused for something else', async () => {
    const founded = await found('private')
    const { chainFor } = await invite(founded)
    const late = await sessionWith(founded, chainFor)
    await expectRefused(late, 'ticket-clock', 4401, { issuedAtMs: Date.now() - HOUR_MS })
    await join(await sessionWith(founded, chainFor))
  })

  test('is counted on after the charter was evicted', async () => {
    const founded = await found('private')
    const { chainFor } = await invite(founded)
    const ada = await newSigner()
    await join(await sessionWith(founded, chainFor, ada))
    await evictDurableObject(charterOf(env, founded.network))
    await expectRefused(await sessionWith(founded, chainFor), 'invite-used-up', 4403)
    await join(await sessionWith(founded, chainFor, ada))
  })
})

describe('whoever is removed', () => {
  test('is thrown out at once, by his key or by his invite, and others stay and hear that he has left', async () => {
    const founded = await found('private')
    const [toOne, toTwo] = [await invite(founded), await invite(founded, { uses: 2 })]
    const removed = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0])))
    const [first, second] = [
      await join(await sessionWith(founded, toTwo.chainFor)),
      await join(await sessionWith(founded, toTwo.chainFor)),
    ]
    const bystander = await join(await sessionWith(founded, toOne.chainFor))
    const { response } = await revoke(founded, [removed.session.core.identity, toTwo.key])
    expect(await response.json()).toEqual({ number: 1 })
    for (const peer of [removed, first, second]) {
      expect(await peer.next('error')).toMatchObject({ code: 'membership-revoked' })
      expect(await peer.nextClose()).toEqual({ code: 4403, reason: 'membership-revoked' })
    }
    await bystander.next('peer-left', 2)
    const left = bystander.all('peer-left').map(({ peerId }) => peerId)
    expect(left.toSorted()).toEqual([removed, first, second].map(({ peerId }) => peerId).toSorted())
    expect(bystander.all('peer-left').some(({ lost }) => lost)).toBe(false)
    expect(bystander.closed).toBeUndefined()
    for (const { session } of [removed, first, second]) await expectRefused(session, 'membership-revoked', 4403)
    // A new session, or a new approval, changes nothing.
    const { key, sign } = { key: removed.session.core.identity, sign: removed.session.sign }
    const again = await sessionWith(founded, (identity) => approvals(founded, identity, [0]), { key, sign })
    await expectRefused(again, 'membership-revoked', 4403)
  })

  test('is thrown out of a room that sleeps, and by a charter that was evicted', async () => {
    const founded = await found('consortium')
    const member = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0, 1])))
    await evictDurableObject(roomOf(founded.network))
    await evictDurableObject(charterOf(env, founded.network))
    await revoke(founded, [member.session.core.identity])
    expect(await member.nextClose()).toMatchObject({ reason: 'membership-revoked' })
  })

  test('cannot be the creator, and can be an approver', async () => {
    const founded = await found('consortium')
    const { network, creator, approvers } = founded
    const [approver] = approvers
    const kept = await join(await newSession(network, { who: creator }))
    const removed = await join(await newSession(network, { who: present(approver) }))
    await revoke(founded, [creator.key, present(approver).key])
    expect(await removed.nextClose()).toMatchObject({ reason: 'membership-revoked' })
    await kept.settled()
    expect(kept.closed).toBeUndefined()
  })

  test('takes along whom only he has approved', async () => {
    const founded = await found('consortium')
    const gone = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0, 1])))
    const kept = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0, 1, 2])))
    await revoke(founded, [present(founded.approvers[0]).key])
    expect(await gone.nextClose()).toEqual({ code: 4403, reason: 'membership-insufficient' })
    await kept.settled()
    expect(kept.closed).toBeUndefined()
  })

  test('finds a door elsewhere open for a minute at most, and is thrown out again after it', async () => {
    const founded = await found('private')
    const { network } = founded
    const elsewhere = createKnownNetworks()
    const before = present(await elsewhere.find(network, 'join', env))
    expect(before.revocations).toBeUndefined()
    const member = await sessionWith(founded, (identity) => approvals(founded, identity, [0]))
    await revoke(founded, [member.core.identity])
    expect(await elsewhere.find(network, 'join', env)).toBe(before)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    expect(present(await elsewhere.find(network, 'join', env)).revocations?.has(member.core.identity)).toBe(true)
    vi.useRealTimers()
    // Somebody whom such a door has let in: here by the back door, past the one that knows.
    const late = await letIn(member)
    expect(late.closed).toBeUndefined()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 66_000 })
    await runDurableObjectAlarm(charterOf(env, network))
    expect(await late.nextClose()).toMatchObject({ reason: 'membership-revoked' })
  })
})

describe('an announcement is renewed', () => {
  test('while its membership lasts, and no longer', async () => {
    const founded = await found('private')
    const endsAtMs = Date.now() + 2 * HOUR_MS
    const member = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0], endsAtMs)))
    await renew(member, { expiresAtMs: endsAtMs })
    await member.settled()
    expect(member.all('error')).toEqual([])
    await renew(member, { expiresAtMs: endsAtMs + 1 })
    expect(await member.next('error')).toMatchObject({ code: 'membership-expired' })
    await renew(member, { expiresAtMs: endsAtMs, chain: new Uint8Array(0) })
    expect(await member.next('error', 1)).toMatchObject({ code: 'membership-missing' })
    expect(member.closed).toBeUndefined()
  })

  test('with another chain, which counts like a join', async () => {
    const founded = await found('private')
    const usedUp = await invite(founded)
    await join(await sessionWith(founded, usedUp.chainFor))
    const member = await join(await sessionWith(founded, (identity) => approvals(founded, identity, [0])))
    const chain = await usedUp.chainFor(member.session.core.identity)
    await renew(member, { chain, expiresAtMs: Date.now() + 2 * HOUR_MS })
    expect(await member.next('error')).toMatchObject({ code: 'invite-used-up' })
  })

  test('never by somebody who has been removed', async () => {
    const founded = await found('private')
    const session = await sessionWith(founded, (identity) => approvals(founded, identity, [0]))
    await revoke(founded, [session.core.identity])
    const late = await letIn(session)
    await renew({ session, socket: late.socket }, { expiresAtMs: Date.now() + 2 * HOUR_MS })
    expect(await late.nextClose()).toMatchObject({ reason: 'membership-revoked' })
  })
})

async function renew(
  { session, socket }: { readonly session: Session; readonly socket: WebSocket },
  change: Parameters<Session['announce']>[0],
): Promise<void> {
  const announcement = toBase64Url(await session.announce(change))
  socket.send(JSON.stringify({ type: 'renew', announcement }))
}

async function knock(session: Session) {
  return connect(session.network, [SUBPROTOCOL, await session.ticket()], {}, session.peerId)
}

/** Into the room without a door, as a door lets in who is a member as far as it knows. */
async function letIn(session: Session) {
  const admission = {
    peerId: session.peerId,
    ticketIssuedAtMs: Date.now(),
    announcementExpiresAtMs: Date.now() + HOUR_MS,
    announcement: toBase64Url(await session.announce()),
  }
  const response = await roomOf(session.network).fetch(admissionRequest(admission, undefined))
  const peer = new TestPeer(present(response.webSocket ?? undefined), '', session.peerId)
  await peer.next('welcome')
  return peer
}

async function expectRefused(
  session: Session,
  code: RefusalCode,
  close: number,
  change: Parameters<Session['ticket']>[0] = {},
): Promise<void> {
  const peer = await connect(session.network, [SUBPROTOCOL, await session.ticket(change)])
  expect(await peer.next('error')).toMatchObject({ code })
  expect(await peer.nextClose()).toEqual({ code: close, reason: code })
}
