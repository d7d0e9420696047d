/**
 * Short ids of which many look the same, as if somebody had found out how to make such: a session then finds less than
 * there is, and the next one, under another key, must find the rest. The real ones have 64 bits that nobody can choose.
 */
import { ShortIds } from '../../../client/qdag/sync/short-ids.ts'

const ID_BYTES = 32
const genuine = ShortIds.of.bind(ShortIds)

/** From now on two of 4,096 entries look the same to a session; which, depends on its key. */
export function weakenShortIds(): void {
  ShortIds.of = (key, indexes, idOf, others) => {
    const at = (key.k0 >>> 0) % (ID_BYTES - 1)
    const weak = (id: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
      const few = new Uint8Array(ID_BYTES)
      few[0] = id[at] ?? 0
      few[1] = (id[at + 1] ?? 0) & 15
      return few
    }
    return genuine(key, indexes, (index) => weak(idOf(index)), others?.map(weak))
  }
}

export function restoreShortIds(): void {
  ShortIds.of = genuine
}
