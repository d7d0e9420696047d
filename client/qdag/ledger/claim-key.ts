/** What tells claims apart: who claims, and the task. */
import type { Sha256 } from '../api.ts'
import { shortUtf8 } from '../short-text.ts'
import { uint32At } from './key-set.ts'

/** Tasks are told apart by 8 bytes of their hash. Two that share them would only cost a contributor who claims both. */
export interface TaskHash {
  readonly high: number
  readonly low: number
}

/** A task's hash in which a contributor is hidden: for two of them it is hardly ever the same. */
export interface ClaimKey {
  readonly high: number
  readonly low: number
}

/** Spreads contributors' small numbers over 32 bits (2^32 divided by the golden ratio). */
const SPREAD = 0x9e3779b9

export function taskHashOf(taskId: string, sha256: Sha256): TaskHash {
  const hash = sha256(shortUtf8(taskId))
  return { high: uint32At(hash, 0), low: uint32At(hash, 4) }
}

/** Done once more with the same contributor, it gives the task's hash again. */
export function claimKeyOf({ high, low }: TaskHash, contributor: number): ClaimKey {
  return { high: (high ^ Math.imul(contributor, SPREAD)) >>> 0, low }
}
