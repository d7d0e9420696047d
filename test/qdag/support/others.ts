/** What others say while somebody writes: the same again for the same number, as peers who are asked again. */
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import type { Entry } from '../../../client/qdag/entry.ts'
import { Contributor, filled } from './fake-entries.ts'

/** A few entries at a time, without end. */
export function* othersOf(number: number): Generator<readonly Entry[], never> {
  const contributor = new Contributor(100, sha256)
  // Writers tell the numbers apart.
  contributor.writer.set(filled(4, 0))
  new DataView(contributor.writer.buffer).setUint32(0, number)
  for (let i = 0; ; i++) yield Array.from({ length: 1 + (i % 3) }, () => contributor.next())
}
