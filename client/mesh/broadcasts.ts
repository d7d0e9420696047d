/**
 * What a member says to all, in his own name: signed, so that nobody who passes it on can put words into another's mouth, and
 * taken once, for two minutes. In bytes: announcement (u16 length in front) · sent at u48 · kind u8 · signature 64 · data.
 *
 * Whether something is to blame on whoever passed it on is judged alike by all: by its bytes, and by the strict rule for
 * signatures. What peers may judge differently, as membership and the age of something, is ignored.
 */
import { compareBytes, concat, textOf, utf8, type Bytes } from '../../protocol/bytes.ts'
import { decodeAnnouncement } from '../../protocol/announcement.ts'
import { fixed, layout, oneOf, rest, sized, uint } from '../../protocol/layout.ts'
import { MAX_ANNOUNCEMENT_BYTES, SIGNATURE_BYTES, TICKET_CLOCK_TOLERANCE_MS } from '../../protocol/limits.ts'
import { peerIdBytes, type PeerId } from '../../protocol/peer-id.ts'
import type { Sendable } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import { verifyStrictly } from '../networks/strict-signature.ts'
import type { Announcements } from './announcements.ts'
import type { Judgement, MeshHost, ProvenMember } from './api.ts'
import { HeardBefore } from './heard-before.ts'

/** What gossip takes, less an announcement with the longest chain, and the rest of the head. */
export const MAX_BROADCAST_BYTES = 12_288
/** Gossip takes two seconds to the last of ten thousand, and clocks differ. */
const MAX_AGE_MS = 120_000
/** What a neighbour that says as much as gossip allows says in the time that something may come: 200 a second, three minutes. */
const MAX_REMEMBERED = 36_000
/** Broadcasts of those about whom the application has not decided: 768 KiB. It may ask people, and they may have gone. */
const MAX_UNDECIDED = 64
const DOMAIN = utf8('edge-net/broadcast/1\0')

interface Broadcast {
  readonly announcement: Bytes
  readonly sentAtMs: number
  readonly kind: 'text' | 'bytes'
  readonly signature: Bytes
  readonly data: Bytes
}

const BROADCAST = layout<Broadcast>({
  announcement: sized(2, MAX_ANNOUNCEMENT_BYTES),
  sentAtMs: uint(6),
  kind: oneOf(['text', 'bytes']),
  signature: fixed(SIGNATURE_BYTES),
  data: rest,
})

/** What is signed, after the domain, the network and the speaker. */
const HEAD = layout<Pick<Broadcast, 'sentAtMs' | 'kind' | 'data'>>({
  sentAtMs: uint(6),
  kind: oneOf(['text', 'bytes']),
  data: rest,
})

export class Broadcasts {
  readonly #host: MeshHost
  readonly #announcements: Announcements
  readonly #heard = new HeardBefore(MAX_REMEMBERED, MAX_AGE_MS, TICKET_CLOCK_TOLERANCE_MS)
  #lastSentAtMs = 0
  #undecided = 0

  constructor(host: MeshHost, announcements: Announcements) {
    this.#host = host
    this.#announcements = announcements
  }

  /** What to publish so that everybody hears this from us. */
  async encode(data: Sendable): Promise<Bytes> {
    const bytes = await bytesOf(data)
    if (bytes.length > MAX_BROADCAST_BYTES) {
      const message = `A broadcast of ${bytes.length} bytes is too long for a mesh.`
      const hint = `Say at most ${MAX_BROADCAST_BYTES} bytes to all, and send what is longer to peers.`
      throw new EdgeNetError('message-too-large', 'broadcast', message, hint)
    }
    const nowMs = Math.floor(this.#host.nowMs())
    // The clock may have been set back: what is further ahead nobody hears, nor remembers.
    if (this.#lastSentAtMs - nowMs >= TICKET_CLOCK_TOLERANCE_MS) this.#lastSentAtMs = 0
    // Two that are said at once are two.
    const sentAtMs = Math.max(nowMs, this.#lastSentAtMs + 1)
    this.#lastSentAtMs = sentAtMs
    const unsigned = { sentAtMs, kind: typeof data === 'string' ? 'text' : 'bytes', data: bytes } as const
    const signature = await this.#host.sign(this.#signed(this.#host.peerId, unsigned))
    return BROADCAST.encode({ ...unsigned, announcement: this.#host.announcement(), signature })
  }

  /**
   * Says what becomes of a broadcast, and hands it to the application if it is genuine and new.
   *
   * @param origin whose voice it takes: nobody speaks at another's expense
   */
  async judge(payload: Bytes, origin: PeerId): Promise<Judgement> {
    const broadcast = BROADCAST.decode(payload)
    if (!broadcast || broadcast.data.length > MAX_BROADCAST_BYTES) return 'reject'
    const { announcement, sentAtMs, kind, signature, data } = broadcast
    const words = kind === 'text' ? textOf(data) : data.slice()
    const core = decodeAnnouncement(announcement)?.core
    if (words === undefined || !core || compareBytes(core.network, this.#host.networkId) !== 0) return 'reject'
    const member = await this.#announcements.prove(announcement)
    if (!member) return 'ignore'
    if (member.id !== origin) return 'reject'
    if (member.id === this.#host.peerId) return 'ignore'
    // Looked at before the signature, which costs more, and again after it: the same may have come twice meanwhile.
    if (this.#heard.has(member.id, sentAtMs, this.#host.nowMs())) return 'ignore'
    if (!(await verifyStrictly(member.identity, signature, this.#signed(member.id, broadcast)))) return 'reject'
    if (!this.#heard.take(member.id, sentAtMs, this.#host.nowMs())) return 'ignore'
    void this.#hear(member, announcement, words)
    return 'accept'
  }

  /** Whoever is not to be heard here is passed on all the same: others may want to hear him. */
  async #hear(member: ProvenMember, announcement: Bytes, words: string | Bytes): Promise<void> {
    const deciding = this.#announcements.isAuthorized(member, announcement)
    // Whoever is decided about waits for nobody: what is settled comes first in a race.
    let isHeard = await Promise.race([deciding, Promise.resolve(undefined)])
    if (isHeard === undefined) {
      if (this.#undecided >= MAX_UNDECIDED) return
      this.#undecided++
      isHeard = await deciding
      this.#undecided--
    }
    if (isHeard) this.#host.heard(member, words)
  }

  #signed(from: PeerId, { sentAtMs, kind, data }: Pick<Broadcast, 'sentAtMs' | 'kind' | 'data'>): Bytes {
    const said = HEAD.encode({ sentAtMs, kind, data })
    return concat(DOMAIN, this.#host.networkId, peerIdBytes(from), said)
  }
}

async function bytesOf(data: Sendable): Promise<Bytes> {
  const isSendable =
    typeof data === 'string' || data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data)
  if (!isSendable) {
    throw new EdgeNetError('invalid-argument', 'data', 'A broadcast is a string, bytes or a Blob.', 'Encode it first.')
  }
  if (typeof data === 'string') return utf8(data)
  if (data instanceof Blob) return new Uint8Array(await data.arrayBuffer())
  // A copy: the caller may go on using it.
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0))
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
}
