/**
 * Argon2id (RFC 9106). It is not the platform's, since WebCrypto has none, and not WebAssembly, since a page with a strict
 * Content Security Policy may compile none.
 */
import { argon2idAsync } from '@noble/hashes/argon2.js'
import type { Bytes } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../errors.ts'
import { argon2Options, type Argon2Input } from './argon2-options.ts'
import { ARGON2_THREAD_CODE } from './argon2-thread-code.ts'
import type { Argon2Told } from './argon2-thread.ts'

export interface Waiting {
  /** Gives up; the call then rejects with `aborted`. */
  readonly signal?: AbortSignal
  /** How much is done, from 0 to 1, about a hundred times. What it throws, the call rejects with. */
  readonly onProgress?: (done: number) => void
}

/**
 * In a thread of its own where there are Web Workers. In a page it could only work between other tasks, and Chromium lets
 * who yields go on before timers and messages: links would stand still meanwhile.
 *
 * @throws EdgeNetError `aborted`; `unsupported`, when there is not so much memory
 */
export async function argon2id(input: Argon2Input, { signal, onProgress }: Waiting): Promise<Bytes> {
  const stopIfAborted = () => {
    if (signal?.aborted) throw aborted(signal.reason)
  }
  const progress = (done: number) => {
    stopIfAborted()
    onProgress?.(done)
  }
  progress(0)
  const hash = (await inThread(input, progress, signal)) ?? (await here(input, progress))
  stopIfAborted()
  return hash
}

/** At most so long at a time: a frame at 60 Hz has 16 ms. */
const TASK_MS = 8

async function here(input: Argon2Input, progress: (done: number) => void): Promise<Bytes> {
  const options = { ...argon2Options(input, progress), asyncTick: TASK_MS }
  try {
    return new Uint8Array(await argon2idAsync(input.secret, input.salt, options))
  } catch (error) {
    // A memory that cannot be had is a length that cannot be.
    throw error instanceof RangeError ? noMemory(error) : error
  }
}

/** `undefined` where no thread can be had: a policy of the page may forbid it, and Node has none of this kind. */
async function inThread(
  input: Argon2Input,
  progress: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Bytes | undefined> {
  const worker = openWorker()
  if (!worker) return undefined
  const over = new AbortController()
  try {
    return await new Promise((resolve, reject) => {
      const on = { signal: over.signal }
      const told = ({ data }: MessageEvent<Argon2Told>) => {
        try {
          if (typeof data === 'number') progress(data)
          else resolve(data)
        } catch (error) {
          reject(error)
        }
      }
      worker.addEventListener('message', told, on)
      const failed = (event: Event) => {
        // The page's own handlers need not hear of what is dealt with.
        event.preventDefault()
        resolve(undefined)
      }
      worker.addEventListener('error', failed, on)
      signal?.addEventListener('abort', () => reject(aborted(signal.reason)), on)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
      worker.postMessage(input)
    })
  } finally {
    over.abort()
    worker.terminate()
  }
}

/** Of the code; never revoked, since any later worker needs it. */
let codeUrl: string | undefined

function openWorker(): Worker | undefined {
  if (ARGON2_THREAD_CODE === undefined || typeof Worker === 'undefined') return undefined
  codeUrl ??= URL.createObjectURL(new Blob([ARGON2_THREAD_CODE], { type: 'text/javascript' }))
  try {
    return new Worker(codeUrl, { name: 'edge-net pass phrase' })
  } catch {
    // Some browsers throw what others tell by an event.
    return undefined
  }
}

function aborted(cause: unknown): EdgeNetError {
  return new EdgeNetError('aborted', 'signal', 'It was given up.', 'Nothing was changed.', { cause })
}

function noMemory(cause: unknown): EdgeNetError {
  const message = 'There is not enough memory for the work that protects a backup.'
  return new EdgeNetError('unsupported', 'memory', message, 'Close other tabs or programs and try again.', { cause })
}
