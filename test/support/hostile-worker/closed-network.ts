/** A private network at a malicious host: Ada, who founded it, Bob and Cleo, who have met and talked. */
import { createIdentity, type Identity, type JoinOptions } from '../../../client/node/index.ts'
import type { MemberNetwork, Opening } from '../../../client/networks/api.ts'
import { foundNetwork, openNetwork } from '../../../client/networks/index.ts'
import { nodeClient } from './client.ts'
import { Company } from './company.ts'
import type { HostileService, Room } from './service.ts'

export interface ClosedNetwork {
  readonly room: Room
  readonly company: Company
  /** By name. */
  readonly memberships: ReadonlyMap<string, MemberNetwork>
  readonly identities: ReadonlyMap<string, Identity>
  membership(name: string): MemberNetwork
  /** Somebody who comes later, as a member by an invite or as he says. */
  enter(name: string, opening?: Partial<Opening>, options?: JoinOptions): Promise<void>
}

export async function closedNetwork(
  service: HostileService,
  optionsOf: (roomUrl: string, identity: Identity) => JoinOptions = () => ({}),
): Promise<ClosedNetwork> {
  const founder = await createIdentity()
  const host = service.roomUrl('x')
  const founded = await foundNetwork({ host, identity: founder, name: 'Friends', policy: 'private' })
  const { id, roomUrl } = founded.facts
  const company = new Company()
  const memberships = new Map<string, MemberNetwork>()
  const identities = new Map<string, Identity>()
  const join = async (name: string, identity: Identity, membership: MemberNetwork, more: JoinOptions) => {
    memberships.set(name, membership)
    identities.set(name, identity)
    const options = { direct: 'off', identity, membership, ...optionsOf(roomUrl, identity), ...more } as const
    company.add(await nodeClient(roomUrl, name, options))
  }
  const enter: ClosedNetwork['enter'] = async (name, opening = {}, options = {}) => {
    const identity = opening.identity ?? (await createIdentity())
    const invite = opening.chain === undefined ? (await founded.invite()).url : undefined
    const membership = await openNetwork(roomUrl, { ...(invite !== undefined && { invite }), ...opening, identity })
    await join(name, identity, membership, options)
  }
  await join('Ada', founder, founded, {})
  await enter('Bob')
  await enter('Cleo')
  await company.acquainted('relay')
  await company.exchange()
  await company.allHeard()
  return {
    room: service.room(id),
    company,
    memberships,
    identities,
    membership: (name) => {
      const membership = memberships.get(name)
      if (!membership) throw new Error(`${name} is no member`)
      return membership
    },
    enter,
  }
}
