/**
 * Requests and answers over a channel of a network. Links deliver once and in order, so that a request is handled at
 * most once, and is answered unless its peer is lost; nothing here sends anything again.
 *
 * On the wire a message is `kind u8 ‖ id u32 ‖ body`, big-endian. The asking side counts its ids; each direction of a
 * link has its own.
 */
import type { Data, Network, NetworkEvents, Peer, Sendable } from '../api.ts'
import { RequestError, type RequestErrorCode } from './request-error.ts'

/** Of Edge-Net's own channels (1 to 255). */
const DEFAULT_CHANNEL = 1
/** Half of the time for which a link without a path is kept by default. */
const DEFAULT_TIMEOUT_MS = 30_000
/** Runtimes keep delays in 31 bits; a longer one would end at once. */
const MAX_DELAY_MS = 2 ** 31 - 1
const HEADER_BYTES = 5
/** An error's message is for people. */
const MAX_ERROR_CHARACTERS = 1_000

const REQUEST = 0
const ANSWER = 1
const FAILURE = 2
const NO_HANDLER = 3
const CANCEL = 4
/** Added to the kind when the body is a text. */
const TEXT = 128

/** The parts of a {@link Network} that are used. */
export type RequestNetwork = Pick<Network, 'channel' | 'on' | 'send'>

