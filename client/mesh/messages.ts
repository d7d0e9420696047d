/**
 * What members of a mesh say to each other, on channel 4 of their links: kind u8 · body. A message that is not exactly one
 * encoding of something is none. `mesh_gossip` and `mesh_have` are nearly all of them.
 */
import { concat, type Bytes } from '../../protocol/bytes.ts'
import { ENVELOPE_KIND, PEER_ID, type EnvelopeKind } from '../../protocol/envelope.ts'
import { fixed, layout, list, oneOf, rest, sized, uint, type Field, type Layout } from '../../protocol/layout.ts'
import { MAX_ANNOUNCEMENT_BYTES, MAX_RELAY_ENVELOPE_BYTES, PEER_ID_BYTES } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import {
  CARRY_ID_BYTES,
  MAX_ALTERNATIVES,
  MAX_GOSSIP_BYTES,
  MAX_IDS,
  MAX_SHUFFLED_MEMBERS,
  MESSAGE_ID_BYTES,
} from './limits.ts'

/** Somebody who is said to be a member. */
export interface ToldMember {
  readonly announcement: Bytes
  /** How long ago somebody last had a link to it. */
  readonly ageS: number
}

/** Something that everybody is to hear. */
export interface Gossip {
  /** What it is about, and so who says whether it is valid. */
  readonly topic: number
  readonly hops: number
  /** 16 bytes of the peer id of whoever said it first, as he claims. */
  readonly origin: Bytes
  /** So that the same words said twice are two messages. */
  readonly number: number
  readonly payload: Bytes
}

/** An envelope on its way over neighbours. */
export interface Carry {
  /** Random: whoever sees it again drops it. */
  readonly id: Bytes
  readonly from: PeerId
  readonly to: PeerId
  readonly hops: number
  readonly kind: EnvelopeKind
  readonly body: Bytes
}

export interface Bodies {
  /** Wants to be a neighbour. */
  readonly mesh_neighbour: { readonly degree: number; readonly isUrgent: boolean }
  readonly mesh_accept: { readonly degree: number }
  readonly mesh_refuse: { readonly members: readonly ToldMember[] }
  /** Is no neighbour any more. */
  readonly mesh_part: { readonly members: readonly ToldMember[] }
  readonly mesh_shuffle: { readonly degree: number; readonly members: readonly ToldMember[] }
  readonly mesh_shuffle_reply: { readonly degree: number; readonly members: readonly ToldMember[] }
  readonly mesh_gossip: Gossip
  readonly mesh_have: { readonly ids: readonly Bytes[] }
  /** Asks for messages and, if `isPush`, for all to come as well. */
  readonly mesh_graft: { readonly isPush: boolean; readonly ids: readonly Bytes[] }
  readonly mesh_prune: object
  readonly mesh_carry: Carry
  /** Whoever is named is out of reach that way. */
  readonly mesh_lost: { readonly id: Bytes; readonly from: PeerId; readonly to: PeerId }
}

export type Kind = keyof Bodies
export type MeshMessage = { readonly [K in Kind]: { readonly kind: K; readonly body: Bodies[K] } }[Kind]

const FLAG = oneOf([false, true])
const MEMBER_LAYOUT: { readonly [K in keyof ToldMember]: Field<ToldMember[K]> } = {
  announcement: sized(2, MAX_ANNOUNCEMENT_BYTES),
  ageS: uint(2),
}
const MEMBER: Field<ToldMember> = {
  put: ({ announcement, ageS }) => concat(MEMBER_LAYOUT.announcement.put(announcement), MEMBER_LAYOUT.ageS.put(ageS)),
  take: (take) => {
    const announcement = MEMBER_LAYOUT.announcement.take(take)
    const ageS = MEMBER_LAYOUT.ageS.take(take)
    return announcement && ageS !== undefined ? { announcement, ageS } : undefined
  },
}
const ALTERNATIVES = layout({ members: list(MEMBER, MAX_ALTERNATIVES) })
const SHUFFLE = layout<Bodies['mesh_shuffle']>({ degree: uint(1), members: list(MEMBER, MAX_SHUFFLED_MEMBERS) })
const IDS = list(fixed(MESSAGE_ID_BYTES), MAX_IDS)

const LAYOUTS: { readonly [K in Kind]: Layout<Bodies[K]> } = {
  mesh_neighbour: layout<Bodies['mesh_neighbour']>({ degree: uint(1), isUrgent: FLAG }),
  mesh_accept: layout<Bodies['mesh_accept']>({ degree: uint(1) }),
  mesh_refuse: ALTERNATIVES,
  mesh_part: ALTERNATIVES,
  mesh_shuffle: SHUFFLE,
  mesh_shuffle_reply: SHUFFLE,
  mesh_gossip: layout<Gossip>({
    topic: uint(1),
    hops: uint(1),
    origin: fixed(PEER_ID_BYTES),
    number: uint(6),
    payload: rest,
  }),
  mesh_have: layout<Bodies['mesh_have']>({ ids: IDS }),
  mesh_graft: layout<Bodies['mesh_graft']>({ isPush: FLAG, ids: IDS }),
  mesh_prune: layout<Bodies['mesh_prune']>({}),
  mesh_carry: layout<Carry>({
    id: fixed(CARRY_ID_BYTES),
    from: PEER_ID,
    to: PEER_ID,
    hops: uint(1),
    kind: ENVELOPE_KIND,
    body: rest,
  }),
  mesh_lost: layout<Bodies['mesh_lost']>({ id: fixed(CARRY_ID_BYTES), from: PEER_ID, to: PEER_ID }),
}

/** In the order of their codes, from 1. */
const KINDS = Object.keys(LAYOUTS) as Kind[]
/** Kind, topic and hops, which change on the way or belong to the topic alone, come before what the id is made of. */
const HEAD_BYTES = 3
const HOPS_AT = 2
/** Of a `mesh_gossip`: kind, topic, hops, origin, number. */
const GOSSIP_HEAD_BYTES = HEAD_BYTES + PEER_ID_BYTES + 6

export function encodeMessage<K extends Kind>(kind: K, body: Bodies[K]): Bytes {
  return concat(Uint8Array.of(KINDS.indexOf(kind) + 1), LAYOUTS[kind].encode(body))
}

/** The message in these bytes, or `undefined` when they are none. */
export function decodeMessage(bytes: Bytes): MeshMessage | undefined {
  const kind = KINDS[(bytes[0] ?? 0) - 1]
  if (!kind) return undefined
  if (kind === 'mesh_gossip' && bytes.length > GOSSIP_HEAD_BYTES + MAX_GOSSIP_BYTES) return undefined
  if (kind === 'mesh_carry' && bytes.length > MAX_RELAY_ENVELOPE_BYTES + 64) return undefined
  const body = LAYOUTS[kind].decode(bytes.subarray(1))
  return body && ({ kind, body } as MeshMessage)
}

/** What the id of a `mesh_gossip` is the hash of: everything but the hops. */
export function identified(gossip: Bytes): Bytes {
  return concat(gossip.subarray(1, HOPS_AT), gossip.subarray(HEAD_BYTES))
}

/** A `mesh_gossip` as it goes on to the next. */
export function withHops(gossip: Bytes, hops: number): Bytes {
  const bytes = gossip.slice()
  bytes[HOPS_AT] = hops
  return bytes
}
