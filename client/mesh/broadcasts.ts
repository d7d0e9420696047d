/**
 * What a member says to all, in his own name: signed, so that nobody who passes it on can put words into another's mouth, and
 * taken once, for two minutes. In bytes: announcement (u16 length in front) · sent at u48 · kind u8 · signature 64 · data.
 */
import { concat, textOf, utf8, type Bytes } from '../../protocol/bytes.ts'
import { verifySignature } from '../../protocol/hash.ts'
import { fixed, layout, oneOf, rest, sized, uint } from '../../protocol/layout.ts'
import { MAX_ANNOUNCEMENT_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import { peerIdBytes, type PeerId } from '../../protocol/peer-id.ts'
import type { Sendable } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import { AgingMap } from './aging-map.ts'
import type { Announcements } from './announcements.ts'
import type { Judgement, MeshHost } from './api.ts'

/** What gossip takes, less an announcement with the longest chain, and the rest of the head. */
export const MAX_BROADCAST_BYTES = 12_288
/** Clocks differ, and gossip takes two seconds to the last of ten thousand. */
const MAX_AGE_MS = 120_000
/** What may come again is at most twice as old: from two minutes ahead to two minutes behind. */
const REMEMBERED_MS = 2 * MAX_AGE_MS
/** Five a second of some hundred members that talk without a pause. Who floods makes us forget, and gossip bounds him. */
const MAX_REMEMBERED = 65_536
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
  readonly #heard = new AgingMap<string, true>(MAX_REMEMBERED, REMEMBERED_MS)
  #lastSentAtMs = 0

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
    // Two that are said at once are two.
    const sentAtMs = Math.max(this.#host.nowMs(), this.#lastSentAtMs + 1)
    this.#lastSentAtMs = sentAtMs
    const unsigned = { sentAtMs, kind: typeof data === 'string' ? 'text' : 'bytes', data: bytes } as const
    const signature = await this.#host.sign(this.#signed(this.#host.peerId, unsigned))
    return BROADCAST.encode({ ...unsigned, announcement: this.#host.announcement(), signature })
  }

  /** Says what becomes of a broadcast, and hands it to the application if it is genuine and new. */
  async judge(payload: Bytes): Promise<Judgement> {
    const broadcast = BROADCAST.decode(payload)
    if (!broadcast || broadcast.data.length > MAX_BROADCAST_BYTES) return 'reject'
    const { announcement, sentAtMs, kind, signature, data } = broadcast
    const text = kind === 'text' ? textOf(data) : data
    if (text === undefined) return 'reject'
    const now = this.#host.nowMs()
    if (Math.abs(now - sentAtMs) > MAX_AGE_MS) return 'ignore'
    // Somebody whose membership is over, or is not known here yet: whoever passed it on may know otherwise.
    const member = await this.#announcements.prove(announcement)
    if (!member) return 'ignore'
    if (!(await verifySignature(member.identity, signature, this.#signed(member.id, broadcast)))) return 'reject'
    const key = `${member.id} ${sentAtMs}`
    if (member.id === this.#host.peerId || this.#heard.has(key, now)) return 'ignore'
    this.#heard.set(key, true, now)
    this.#host.heard(member, text)
    return 'accept'
  }

  #signed(from: PeerId, { sentAtMs, kind, data }: Pick<Broadcast, 'sentAtMs' | 'kind' | 'data'>): Bytes {
    const said = HEAD.encode({ sentAtMs, kind, data })
    return concat(DOMAIN, this.#host.networkId, peerIdBytes(from), said)
  }
}

async function bytesOf(data: Sendable): Promise<Bytes> {
  if (typeof data === 'string') return utf8(data)
  if (data instanceof Blob) return new Uint8Array(await data.arrayBuffer())
  // A copy: the caller may go on using it.
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0))
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
}
