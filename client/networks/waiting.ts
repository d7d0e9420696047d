/** Waiting to be let in, from both sides: the newcomer's patience, and what an approver sees of those who wait. */
import { fromBase64Url, toBase64Url, utf8 } from '../../protocol/bytes.ts'
import { isLabel, type Genesis } from '../../protocol/genesis.ts'
import { MAX_NAME_BYTES, MAX_NOTE_BYTES } from '../../protocol/limits.ts'
import { EdgeNetError } from '../errors.ts'
import type { Waiting } from './api.ts'
import { approvedBy, genuineApprovals } from './approvals.ts'
import { invalid } from './fault.ts'
import { abortedError, fieldsOf } from './host.ts'

/** A person decides: at first perhaps at once, later in hours. */
const FIRST_PAUSE_MS = 2_000
const MAX_PAUSE_MS = 30_000
/** Whatever a host asks for: somebody mends it. */
const MAX_ASKED_PAUSE_MS = 300_000
/** More than anybody reads through, and than an honest host keeps. */
const MAX_LISTED = 256

/** @throws EdgeNetError `invalid-argument` (`name`, `note`) */
export function checkWords({ name = '', note = '' }: { readonly name?: string; readonly note?: string }): void {
  if (utf8(name).length > MAX_NAME_BYTES || !isLabel(name)) {
    throw invalid('name', 'The name is too long, or has characters that are not shown.', `Use ${MAX_NAME_BYTES} bytes.`)
  }
  if (utf8(note).length > MAX_NOTE_BYTES || !isLabel(note)) {
    throw invalid('note', 'The note is too long, or has characters that are not shown.', `Use ${MAX_NOTE_BYTES} bytes.`)
  }
}

/** Asks again and again until it is done. A host out of reach, or one that asks for patience, is waited for. */
export async function untilDone(ask: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    let askedForMs = 0
    try {
      if (await ask()) return
    } catch (error) {
      if (!(error instanceof EdgeNetError) || !isPassing(error)) throw error
      askedForMs = Math.min(error.retryAfterMs ?? 0, MAX_ASKED_PAUSE_MS)
    }
    await pause(Math.max(pauseMs, askedForMs), signal)
  }
}

function isPassing({ code, retryAfterMs, reason }: EdgeNetError): boolean {
  return code === 'room-unreachable' || (code === 'membership' && (retryAfterMs !== undefined || reason === 'internal'))
}

/** Who waits, as a host says, with the approvals that are genuine. What is no applicant is left out. */
export async function waitingIn(genesis: Genesis, answer: unknown): Promise<readonly Waiting[]> {
  const { waiting } = fieldsOf(answer)
  const items: readonly unknown[] = Array.isArray(waiting) ? waiting.slice(0, MAX_LISTED) : []
  const read = await Promise.all(items.map((item) => applicantIn(genesis, item)))
  return read.filter((item) => item !== undefined)
}

async function applicantIn(genesis: Genesis, item: unknown): Promise<Waiting | undefined> {
  const { member, name, note, sinceMs, approvals } = fieldsOf(item)
  const key = typeof member === 'string' && member.length === 43 ? fromBase64Url(member) : undefined
  const isWorded = typeof name === 'string' && typeof note === 'string' && isLabel(name) && isLabel(note)
  const isShort = isWorded && utf8(name).length <= MAX_NAME_BYTES && utf8(note).length <= MAX_NOTE_BYTES
  if (!key || !isShort || typeof sinceMs !== 'number') return undefined
  const genuine = await genuineApprovals(genesis, key, approvals)
  return { siteId: toBase64Url(key), name, note, sinceMs, approvedBy: approvedBy(genesis, genuine) }
}

/** @throws EdgeNetError `aborted` */
function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(abortedError(signal?.reason))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, durationMs)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
