/** The page's part of the catch-up bench: both ledgers in one page, and the loop that only verifies. */
import { signedMessage, type Entry } from '../../../client/qdag/entry.ts'
import { networkIdOf } from '../../../client/qdag/network-id.ts'
import { openLedger } from '../../../client/qdag/open-ledger.ts'
import { decodeSegment } from '../../../client/qdag/segment.ts'
import { sha256 } from '../../../client/qdag/sha256.ts'
import { MemoryPlace, MemoryStore } from '../../../client/qdag/stores/memory-store.ts'
import { loopback } from '../../qdag/support/loopback.ts'

const NETWORK = 'catch-up'
const AT_A_TIME = 256
const LOOK_MS = 2

const place = new MemoryPlace()
let entries: Entry[] = []
let longestTaskMs = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, duration)
}).observe({ type: 'longtask' })

globalThis.catchUpPage = {
  async load(urls) {
    const bodies = await Promise.all(urls.map(async (url) => (await fetch(url)).arrayBuffer()))
    place.segments.push(...bodies.map((body) => new Uint8Array(body)))
    entries = place.segments.flatMap((segment) => decodeSegment(segment, sha256) ?? [])
  },
  async ours() {
    const source = await openLedger({ network: NETWORK, store: new MemoryStore(place) })
    const receiver = await openLedger({ network: NETWORK })
    await rest()
    const startedMs = performance.now()
    const wire = loopback(source, receiver)
    while (receiver.statistics().entries < entries.length) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const ms = performance.now() - startedMs
    wire.part()
    await pause()
    const found = { ms, longestTaskMs }
    await Promise.all([source.close(), receiver.close()])
    return found
  },
  async control() {
    const networkId = await networkIdOf(NETWORK)
    const keys = new Map<string, CryptoKey>()
    for (const { contributor } of entries) {
      const name = contributor.join()
      if (keys.has(name)) continue
      keys.set(name, await crypto.subtle.importKey('raw', contributor, 'Ed25519', false, ['verify']))
    }
    const ready = entries.map(({ contributor, id, signature }) => {
      const key = keys.get(contributor.join())
      if (!key) throw new Error('no key')
      return { key, signature, message: signedMessage(networkId, id) }
    })
    await rest()
    const startedMs = performance.now()
    for (let from = 0; from < ready.length; from += AT_A_TIME) {
      const some = ready.slice(from, from + AT_A_TIME)
      const results = await Promise.all(
        some.map(({ key, signature, message }) => crypto.subtle.verify('Ed25519', key, signature, message)),
      )
      if (!results.every(Boolean)) throw new Error('a signature does not hold')
    }
    return { ms: performance.now() - startedMs, longestTaskMs: 0 }
  },
}

const PAUSE_MS = 200

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}

/** What came before is not to be counted. */
async function rest(): Promise<void> {
  await pause()
  longestTaskMs = 0
}
