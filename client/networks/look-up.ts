/** What a host knows of a network, checked: the genesis hashes to the id, and the founder signed both it and the revocations. */
import { compareBytes, fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { proveGenesis, type Genesis } from '../../protocol/genesis.ts'
import { KEY_BYTES, MAX_GENESIS_BYTES, MAX_REVOKED } from '../../protocol/limits.ts'
import { proveRevocations, type Revocations } from '../../protocol/revocations.ts'
import { EdgeNetError } from '../errors.ts'
import type { RoomUrl } from '../room-url.ts'
import { membersIn } from './facts.ts'
import { membershipError, refusedError } from './fault.ts'
import { askHost, fieldsOf } from './host.ts'
import { verifyStrictly } from './strict-signature.ts'

/** Of a list: number, time, length and signature besides the keys, in base64url. */
const MAX_REVOCATIONS_CHARACTERS = Math.ceil(((MAX_REVOKED * KEY_BYTES + 78) * 4) / 3)
const MAX_GENESIS_CHARACTERS = Math.ceil((MAX_GENESIS_BYTES * 4) / 3)

export interface LookedUp {
  readonly genesis: Genesis
  readonly members: number
  readonly revocations: Revocations | undefined
  /** What the host should have said otherwise; what is here holds all the same. */
  readonly fault: EdgeNetError | undefined
}

/** What the host says of a network. @throws EdgeNetError `membership`, `room-unreachable`, `aborted` */
export async function describedBy(room: RoomUrl, signal?: AbortSignal): Promise<unknown> {
  const answer = await askHost(room.http, { signal })
  if ('refusal' in answer) throw refusedError(answer.refusal)
  return answer.value
}

/** @throws EdgeNetError `membership`, `room-unreachable`, `aborted` */
export async function lookUp(room: RoomUrl, id: Bytes, signal?: AbortSignal): Promise<LookedUp> {
  const description = await describedBy(room, signal)
  const { genesis: encoded, revocations } = fieldsOf(description)
  const genesis = await genesisIn(encoded, id)
  const members = membersIn(description)
  try {
    return { genesis, members, revocations: await revocationsIn(revocations, genesis), fault: undefined }
  } catch (error) {
    // A list that nobody signed removes nobody, and keeps nobody from looking on.
    if (!(error instanceof EdgeNetError)) throw error
    return { genesis, members, revocations: undefined, fault: error }
  }
}

/** The genesis of this network in a text. @throws EdgeNetError `membership` */
export async function genesisIn(encoded: unknown, id: Bytes): Promise<Genesis> {
  const isShort = typeof encoded === 'string' && encoded.length <= MAX_GENESIS_CHARACTERS
  const bytes = isShort ? fromBase64Url(encoded) : undefined
  const genesis = bytes ? await proveGenesis(bytes, verifyStrictly) : 'genesis-malformed'
  if (typeof genesis === 'string') throw membershipError(genesis)
  if (compareBytes(genesis.id, id) !== 0) throw membershipError('genesis-mismatch')
  return genesis
}

/** The list of revocations in a text, if there is any. @throws EdgeNetError `membership` */
export async function revocationsIn(encoded: unknown, genesis: Genesis): Promise<Revocations | undefined> {
  if (encoded === undefined) return undefined
  const isShort = typeof encoded === 'string' && encoded.length <= MAX_REVOCATIONS_CHARACTERS
  const bytes = isShort ? fromBase64Url(encoded) : undefined
  const list = bytes ? await proveRevocations(genesis, bytes, verifyStrictly) : 'revocations-malformed'
  if (typeof list === 'string') throw membershipError(list)
  return list
}
