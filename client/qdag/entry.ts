/**
 * An entry: one signed contribution. Its bytes are canonical by construction, so that every peer computes the same id.
 */
import type { Bytes } from '../../protocol/bytes.ts'

/** What the requester of a task signed about its result: it turns a claim into an attested one. */
export interface Receipt {
  /** The requester's identity key. */
  readonly requester: Bytes
  /** SHA-256 of the result that the requester accepted. */
  readonly resultHash: Bytes
  readonly signature: Bytes
}

export interface EntryBody {
  /** The identity key whose contribution this is. */
  readonly contributor: Bytes
  /** Which of the contributor's stores wrote it: 16 random bytes, born with the store. */
  readonly writer: Bytes
  /** Counts the writer's entries from 0, without gaps. */
  readonly seq: number
  /** Id of the writer's entry before this one; `undefined` exactly when `seq` is 0. */
  readonly prev: Bytes | undefined
  /** Hybrid logical time in milliseconds: above that of `prev` and of every parent. */
  readonly tsMs: number
  readonly computeUnits: number
  readonly taskId: string
  /** One or two ids, ascending; the network id alone in an entry that builds on none. */
  readonly parents: readonly Bytes[]
  readonly receipt: Receipt | undefined
  /** Certificates for closed networks, in a writer's first entry; otherwise empty. */
  readonly chain: Bytes
}

export interface Entry extends EntryBody {
  readonly id: Bytes
  /** The contributor's, over the network id and the id. */
  readonly signature: Bytes
}
