/**
 * What a page runs in tests of the browser's store: the promises of all stores, and a ledger in a database, whose peers are
 * the other tabs: they hear of each other's entries by a broadcast channel. Nothing is signed.
 */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../../client/errors.ts'
import { decodeEntry, encodeEntry, type Entry } from '../../client/qdag/entry.ts'
import { sha256 } from '../../client/qdag/sha256.ts'
import { IndexedDbStore } from '../../client/qdag/stores/indexed-db-store.ts'
import { fakeEntries, filled } from '../qdag/support/fake-entries.ts'
import { KeptLedger } from '../qdag/support/kept-ledger.ts'
import { STORE_PROMISES } from '../qdag/support/store-acceptance.ts'

export interface Made {
  readonly writer: string
  readonly seq: number
  readonly id: string
}

export interface TabState {
  readonly size: number
  readonly digest: string
  readonly isKeeper: boolean
  readonly storedLength: number
  readonly loaded: number
  readonly damagedSegments: number
  readonly forks: number
  readonly unsettled: number
  readonly errors: readonly string[]
}

let kept: KeptLedger | undefined
let tabs: BroadcastChannel | undefined

const ledgerPage = {
  /** Holds the browser's store to one promise; the failure as text, if it fails. */
  async keeps(promise: string): Promise<string | undefined> {
    const networkId = crypto.getRandomValues(new Uint8Array(32))
    const stores: IndexedDbStore[] = []
    const open = async () => {
      const store = await IndexedDbStore.open(networkId)
      stores.push(store)
      return store
    }
    try {
      await STORE_PROMISES[promise]?.({ open })
      return undefined
    } catch (error) {
      return String(error)
    } finally {
      for (const store of stores) await store.close()
    }
  },

  /** Opens the ledger with this number in this tab. */
  async open(network: number): Promise<void> {
    tabs = new BroadcastChannel(`peers of ${network}`)
    const store = await IndexedDbStore.open(filled(32, network))
    kept = await KeptLedger.open({
      store,
      sha256,
      after: (delayMs, act) => setTimeout(act, delayMs),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    })
    tabs.addEventListener('message', ({ data }) => {
      const entry = decodeEntry(data as Bytes, sha256)
      if (!entry || !kept) return
      kept.hear([entry])
      void kept.own.seen([entry])
    })
  },

  /** Makes so many own entries. `told` hears of each when it is kept. */
  async contribute(count: number, told?: (made: Made) => unknown): Promise<Made[]> {
    const all: Made[] = []
    for (let i = 0; i < count; i++) {
      const made = await contributeOne()
      if (told) await told(made)
      all.push(made)
    }
    return all
  },

  /** Hears of so many entries of others. */
  hear(count: number, firstKey: number): void {
    const entries = fakeEntries(count, sha256, firstKey)
    for (let i = 0; i < count; i += 100) kept?.hear(entries.slice(i, i + 100))
  },

  /** Tells the other tabs everything, as a sync would. */
  async share(): Promise<void> {
    if (!kept) return
    const indexes = Array.from({ length: kept.log.length }, (_, i) => i)
    for await (const entries of kept.log.read(indexes)) for (const entry of entries) tell(entry)
    kept.own.settle()
  },

  state(): TabState {
    if (!kept) throw new Error('no ledger is open')
    const { ledger, log, own, report, errors } = kept
    return {
      size: ledger.size,
      digest: toBase64Url(ledger.stateDigest()),
      isKeeper: log.isKeeper,
      storedLength: log.storedLength,
      loaded: report.entries,
      damagedSegments: report.damagedSegments,
      forks: ledger.forks().length,
      unsettled: own.unsettledCount,
      errors: errors.map(({ reason }) => reason),
    }
  },

  /** The ids of all entries. */
  ids(): string[] {
    const size = kept?.ledger.size ?? 0
    return Array.from({ length: size }, (_, i) => (kept ? toBase64Url(kept.ledger.idOf(i)) : ''))
  },

  /** Why opening a ledger, or contributing, fails. */
  async reason(act: 'open' | 'contribute', number: number): Promise<string> {
    try {
      await ledgerPage[act](number)
      return 'it did not fail'
    } catch (error) {
      return error instanceof EdgeNetError ? error.reason : String(error)
    }
  },

  flush: async () => kept?.log.flush(),
  close: async () => kept?.close(),
}

async function contributeOne(): Promise<Made> {
  if (!kept) throw new Error('no ledger is open')
  const entry = await kept.contribute()
  tell(entry)
  return { writer: toBase64Url(entry.writer), seq: entry.seq, id: toBase64Url(entry.id) }
}

function tell(entry: Entry): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none, a window has
  tabs?.postMessage(encodeEntry(entry))
}

export type LedgerPage = typeof ledgerPage
Object.assign(globalThis, { ledgerPage })
