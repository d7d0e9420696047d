import { expect, test, vi } from 'vitest'
import { decodeAnnouncement } from '../../protocol/announcement.ts'
import { FULL_LIST_PEERS, JOIN_NOTICE_PEERS } from '../../protocol/limits.ts'
import { peerIdOf, type PeerId } from '../../protocol/peer-id.ts'
import type { ListedPeer } from '../../protocol/room-messages.ts'
import { join, joinMany, newSession, present, type TestPeer } from './scenario.ts'

function idsOf(peers: readonly ListedPeer[]): Promise<PeerId[]> {
  return Promise.all(peers.map(({ announcement }) => peerIdOf(present(decodeAnnouncement(announcement)).core)))
}

function inbox(peers: readonly TestPeer[]): number {
  return peers.reduce((sum, peer) => sum + peer.messages.length, 0)
}

test('up to 32 members everybody knows everybody', async () => {
  const members: TestPeer[] = []
  for (let i = 1; i <= FULL_LIST_PEERS; i++) {
    const newcomer = await join('small')
    const { total, peers } = await newcomer.next('welcome')
    expect(total).toBe(i)
    expect((await idsOf(peers)).toSorted()).toEqual(members.map(({ peerId }) => peerId).toSorted())
    members.push(newcomer)
  }
  for (const [i, member] of members.entries()) {
    await vi.waitFor(() => expect(member.all('peer-joined')).toHaveLength(FULL_LIST_PEERS - 1 - i))
  }
  const [leaver, ...rest] = members
  present(leaver).socket.send('{"type":"bye"}')
  for (const member of rest) {
    expect(await member.next('peer-left')).toEqual({
      type: 'peer-left',
      peerId: leaver?.peerId,
      total: FULL_LIST_PEERS - 1,
    })
  }
})

test('above 32 a newcomer gets a random sample and the total, and few are told', async () => {
  const members = await joinMany('large', 60)
  await Promise.all(members.map((member) => member.settled()))
  const before = inbox(members)
  const [ada, bob] = [await join('large'), await join('large')]
  await Promise.all(members.map((member) => member.settled()))
  const settling = members.length

  const [first, second] = [await ada.next('welcome'), await bob.next('welcome')]
  expect([first.total, second.total]).toEqual([61, 62])
  const samples = [await idsOf(first.peers), await idsOf(second.peers)]
  for (const sample of samples) expect(new Set(sample).size).toBe(FULL_LIST_PEERS)
  expect(samples[0]?.toSorted()).not.toEqual(samples[1]?.toSorted())
  expect(samples[0]).not.toContain(ada.peerId)
  // The second newcomer's notice may have gone to the first.
  const notices = inbox(members) - before - settling + ada.all('peer-joined').length
  expect(notices).toBe(2 * JOIN_NOTICE_PEERS)

  const left = inbox([...members, bob])
  ada.socket.send('{"type":"bye"}')
  await ada.nextClose()
  bob.send('signal', ada.peerId)
  expect(await bob.next('gone')).toEqual({ type: 'gone', peerId: ada.peerId })
  expect(inbox([...members, bob])).toBe(left + 1)
})

test('members can ask for a sample, for pages and for certain peers', async () => {
  const members = await joinMany('ask', 70)
  const all = members.map(({ peerId }) => peerId).toSorted()
  const [ada] = members
  if (!ada) throw new Error('nobody joined')
  const ask = async (want: object) => {
    const nth = ada.all('peer-list').length
    ada.socket.send(JSON.stringify({ type: 'peers', ...want }))
    const answer = await ada.next('peer-list', nth)
    expect(answer.total).toBe(70)
    return { ids: await idsOf(answer.peers), cursor: answer.cursor }
  }

  const { ids: sample } = await ask({ sample: 5 })
  expect(new Set(sample).size).toBe(5)
  expect(sample).not.toContain(ada.peerId)

  const pages: PeerId[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page = await ask({ cursor })
    pages.push(...page.ids)
    cursor = page.cursor
  }
  expect(pages).toEqual(all)

  const stranger = await newSession('ask')
  const { ids: found } = await ask({ ids: [all[3], stranger.peerId, all[40]] })
  expect(found).toEqual([all[3], all[40]])
})

test('nobody else hears when a member asks, and a stranger cannot renew for a member', async () => {
  const [ada, bob] = [await join('renew'), await join('renew')]
  const foreign = await bob.session.announce({ expiresAtMs: Date.now() + 7_200_000 })
  ada.socket.send(
    JSON.stringify({ type: 'renew', announcement: foreign.toBase64({ alphabet: 'base64url', omitPadding: true }) }),
  )
  expect(await ada.next('error')).toMatchObject({ code: 'announcement-signature' })
  await bob.settled()
  expect(bob.messages.map(({ type }) => type)).toEqual(['welcome', 'peer-list'])
})
