/**
 * Asking a host over HTTP. Whatever it answers is bounded in time and size, and nothing of it is believed here: callers check
 * it. What fails is an {@link EdgeNetError}; what the host refuses comes back as its refusal.
 */
import type { Refusal } from '../../protocol/refusal.ts'
import { EdgeNetError } from '../errors.ts'

/** A small answer over a slow line; longer than that, somebody waits for nothing. */
const ANSWER_WAIT_MS = 10_000
/** The largest honest answer: a page of a hundred networks, or a waiting room that is full. */
const MAX_ANSWER_BYTES = 524_288

export interface Question {
  /** Posted as text, so that pages of other origins need no preflight. Without it the question is a GET. */
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

export type Answer = { readonly value: unknown } | { readonly refusal: Refusal }

/** @throws EdgeNetError `room-unreachable`, `aborted` */
export async function askHost(url: string, { body, signal }: Question = {}): Promise<Answer> {
  const timeout = AbortSignal.timeout(ANSWER_WAIT_MS)
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Accept: 'application/json' },
      ...(body !== undefined && { body }),
      // What a room says changes by the second.
      cache: 'no-store',
      credentials: 'omit',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    const text = await boundedText(response)
    const value: unknown = text === '' ? undefined : JSON.parse(text)
    if (response.ok) return { value }
    const refusal = refusalIn(value)
    if (refusal) return { refusal }
    throw new TypeError(`HTTP ${response.status} without a reason`)
  } catch (cause) {
    if (signal?.aborted) throw abortedError(signal.reason)
    const hint = 'Check the URL and the network.'
    const message = `No answer of a host from ${url}.`
    throw new EdgeNetError('room-unreachable', 'no-answer', message, hint, { cause })
  }
}

export function abortedError(cause: unknown): EdgeNetError {
  return new EdgeNetError('aborted', 'signal', 'It was given up.', 'Try again when you like.', { cause })
}

/** The fields of an object in an answer; of anything else, none. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value) as Record<string, unknown>
}

async function boundedText(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.length
    if (size > MAX_ANSWER_BYTES) {
      await reader.cancel()
      throw new RangeError(`more than ${MAX_ANSWER_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

function refusalIn(value: unknown): Refusal | undefined {
  const { code, message, hint, serverTimeMs, retryAfterMs } = fieldsOf(fieldsOf(value)['error'])
  const isRefusal = [code, message, hint].every((text) => typeof text === 'string') && Number.isFinite(serverTimeMs)
  if (!isRefusal) return undefined
  const refusal = { code, message, hint, serverTimeMs } as Refusal
  return typeof retryAfterMs === 'number' ? { ...refusal, retryAfterMs } : refusal
}
