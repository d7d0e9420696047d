/**
 * Checks signatures in Web Workers: Chromium checks them where it is asked, and a page that catches up with a hundred
 * thousand entries would not move for seconds.
 */
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import { ThreadVerifier } from './thread-verifier.ts'
import type { Verifier } from './verifier.ts'
import type { Port, PortEvents } from './verify-thread.ts'

/** A page has other things to do, and a phone has little memory. */
const MAX_WORKERS = 2

/**
 * What runs in a worker. As a text, because the SDK is one file, which may come from another origin than the page.
 */
const CODE = `
const MAX_KEYS = 4096
const keys = new Map()

function keyOf(raw) {
  const name = String.fromCharCode(...raw)
  let key = keys.get(name)
  if (!key) {
    key = crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']).catch(() => null)
    if (keys.size === MAX_KEYS) keys.delete(keys.keys().next().value)
    keys.set(name, key)
  }
  return key
}

async function holds(raw, signature, message) {
  const key = await keyOf(raw)
  return key !== null && crypto.subtle.verify('Ed25519', key, signature, message).catch(() => false)
}

onmessage = async ({ data: { bytes, count } }) => {
  const view = new DataView(bytes.buffer)
  const answers = []
  for (let i = 0, at = 0; i < count; i++) {
    const take = (length) => bytes.subarray(at, (at += length))
    const key = take(${KEY_BYTES})
    const signature = take(${SIGNATURE_BYTES})
    at += 4
    answers.push(holds(key, signature, take(view.getUint32(at - 4))))
  }
  postMessage(Uint8Array.from(await Promise.all(answers), Number))
}
`

/** Where no worker can be had, since a policy of the page forbids it, WebCrypto checks in the page, a little at a time. */
export function webWorkerVerifier(workerCount = MAX_WORKERS): Verifier {
  return new ThreadVerifier(openWorker, workerCount)
}

/** Of the code; never revoked, since any later worker needs it. */
let codeUrl: string | undefined

function openWorker(events: PortEvents): Port {
  codeUrl ??= URL.createObjectURL(new Blob([CODE], { type: 'text/javascript' }))
  const worker = new Worker(codeUrl, { name: 'edge-net signatures' })
  worker.addEventListener('message', ({ data }: MessageEvent<Uint8Array>) => events.answered(data))
  worker.addEventListener('error', (event) => {
    // The page's own handlers need not hear of what is dealt with.
    event.preventDefault()
    worker.terminate()
    events.ended()
  })
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    post: (parcel) => worker.postMessage(parcel, [parcel.bytes.buffer]),
    setBusy: () => undefined,
    terminate: () => worker.terminate(),
  }
}
