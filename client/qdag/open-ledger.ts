/** `openLedger`: a network's ledger, read from where it is kept; alone, or shared by the network that it is given to. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Identity } from '../identity/identity.ts'
import type { Sha256, SharedLedger } from './api.ts'
import { networkIdOf } from './network-id.ts'
import { OpenedLedger } from './opened-ledger.ts'
import { sha256 as slowSha256 } from './sha256.ts'
import type { LedgerStore } from './store.ts'
import { MemoryStore } from './stores/memory-store.ts'
import { termsOf } from './terms.ts'
import type { Verifier } from './verifier.ts'
import { webWorkerVerifier } from './web-worker-verifier.ts'

/** What a ledger uses of a {@link MemberNetwork}. */
export interface LedgerMembership {
  /** base64url; absent behind a plain name. */
  readonly genesis: string | undefined
  /** What proves our membership now; empty when nothing needs to. */
  readonly chainBytes: Bytes
}

export interface OpenLedgerOptions {
  /** A room URL, a network's name, or its id. */
  readonly network: string
  /** Who contributes: the same that joins. Without one, the ledger can be read and shared only. */
  readonly identity?: Identity
  /** Where it is kept, or what opens that place for the network's id. Default: in memory, until it is closed. */
  readonly store?: LedgerStore | ((networkId: Bytes) => LedgerStore | Promise<LedgerStore>)
  /**
   * Of a founded network: what `openNetwork` of `edge-net/networks` gave. Its genesis says how many must confirm an entry, at
   * what pace one may contribute and, where only members may, by whom entries are taken; what proves our own membership goes
   * into our first one.
   */
  readonly membership?: LedgerMembership
  /** How many distinct other contributors must build on an entry before it is confirmed, if the genesis does not say. Default 3. */
  readonly confirmations?: number
  /** Checks signatures. Default: WebCrypto, in workers where the runtime has them. */
  readonly verifier?: Verifier
  readonly sha256?: Sha256
}

/**
 * Opens the ledger of a network.
 *
 * @throws EdgeNetError `invalid-argument`, `ledger-failed`
 * @example
 * const roomUrl = 'https://edge-net.example/n/mainnet'
 * const identity = await createIdentity()
 * const ledger = openLedger({ network: roomUrl, identity, store: (id) => IndexedDbStore.open(id) })
 * const network = await join(roomUrl, { identity, ledger })
 * await network.contribute({ taskId: 'render/frame-1', computeUnits: 1_200 })
 */
export async function openLedger(options: OpenLedgerOptions): Promise<SharedLedger> {
  const { identity, verifier = webWorkerVerifier(), sha256 = slowSha256, membership } = options
  let store: LedgerStore | undefined
  try {
    const networkId = await networkIdOf(options.network)
    store = typeof options.store === 'function' ? await options.store(networkId) : (options.store ?? new MemoryStore())
    const { confirmations } = options
    const usual = confirmations === undefined ? {} : { confirmations }
    const terms = membership?.genesis === undefined ? usual : await termsOf(membership.genesis, networkId)
    const ledger = new OpenedLedger({ networkId, identity, store, verifier, sha256, terms, membership })
    await ledger.load()
    return ledger
  } catch (error) {
    verifier.close()
    await store?.close()
    throw error
  }
}
