/**
 * What a session remembers of every peer it has had a link with, for as long as it runs: the shared keys, and which
 * sealed bytes have been opened. So nothing that was once said opens again, however often links come and go.
 */
import type { ProvenAnnouncement } from '../../protocol/announcement.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { PairKeys } from '../identity/pair-keys.ts'
import { Opener, Sealer } from '../identity/seal.ts'
import type { Session } from '../identity/session.ts'
import type { PeerKeys } from './remote-peer.ts'

/** About 2 KB each. When full, peers that are new to this session are refused: forgetting would allow replays. */
const MAX_ACQUAINTANCES = 4_096

interface Acquaintance {
  readonly keys: PairKeys
  readonly opener: Opener
  bindKey?: Promise<CryptoKey>
}

export class Acquaintances {
  readonly #session: Session
  readonly #known = new Map<PeerId, Acquaintance>()
  #incarnations = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** Keys for a new link state with a peer, and its incarnation; `undefined` when no secret can be shared with it. */
  async meet(peer: ProvenAnnouncement): Promise<PeerKeys | undefined> {
    const known = this.#known.get(peer.peerId) ?? (await this.#introduce(peer))
    if (!known) return undefined
    const { peerId, core } = this.#session
    const incarnation = ++this.#incarnations
    const direction = { network: core.network, from: peerId, to: peer.peerId }
    return {
      incarnation,
      sealer: new Sealer(known.keys, direction, incarnation),
      opener: known.opener,
      mac: async (message: Bytes) =>
        new Uint8Array(await crypto.subtle.sign('HMAC', await (known.bindKey ??= known.keys.bindKey()), message)),
    }
  }

  async #introduce(peer: ProvenAnnouncement): Promise<Acquaintance | undefined> {
    if (this.#known.size >= MAX_ACQUAINTANCES) return undefined
    const { core, peerId, privateKey } = this.#session
    const keys = await PairKeys.agree({ peerId, core }, privateKey, peer)
    if (!keys) return undefined
    // Another announcement of the same peer may have been met meanwhile: with a second opener everything would open twice.
    const known = this.#known.get(peer.peerId)
    if (known) return known
    const direction = { network: core.network, from: peer.peerId, to: peerId }
    const acquaintance = { keys, opener: new Opener(keys, direction, 0) }
    this.#known.set(peer.peerId, acquaintance)
    return acquaintance
  }
}
