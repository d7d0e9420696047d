/** Tasks are told apart by 8 bytes of their hash. Two that share them would only cost the contributor who claims both. */
import { utf8 } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { word } from './key-set.ts'

export interface TaskHash {
  readonly low: number
  readonly high: number
}

export function taskHashOf(taskId: string, sha256: Sha256): TaskHash {
  const hash = sha256(utf8(taskId))
  return { low: word(hash, 0) >>> 0, high: word(hash, 4) >>> 0 }
}
