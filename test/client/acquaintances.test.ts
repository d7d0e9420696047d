/** What a session remembers of a peer is one thing, whatever arrives at the same time. */
import { expect, it } from 'vitest'
import { Clock } from '../../client/clock.ts'
import { createIdentity } from '../../client/index.ts'
import { openSession, type Session } from '../../client/identity/session.ts'
import { Acquaintances } from '../../client/peer/acquaintances.ts'
import { proveAnnouncement, type ProvenAnnouncement } from '../../protocol/announcement.ts'
import { networkIdOfName } from '../../protocol/network.ts'

const NETWORK = await networkIdOfName('acquaintances')

it('an envelope opens once, though two announcements of its sender came at once', async () => {
  const [ada, bob] = [await open(), await open()]
  const first = await proven(bob)
  await bob.announce()
  const acquaintances = new Acquaintances(ada)
  const meetings = await Promise.all([acquaintances.meet(first), acquaintances.meet(await proven(bob))])
  const sealed = await (await new Acquaintances(bob).meet(await proven(ada)))?.sealer.seal('relay', new Uint8Array([1]))
  if (!sealed) throw new Error('Bob and Ada share no keys')
  const opened: unknown[] = []
  for (const keys of meetings) opened.push(await keys?.opener.open('relay', sealed))
  expect(opened).toEqual([expect.objectContaining({ frame: new Uint8Array([1]) }), 'sealed-replayed'])
})

async function open(): Promise<Session> {
  const description = { rank: 0, rtc: false, name: '', capabilities: [] }
  return openSession(await createIdentity(), NETWORK, description, new Clock())
}

async function proven({ announcement }: Session): Promise<ProvenAnnouncement> {
  const result = await proveAnnouncement(announcement, NETWORK, Date.now())
  if (typeof result === 'string') throw new Error(result)
  return result
}