export interface IncomingRequest {
  readonly peer: Peer
  readonly data: Data
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface RequestsOptions {
  /** 256 to 65,535 for protocols of one's own; both sides must use the same. Default: one that is Edge-Net's. */
  readonly channel?: number
  /**
   * Answers requests. What it throws is emitted as an `error` of the network, and who asked is told that the handler
   * failed; of a {@link RequestError} it is told the message, too.
   */
  readonly handler?: (request: IncomingRequest) => Sendable | void | Promise<Sendable | void>
}

export interface RequestOptions {
  /** Stops waiting, and tells the other side so. */
  readonly signal?: AbortSignal
  /** How long to wait for the answer in milliseconds, `Infinity` for as long as the link lives. Default: 30 s. */
  readonly timeoutMs?: number
}

export interface Requests {
  /**
   * Asks a peer.
   *
   * @returns the answer: a text as a text, anything else as bytes
   * @throws RequestError `timeout`, `handler-failed`, `no-handler`, `peer-left`, `aborted`; EdgeNetError of `send()`
   */
  readonly request: (peer: Pick<Peer, 'id'>, data: Sendable, options?: RequestOptions) => Promise<Data>
  /** Stops answering, and rejects what is being waited for. */
  readonly close: () => void
}

interface Waiting {
  readonly peer: Peer['id']
  resolve(data: Data): void
  fail(code: RequestErrorCode, message: string): void
}

/**
 * Asks peers, and answers them.
 *
 * @example
 * const { request } = requests(network, { handler: ({ data }) => `You said ${data}.` })
 * console.log(await request(peer, 'hello', { timeoutMs: 5_000 }))
 */
export function requests(network: RequestNetwork, options: RequestsOptions = {}): Requests {
  const { channel = DEFAULT_CHANNEL, handler } = options
  const waiting = new Map<number, Waiting>()
  /** What is being answered, by peer and id. */
  const answering = new Map<string, AbortController>()
  let lastId = 0
  let isClosed = false

  /** Rejects as `send` does. */
  const send = async (peer: Peer['id'], kind: number, id: number, body: Sendable, signal?: AbortSignal) =>
    network.send(peer, await pack(kind, id, body), { channel, ...(signal && { signal }) })
  /** Whoever does not get this has left, or learns it by its own time. */
  const tell = (peer: Peer['id'], kind: number, id: number, body = '') =>
    void send(peer, kind, id, body).catch(() => undefined)

  const answer = async (peer: Peer, id: number, data: Data): Promise<void> => {
    if (!handler) return tell(peer.id, NO_HANDLER, id)
    const key = `${peer.id} ${id}`
    const abort = new AbortController()
    answering.set(key, abort)
    try {
      const answered = (await handler({ peer, data, signal: abort.signal })) ?? ''
      if (!abort.signal.aborted) await send(peer.id, ANSWER, id, answered, abort.signal)
    } catch (error) {
      // The network emits it. Nobody wants to know what became of a request that was given up.
      if (!abort.signal.aborted) {
        const words = error instanceof RequestError ? error.message : ''
        tell(peer.id, FAILURE, id, words.slice(0, MAX_ERROR_CHARACTERS))
        throw error
      }
    } finally {
      answering.delete(key)
    }
  }

  const stopTaking = network.channel(channel, ({ peer, data }: NetworkEvents['message']) => {
    const message = unpack(data)
    if (!message) return
    const { kind, id, body } = message
    if (kind === REQUEST) return answer(peer, id, body)
    if (kind === CANCEL) return answering.get(`${peer.id} ${id}`)?.abort()
    const asked = waiting.get(id)
    // Answered too late, or by somebody who was not asked.
    if (asked?.peer !== peer.id) return
    if (kind === ANSWER) asked.resolve(body)
    else if (kind === FAILURE) asked.fail('handler-failed', String(body) || 'The handler at the other side failed.')
    else if (kind === NO_HANDLER) asked.fail('no-handler', 'The peer answers no requests.')
  })
  const stopListening = network.on('peer-left', ({ peer }) => {
    for (const asked of waiting.values()) if (asked.peer === peer.id) asked.fail('peer-left', 'The peer has left.')
    for (const [key, abort] of answering) if (key.startsWith(`${peer.id} `)) abort.abort()
  })

  return {
    request: ({ id: peer }, data, { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = {}) =>
      new Promise((resolve, reject) => {
        const closed = new RequestError('aborted', 'The requests were closed.')
        const cancelled = () => new RequestError('aborted', 'The request was aborted.', { cause: signal?.reason })
        if (isClosed || signal?.aborted) return reject(isClosed ? closed : cancelled())
        const id = (lastId = (lastId + 1) >>> 0)
        const sending = new AbortController()
        /** Nobody waits any more, for whatever reason. */
        const settle = () => {
          waiting.delete(id)
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
        }
        const fail = (error: unknown) => {
          settle()
          reject(error)
        }
        /** Takes the request back, or else tells the other side not to go on. */
        const giveUp = (error: RequestError) => {
          fail(error)
          sending.abort()
          tell(peer, CANCEL, id)
        }
        const onAbort = () => giveUp(cancelled())
        const late = () => giveUp(new RequestError('timeout', `No answer within ${timeoutMs} ms.`))
        const timer = timeoutMs <= MAX_DELAY_MS ? setTimeout(late, timeoutMs) : undefined
        signal?.addEventListener('abort', onAbort)
        waiting.set(id, {
          peer,
          resolve: (answered) => {
            settle()
            resolve(answered)
          },
          fail: (code, message) => fail(new RequestError(code, message)),
        })
        send(peer, REQUEST, id, data, sending.signal).catch(fail)
      }),
    close: () => {
      isClosed = true
      stopTaking()
      stopListening()
      for (const asked of waiting.values()) asked.fail('aborted', 'The requests were closed.')
      for (const abort of answering.values()) abort.abort()
    },
  }
}

async function pack(kind: number, id: number, body: Sendable): Promise<Uint8Array<ArrayBuffer>> {
  const isText = typeof body === 'string'
  const bytes = isText ? new TextEncoder().encode(body) : await bytesOf(body)
  const packed = new Uint8Array(HEADER_BYTES + bytes.length)
  packed[0] = kind + (isText ? TEXT : 0)
  new DataView(packed.buffer).setUint32(1, id)
  packed.set(bytes, HEADER_BYTES)
  return packed
}

async function bytesOf(body: Exclude<Sendable, string>): Promise<Uint8Array> {
  if (body instanceof Blob) return new Uint8Array(await body.arrayBuffer())
  return ArrayBuffer.isView(body) ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array(body)
}

function unpack(data: Data): { kind: number; id: number; body: Data } | undefined {
  if (typeof data === 'string' || data.length < HEADER_BYTES) return undefined
  const view = new DataView(data.buffer, data.byteOffset)
  const kind = view.getUint8(0)
  const bytes = data.slice(HEADER_BYTES)
  return { kind: kind & ~TEXT, id: view.getUint32(1), body: kind & TEXT ? new TextDecoder().decode(bytes) : bytes }
}
