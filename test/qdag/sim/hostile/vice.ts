/** One way to be hostile. */
import type { SyncMessage } from '../../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../../protocol/bytes.ts'
import type { LinkEnd } from '../connection.ts'
import type { Rogue } from './rogue.ts'

export interface Vice {
  readonly name: string
  /** About how often it acts of its own accord. */
  readonly everyMs?: number
  /** Never comes under another name. */
  readonly isShy?: boolean
  /** It adds to what there is to agree on, so it ends when all is to become quiet. */
  readonly makesEntries?: boolean
  readonly act?: (rogue: Rogue) => void
  /** What is sent instead of one of the rogue's messages; undefined to send it as it is. */
  readonly twist?: (rogue: Rogue, end: LinkEnd, message: SyncMessage, bytes: Bytes) => readonly Bytes[] | undefined
  /** True when the rogue's own replica is not to hear it. */
  readonly hear?: (rogue: Rogue, end: LinkEnd, message: SyncMessage, bytes: Bytes) => boolean
}
