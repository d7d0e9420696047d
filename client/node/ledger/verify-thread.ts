/** One thread that checks signatures, one parcel of checks after the other. */
import { Worker } from 'node:worker_threads'
import type { Bytes } from '../../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../../protocol/limits.ts'
import type { SignatureCheck } from '../../qdag/verifier.ts'

export interface Parcel {
  /** Permitted by the signature rule. */
  readonly checks: readonly SignatureCheck[]
  readonly answer: (results: readonly boolean[]) => void
}

export interface ThreadEvents {
  /** It has less to do than before. */
  answered(): void
  /** It has ended by itself, and did not answer these. */
  failed(unanswered: readonly Parcel[]): void
}

/**
 * What runs in the thread. As a text, because a file of its own would not be where it is looked for once this one has been
 * bundled; so it is CommonJS and imports nothing of ours. A raw key becomes a KeyObject by the DER prefix of RFC 8410.
 */
const CODE = `
const { parentPort } = require('node:worker_threads')
const { createPublicKey, verify } = require('node:crypto')
const PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const MAX_KEYS = 4096
const keys = new Map()

function keyOf(raw) {
  const name = raw.toString('latin1')
  let key = keys.get(name)
  if (key !== undefined) return key
  try {
    key = createPublicKey({ key: Buffer.concat([PREFIX, raw]), format: 'der', type: 'spki' })
  } catch {
    key = null
  }
  if (keys.size === MAX_KEYS) keys.delete(keys.keys().next().value)
  keys.set(name, key)
  return key
}

parentPort.on('message', ({ bytes, count }) => {
  const results = new Uint8Array(count)
  const buffer = Buffer.from(bytes)
  let at = 0
  const take = (length) => buffer.subarray(at, (at += length))
  for (let i = 0; i < count; i++) {
    const key = keyOf(take(${KEY_BYTES}))
    const signature = take(${SIGNATURE_BYTES})
    const message = take(take(4).readUInt32BE())
    results[i] = key !== null && verify(null, message, key, signature) ? 1 : 0
  }
  parentPort.postMessage(results)
})
`

export class VerifyThread {
  readonly #worker: Worker
  /** In the order in which they are answered. */
  readonly #unanswered: Parcel[] = []
  #isClosed = false

  /** @throws where there are no threads */
  constructor(events: ThreadEvents) {
    // Nothing of how this process was started: with `--input-type=module` the code would be no CommonJS.
    this.#worker = new Worker(CODE, { eval: true, execArgv: [], name: 'edge-net signatures' })
    // Only what is to be answered keeps the process alive.
    this.#worker.unref()
    this.#worker.on('message', (results: Bytes) => {
      this.#unanswered.shift()?.answer(Array.from(results, (result) => result === 1))
      if (this.#unanswered.length === 0) this.#rest()
      events.answered()
    })
    // `exit` follows.
    this.#worker.on('error', () => undefined)
    this.#worker.on('exit', () => events.failed(this.#unanswered.splice(0)))
  }

  get unansweredCount(): number {
    return this.#unanswered.length
  }

  give(parcel: Parcel): void {
    if (this.#unanswered.push(parcel) === 1) this.#worker.ref()
    const bytes = pack(parcel.checks)
    this.#worker.postMessage({ bytes: bytes.buffer, count: parcel.checks.length }, [bytes.buffer])
  }

  /** Ends the thread when everything is answered. */
  close(): void {
    this.#isClosed = true
    if (this.#unanswered.length === 0) this.#rest()
  }

  #rest(): void {
    this.#worker.unref()
    if (this.#isClosed) void this.#worker.terminate()
  }
}

/** All in one piece, which changes hands without being copied: key 32 ‖ signature 64 ‖ message (sized u32), each. */
function pack(checks: readonly SignatureCheck[]): Bytes {
  const headBytes = KEY_BYTES + SIGNATURE_BYTES + 4
  const bytes = new Uint8Array(checks.reduce((sum, { message }) => sum + headBytes + message.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { publicKey, signature, message } of checks) {
    bytes.set(publicKey, at)
    bytes.set(signature, at + KEY_BYTES)
    view.setUint32(at + KEY_BYTES + SIGNATURE_BYTES, message.length)
    bytes.set(message, at + headBytes)
    at += headBytes + message.length
  }
  return bytes
}
