/**
 * Checks signatures on Node's worker threads, with `node:crypto` and keys that are parsed once. Of all the ways that Node
 * has, this one takes the least time for each.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Bytes } from '../../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../../protocol/limits.ts'
import { ThreadVerifier } from '../../qdag/thread-verifier.ts'
import type { Verifier } from '../../qdag/verifier.ts'
import type { Port, PortEvents } from '../../qdag/verify-thread.ts'

/** Tens of thousands of entries a second: what a link brings is less. */
const MAX_THREADS = 4

/**
 * What runs in a thread. As a text, because a file of its own would not be where it is looked for once this one has been
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
  const buffer = Buffer.from(bytes.buffer)
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

/** Where no thread can be had, WebCrypto checks. */
export function workerVerifier(threadCount = Math.min(MAX_THREADS, availableParallelism())): Verifier {
  return new ThreadVerifier(openWorker, threadCount)
}

function openWorker(events: PortEvents): Port {
  // Nothing of how this process was started: with `--input-type=module` the code would be no CommonJS.
  const worker = new Worker(CODE, { eval: true, execArgv: [], name: 'edge-net signatures' })
  worker.on('message', (results: Bytes) => events.answered(results))
  // `exit` follows.
  worker.on('error', () => undefined)
  worker.on('exit', () => events.ended())
  return {
    post: (parcel) => worker.postMessage(parcel, [parcel.bytes.buffer]),
    setBusy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  }
}
