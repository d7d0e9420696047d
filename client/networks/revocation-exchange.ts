/**
 * Peers tell each other whom the network has removed, so that no host can hide it: the list's own bytes, on a channel of
 * Edge-Net's. Whoever has become verified is told what is known here; who has an older list is answered with the newer one;
 * what is new is told to all others.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { proveRevocations, type Revocations } from '../../protocol/revocations.ts'
import type { Data, MembershipHost, Peer } from '../api.ts'
import { Timers, type Timer } from '../timers.ts'
import type { RevocationBook } from './revocation-book.ts'
import { verifyStrictly } from './strict-signature.ts'

/** Of Edge-Net's own channels (1 to 255). */
const REVOCATIONS_CHANNEL = 3
/** How often one peer's lists are looked at: a founder removes people by hand, and a signature costs 0.2 ms. */
const LOOK_PAUSE_MS = 1_000
const NUMBER_BYTES = 4

/** What a peer has said and nobody has looked at: the newest of it, since that says all. */
interface Inbox {
  waiting: { readonly peer: Peer; readonly bytes: Bytes } | undefined
  timer: Timer | undefined
}

export interface ExchangeHost {
  readonly genesis: Genesis
  readonly book: RevocationBook
  readonly network: Pick<MembershipHost, 'peers' | 'on' | 'channel' | 'blame'>
  /** A genuine list came that may be news. */
  took(list: Revocations): void
}

export class RevocationExchange {
  readonly #host: ExchangeHost
  readonly #inboxes = new Map<PeerId, Inbox>()
  readonly #timers = new Timers()
  readonly #stops: readonly (() => void)[]

  constructor(host: ExchangeHost) {
    this.#host = host
    const { network } = host
    this.#stops = [
      network.channel(REVOCATIONS_CHANNEL, ({ peer, data }) => this.#received(peer, data)),
      network.on('peer', ({ peer }) => this.#tell(peer)),
      network.on('peer-left', ({ peer }) => void this.#inboxes.delete(peer.id)),
    ]
    this.tellAll()
  }

  /** Tells everybody of the latest list. */
  tellAll(): void {
    for (const peer of this.#host.network.peers.values()) this.#tell(peer)
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.#timers.clear()
  }

  #tell(peer: Peer): void {
    const { latest } = this.#host.book
    // Whom it does not reach has left, and is told when he comes back.
    if (latest) peer.send(latest.bytes, { channel: REVOCATIONS_CHANNEL }).catch(() => undefined)
  }

  #received(peer: Peer, data: Data): void {
    if (typeof data === 'string' || data.length <= NUMBER_BYTES) return this.#blame(peer, 'revocations-malformed')
    if (this.#host.book.isLatest(data)) return
    const inbox = this.#inboxes.get(peer.id) ?? { waiting: undefined, timer: undefined }
    this.#inboxes.set(peer.id, inbox)
    const isOlder = inbox.waiting && numberIn(data) < numberIn(inbox.waiting.bytes)
    if (!isOlder) inbox.waiting = { peer, bytes: data }
    if (!inbox.timer) this.#look(inbox)
  }

  #look(inbox: Inbox): void {
    const { waiting } = inbox
    inbox.waiting = undefined
    inbox.timer = waiting && this.#timers.after(LOOK_PAUSE_MS, () => this.#look(inbox))
    if (waiting) void this.#read(waiting.peer, waiting.bytes)
  }

  async #read(peer: Peer, bytes: Bytes): Promise<void> {
    const { book, genesis } = this.#host
    if (book.isLatest(bytes)) return
    if (!book.isNews(numberIn(bytes))) return this.#tell(peer)
    const list = await proveRevocations(genesis, bytes, verifyStrictly)
    if (typeof list === 'string') this.#blame(peer, list)
    else this.#host.took(list)
  }

  #blame(peer: Peer, reason: string): void {
    this.#host.network.blame(peer, reason)
  }
}

/** A list begins with its number, big-endian. */
function numberIn(bytes: Bytes): number {
  return bytes.subarray(0, NUMBER_BYTES).reduce((sum, byte) => sum * 256 + byte, 0)
}
