import { expect, test } from 'vitest'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import { decodeAnnouncement } from '../../protocol/announcement.ts'
import { join } from './scenario.ts'

test('a newcomer is welcomed with who is there, and those who are there hear of it', async () => {
  const ada = await join('welcome')
  expect(ada.protocol).toBe(SUBPROTOCOL)
  expect(await ada.next('welcome')).toMatchObject({ peerId: ada.peerId, total: 1, peers: [], resumed: false })

  const bob = await join('welcome')
  const welcome = await bob.next('welcome')
  expect(welcome.total).toBe(2)
  expect(welcome.peers.map(({ announcement }) => decodeAnnouncement(announcement)?.core)).toEqual([ada.session.core])
  const joined = await ada.next('peer-joined')
  expect(joined).toMatchObject({ total: 2, resumed: false })
  expect(decodeAnnouncement(joined.peer.announcement)?.core).toEqual(bob.session.core)
})

test('an envelope reaches its receiver unchanged, from its true sender', async () => {
  const [ada, bob] = [await join('envelopes'), await join('envelopes')]
  const body = crypto.getRandomValues(new Uint8Array(1_000))
  ada.send('relay', bob.peerId, body)
  expect(await bob.nextEnvelope()).toEqual({ kind: 'relay', home: 0, peer: ada.peerId, body })
  bob.send('who', ada.peerId, new Uint8Array(0))
  expect(await ada.nextEnvelope()).toMatchObject({ kind: 'who', peer: bob.peerId })
})
