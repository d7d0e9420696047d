/** A malicious Worker with a long memory: what it has once carried, in other links, sessions, rooms and at other doors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, type Identity } from '../../client/node/index.ts'
import { parseRoomMessage } from '../../protocol/room-messages.ts'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import { eventually } from '../support/eventually.ts'
import { nodeClient, type Client } from '../support/hostile-worker/client.ts'
import { Company } from '../support/hostile-worker/company.ts'
import { ATTACK_MS, NAMES, openStage, pause, type Stage } from '../support/hostile-worker/scene.ts'
import type { Room } from '../support/hostile-worker/service.ts'
import { startService } from '../support/server.ts'

const REPLAYED = ['sealed-replayed', 'sealed-stale', 'sealed-forged', 'intro-mismatch']

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

async function withIdentities(room: Room, identities: ReadonlyMap<string, Identity>): Promise<Company> {
  const company = new Company()
  for (const [name, identity] of identities) {
    company.add(await nodeClient(room.url, name, { direct: 'off', identity }))
  }
  await company.acquainted()
  await company.exchange()
  await company.allHeard()
  await company.reported([])
  return company
}

async function newIdentities(): Promise<ReadonlyMap<string, Identity>> {
  return new Map(await Promise.all(NAMES.map(async (name) => [name, await createIdentity()] as const)))
}

/** The attack changes nothing for anybody, and what it replays is reported for one of these reasons. */
async function withstands(
  room: Room,
  company: Company,
  attack: string,
  { reasons, elsewhere, bystanders = [] }: { reasons: readonly string[]; elsewhere?: string; bystanders?: Client[] },
): Promise<void> {
  await room.attack(attack, elsewhere)
  await company.exchange()
  await pause(ATTACK_MS)
  await company.undisturbed()
  expect(await room.tampered()).toBeGreaterThan(0)
  await room.repent()
  await company.exchange()
  await company.allHeard()
  await company.nobodyElseCame()
  const records = await Promise.all(bystanders.map((bystander) => bystander.record()))
  const faults = [...(await company.faults()), ...records.flatMap(({ errors }) => errors)].map(({ reason }) => reason)
  expect(faults.filter((reason) => !reasons.includes(reason))).toEqual([])
  if (reasons.length > 0) expect(faults).not.toEqual([])
}

describe.concurrent('a room that replays', () => {
  it.each(['replay the departed', 'replay to newcomers', 'replay old announcements'])(
    'an earlier session to the next one of the same people (%s)',
    async (attack) => {
      const room = stage.newRoom()
      const identities = await newIdentities()
      const before = await withIdentities(room, identities)
      // Two of three come anew; the third was here all the time.
      const [ada] = before.members
      await Promise.all(before.members.slice(1).map((member) => member.leave()))
      const company = new Company(before.members)
      for (const name of NAMES.slice(1)) {
        const identity = identities.get(name)
        company.add(await nodeClient(room.url, name, { direct: 'off', ...(identity && { identity }) }))
      }
      await company.acquainted()
      await withstands(room, company, attack, { reasons: REPLAYED, bystanders: ada ? [ada] : [] })
      // She has heard her first two companions, and then their next sessions; nothing else.
      const heard = (await ada?.record())?.heard ?? []
      expect(heard).toHaveLength(8)
      await Promise.all([ada?.leave(), company.leave()])
    },
  )

  it('an earlier link of two sessions into their next one', async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room)
    for (const member of company.members) {
      for (const other of company.members) if (other !== member) await member.forget(other.siteId)
    }
    await room.redeploy()
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    await withstands(room, company, 'replay everything', { reasons: REPLAYED })
    expect((await company.faults()).map(({ reason }) => reason)).toContain('sealed-stale')
    await company.leave()
  })

  it('what is older than any window of counters', async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room)
    await company.say(company.members.slice(0, 1), 1_300)
    await company.allHeard()
    await withstands(room, company, 'replay everything', { reasons: REPLAYED })
    await company.leave()
  })

  it.each([
    ['cross from another room', [...REPLAYED, 'announcement-network']],
    ['announce the members of another room', ['announcement-network', 'intro-mismatch']],
  ])('what was said in another room by the same people (%s)', async (attack, reasons) => {
    const identities = await newIdentities()
    const [elsewhere, room] = [stage.newRoom(), stage.newRoom()]
    const [others, company] = [await withIdentities(elsewhere, identities), await withIdentities(room, identities)]
    await withstands(room, company, attack, { reasons, elsewhere: elsewhere.network })
    // Those others were not disturbed either.
    await others.exchange()
    await others.allHeard()
    await others.reported([])
    await Promise.all([company.leave(), others.leave()])
  })

  it('tickets that it was shown opens no other door, and its own only to somebody who can say nothing', async () => {
    const room = stage.newRoom()
    const company = await stage.talking(room)
    const tickets = ticketsIn(await room.seen(), room.network)
    expect(tickets.length).toBeGreaterThanOrEqual(NAMES.length)
    const honest = await startService({ rateLimits: 'off' })
    try {
      for (const ticket of tickets) {
        expect(await knock(honest.roomUrl(room.network), ticket)).toBe('host-mismatch')
        expect(await knock(room.url, ticket)).toBe('ticket-replayed')
        const ice = await fetch(`${room.url}/ice`, { method: 'POST', body: ticket })
        expect(await ice.json()).toMatchObject({ error: { code: 'ticket-purpose' } })
      }
    } finally {
      await honest.close()
    }
    const cleo = company.members.pop()
    await cleo?.leave()
    // Her place is free now, and her ticket is not a minute old.
    await eventually(async () => expect(await knock(room.url, tickets.at(-1) ?? '')).toBe('welcome'))
    await company.exchange()
    await company.allHeard()
    await company.reported([])
    await company.leave()
  })
})

/** The tickets of a network in what the Worker has seen: each stood in the header that names subprotocols. */
function ticketsIn(seen: readonly Buffer[], network: string): string[] {
  return seen.flatMap((bytes) => {
    const [url, ...headers] = bytes.toString().split('\n')
    if (!url?.endsWith(`/n/${network}`)) return []
    return headers.flatMap((line) => (line.startsWith(SUBPROTOCOL) ? [line.split(',')[1]?.trim() ?? ''] : []))
  })
}

/** What a door says to a ticket: `welcome`, or the code of its refusal. */
async function knock(roomUrl: string, ticket: string): Promise<string> {
  const socket = new WebSocket(roomUrl.replace('http', 'ws'), [SUBPROTOCOL, ticket])
  try {
    return await new Promise((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error('the door did not answer')))
      socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
        const message = parseRoomMessage(data)
        resolve(message?.type === 'error' ? message.code : (message?.type ?? ''))
      })
    })
  } finally {
    socket.close()
  }
}
