/** What hostile members do: a vice changes what a peer says on its way out. */
import { concat, type Bytes } from '../../../protocol/bytes.ts'
import { MESSAGE_ID_BYTES } from '../../../client/mesh/limits.ts'
import { decodeMessage, encodeMessage, type MeshMessage, type ToldMember } from '../../../client/mesh/messages.ts'
import type { Random } from '../../sim/random.ts'
import { announcementOf } from './identity.ts'
import { isValid, payloadOf } from './payload.ts'

export const VICES = [
  'mute',
  'idle',
  'garbage',
  'ghosts',
  'eclipse',
  'promises',
  'needy',
  'swallow',
  'deceive',
] as const
export type Vice = (typeof VICES)[number]

/** Numbers of peers that do not exist. */
const GHOSTS_FROM = 100_000_000
const TOLD = 8
const BOGUS_IDS = 20

/**
 * - `mute` accepts everybody as a neighbour, and says nothing else.
 * - `idle` takes part in the overlay, but relays nothing, tells of nothing and gives nothing.
 * - `garbage` spoils what it relays.
 * - `ghosts` tells of members that do not exist.
 * - `eclipse` tells of nobody but its accomplices.
 * - `promises` tells of messages that do not exist.
 * - `swallow` carries nothing for others, and does not say so.
 * - `deceive` carries answers to those who seek somebody, and nothing else for others.
 * - `needy` says that it has hardly any neighbours, for ever, and so drives others out.
 *
 * @returns what is sent instead
 */
export function corrupted(vice: Vice, bytes: Bytes, random: Random, accomplices: readonly number[]): readonly Bytes[] {
  const message = decodeMessage(bytes)
  return message ? said(vice, message, bytes, random, accomplices) : [bytes]
}

function said(
  vice: Vice,
  message: MeshMessage,
  bytes: Bytes,
  random: Random,
  accomplices: readonly number[],
): readonly Bytes[] {
  switch (vice) {
    case 'mute':
      return message.kind === 'mesh_accept' || message.kind === 'mesh_neighbour' ? [bytes] : []
    case 'idle':
      return message.kind === 'mesh_gossip' || message.kind === 'mesh_have' ? [] : [bytes]
    case 'garbage':
      return [spoiled(message, bytes, random)]
    case 'ghosts':
      return [tellingOf(message, bytes, () => announcementOf(GHOSTS_FROM + random.below(1_000_000)))]
    case 'eclipse':
      return [tellingOf(message, bytes, () => announcementOf(random.pick(accomplices)))]
    case 'promises':
      return message.kind === 'mesh_have' ? [bytes, encodeMessage('mesh_have', { ids: bogusIds(random) })] : [bytes]
    case 'swallow':
      return message.kind === 'mesh_carry' && message.body.hops > 0 ? [] : [bytes]
    case 'deceive':
      return message.kind === 'mesh_carry' && message.body.hops > 0 && message.body.kind !== 'who' ? [] : [bytes]
    case 'needy':
      break
  }
  return [needy(message, bytes)]
}

function needy(message: MeshMessage, bytes: Bytes): Bytes {
  const { kind, body } = message
  if (kind === 'mesh_neighbour') return encodeMessage(kind, { ...body, degree: 1, isUrgent: true })
  if (kind === 'mesh_shuffle' || kind === 'mesh_shuffle_reply') return encodeMessage(kind, { ...body, degree: 1 })
  return bytes
}

function spoiled(message: MeshMessage, bytes: Bytes, random: Random): Bytes {
  if (message.kind !== 'mesh_gossip' || !isValid(message.body.payload)) return bytes
  return encodeMessage('mesh_gossip', { ...message.body, payload: payloadOf(random.below(1_000_000), false) })
}

function tellingOf(message: MeshMessage, bytes: Bytes, announcement: () => Bytes): Bytes {
  const members = (count: number): ToldMember[] =>
    Array.from({ length: count }, () => ({ announcement: announcement(), ageS: 0 }))
  if (message.kind === 'mesh_shuffle' || message.kind === 'mesh_shuffle_reply') {
    // Its own announcement stays: without, nobody would find it again.
    const own = message.body.members.slice(0, 1)
    return encodeMessage(message.kind, { ...message.body, members: [...own, ...members(TOLD - 1)] })
  }
  if (message.kind === 'mesh_refuse' || message.kind === 'mesh_part') {
    return encodeMessage(message.kind, { members: members(TOLD / 2) })
  }
  return bytes
}

function bogusIds(random: Random): Bytes[] {
  const word = () => Uint8Array.from({ length: MESSAGE_ID_BYTES / 4 }, () => random.below(256))
  return Array.from({ length: BOGUS_IDS }, () => concat(word(), word(), word(), word()))
}
