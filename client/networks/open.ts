/** `openNetwork`: from a room URL to what a network is and how we stand to it. */
import { fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { networkIdOfName, parseNetworkId } from '../../protocol/network.ts'
import { Clock } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import { parseRoomUrl, type RoomUrl } from '../room-url.ts'
import type { MemberNetwork, NetworkFacts, Opening } from './api.ts'
import { factsOf, factsOfName, membersIn } from './facts.ts'
import { invalid, membershipError } from './fault.ts'
import { acceptInvite, inviteIn } from './invites.ts'
import { describedBy, genesisIn, lookUp, revocationsIn, type LookedUp } from './look-up.ts'
import { OpenedNetwork } from './member-network.ts'
import { RevocationBook } from './revocation-book.ts'

/**
 * Opens a network: finds out what it is, checks it against its id, and comes in by what is given: a chain of an earlier time,
 * or an invite. Whoever has neither is a `stranger` and can ask for approval. Plain names open, too.
 *
 * @param roomUrl `https://HOST/n/NETWORK`, or an invite's whole link
 * @throws EdgeNetError `membership`, `invalid-argument`, `aborted`; `room-unreachable` unless `genesis` is given or the name is plain
 * @example
 * const membership = await openNetwork(location.href, { identity })
 * if (membership.standing !== 'member') await membership.untilMember({ name: 'Ada' })
 * const network = await join(membership.facts.roomUrl, { identity, membership })
 */
export async function openNetwork(roomUrl: string, opening: Opening): Promise<MemberNetwork> {
  const room = parseRoomUrl(roomUrl)
  const id = parseNetworkId(room.network)
  return id ? openFounded(room, id, { invite: inviteIn(roomUrl), ...opening }) : openPlain(room, opening)
}

/** What is known of a network before joining it. @throws EdgeNetError `membership`, `room-unreachable`, `invalid-argument`, `aborted` */
export async function describeNetwork(
  roomUrl: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<NetworkFacts> {
  const room = parseRoomUrl(roomUrl)
  const id = parseNetworkId(room.network)
  if (!id) return factsOfName(room, membersIn(await describedBy(room, signal)))
  const { genesis, members } = await lookUp(room, id, signal)
  return factsOf(genesis, room, members)
}

async function openPlain(room: RoomUrl, { identity, signal }: Opening): Promise<MemberNetwork> {
  const description = await orFault(describedBy(room, signal))
  const hostFault = description instanceof EdgeNetError ? description : undefined
  const members = hostFault ? 0 : membersIn(description)
  const facts = await factsOfName(room, members)
  const networkId = await networkIdOfName(room.network)
  const book = new RevocationBook()
  return new OpenedNetwork({
    room,
    networkId,
    facts,
    genesis: undefined,
    identity,
    clock: new Clock(),
    book,
    hostFault,
  })
}

type FoundedOpening = Omit<Opening, 'invite'> & { readonly invite: string | undefined }

async function openFounded(room: RoomUrl, id: Bytes, opening: FoundedOpening): Promise<MemberNetwork> {
  const { identity, chain, invite } = opening
  const clock = new Clock()
  const { genesis, members, revocations, fault: hostFault } = await known(room, id, opening)
  const book = new RevocationBook()
  const kept =
    opening.revocations === undefined
      ? undefined
      : await given('revocations', revocationsIn(opening.revocations, genesis))
  for (const list of [kept, revocations]) if (list) book.take(list)
  const facts = factsOf(genesis, room, members)
  const network = new OpenedNetwork({ room, networkId: id, facts, genesis, identity, clock, book, hostFault })
  if (network.standing === 'stranger' && chain) await network.show(bytesOf(chain))
  if (network.standing !== 'member' && invite !== undefined) {
    await network.show(await acceptInvite(genesis, identity.publicKey, invite, clock.nowMs()))
    if (network.standing === 'revoked') throw membershipError('membership-revoked')
  }
  return network
}

/** What the host says; without it, what was given. */
async function known(room: RoomUrl, id: Bytes, { genesis, signal }: FoundedOpening): Promise<LookedUp> {
  const kept: Genesis | undefined = genesis === undefined ? undefined : await given('genesis', genesisIn(genesis, id))
  if (!kept) return lookUp(room, id, signal)
  const looked = await orFault(lookUp(room, id, signal))
  return looked instanceof EdgeNetError ? { genesis: kept, members: 0, revocations: undefined, fault: looked } : looked
}

/** Whatever a host has to do with may fail; whoever gave up wants no answer. */
async function orFault<T>(asking: Promise<T>): Promise<T | EdgeNetError> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof EdgeNetError && error.code !== 'aborted') return error
    throw error
  }
}

/** What the caller gave is the caller's to mend. */
async function given<T>(reason: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (cause) {
    const hint = 'Give what this same network had, or nothing.'
    const message = `The given ${reason} is not of this network.`
    throw new EdgeNetError('invalid-argument', reason, message, hint, { cause })
  }
}

function bytesOf(chain: string): Bytes {
  const bytes = fromBase64Url(chain)
  if (bytes) return bytes
  throw invalid('chain', 'The chain is no base64url.', 'Give the chain that this network had, or nothing.')
}
