/**
 * What stands on a relay: sealed records under names that only those who know the network id can make. A relay sees neither
 * the network nor who writes to whom; it sees how much, when and from which address.
 *
 *     name = first 16 bytes of HMAC-SHA-256(name key, label · parts), base64url
 *     record = base64url(nonce 12 · AES-256-GCM(version u8 · kind u8 · from 16 · issued u48 · body))
 *
 * Both keys are HKDF-SHA-256 of the network id. Soul and slot are bound to the record as additional data, so that it opens
 * nowhere else. Whoever knows the network id can write what opens: announcement and seal of the link prove who somebody is.
 */
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from '../../../protocol/bytes.ts'
import { PEER_ID, type EnvelopeKind } from '../../../protocol/envelope.ts'
import { layout, oneOf, rest, uint } from '../../../protocol/layout.ts'
import { peerIdBytes, type PeerId } from '../../../protocol/peer-id.ts'
import { BUCKET_MS, CLOCK_TOLERANCE_MS, MAIL_LIFE_MS, MAX_RECORD_CHARACTERS, PRESENCE_LIFE_MS } from './limits.ts'

/**
 * `presence`, `answer`: the body is an announcement, of one who misses somebody, or who is there for those who do. The others are
 * envelopes to the owner of the mailbox.
 */
export type RecordKind = PresenceKind | MailKind
export type PresenceKind = 'presence' | 'answer'
export type MailKind = Exclude<EnvelopeKind, 'relay'>

export interface GunRecord {
  readonly kind: RecordKind
  readonly from: PeerId
  /** When it was written; a writer never uses the same time twice. */
  readonly issuedAtMs: number
  readonly body: Bytes
}

/** Where a record stands: a node of Gun's graph, and a key in it. */
export interface Place {
  readonly soul: string
  readonly slot: string
}

const VERSION = 1
const LAYOUT = layout<{ version: number } & GunRecord>({
  version: uint(1),
  kind: oneOf<RecordKind>(['presence', 'signal', 'intro', 'who', 'answer']),
  from: PEER_ID,
  issuedAtMs: uint(6),
  body: rest,
})
const NONCE_BYTES = 12
const NAME_BYTES = 16
const BUCKET = uint(6)
const RING = uint(1)

export function isPresence(kind: RecordKind): kind is PresenceKind {
  return kind === 'presence' || kind === 'answer'
}

/** The hour that a time is in. */
export function bucketOf(timeMs: number): number {
  return Math.floor(timeMs / BUCKET_MS)
}

/** The hours that members write to now, by clocks that differ from ours as much as they may: one, or two near the full hour. */
export function bucketsAround(timeMs: number): readonly number[] {
  const first = bucketOf(timeMs - CLOCK_TOLERANCE_MS)
  const last = bucketOf(timeMs + CLOCK_TOLERANCE_MS)
  return first === last ? [first] : [first, last]
}

/** Whether a record is of now, by clocks that differ as much as they may. */
export function isCurrent({ kind, issuedAtMs }: Pick<GunRecord, 'kind' | 'issuedAtMs'>, nowMs: number): boolean {
  const lifeMs = isPresence(kind) ? PRESENCE_LIFE_MS : MAIL_LIFE_MS
  const ageMs = nowMs - issuedAtMs
  return ageMs >= -CLOCK_TOLERANCE_MS && ageMs < lifeMs + CLOCK_TOLERANCE_MS
}

/** Names and seals of one network. */
export class Records {
  readonly #nameKey: CryptoKey
  readonly #sealKey: CryptoKey

  private constructor(nameKey: CryptoKey, sealKey: CryptoKey) {
    this.#nameKey = nameKey
    this.#sealKey = sealKey
  }

  static async of(networkId: Bytes): Promise<Records> {
    const secret = await crypto.subtle.importKey('raw', networkId, 'HKDF', false, ['deriveKey'])
    const derive = (info: string, kind: AesKeyGenParams | HmacKeyGenParams, uses: KeyUsage[]) => {
      const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: utf8(info) }
      return crypto.subtle.deriveKey(how, secret, kind, false, uses)
    }
    const [nameKey, sealKey] = await Promise.all([
      derive('edge-net/gun/1/name', { name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign']),
      derive('edge-net/gun/1/seal', { name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']),
    ])
    return new Records(nameKey, sealKey)
  }

  /** The node where the members of an hour show themselves. */
  presenceSoul(bucket: number): Promise<string> {
    return this.#name('presence', BUCKET.put(bucket))
  }

  /** The node where envelopes to a peer stand in an hour. */
  mailboxSoul(to: PeerId, bucket: number): Promise<string> {
    return this.#name('mailbox', peerIdBytes(to), BUCKET.put(bucket))
  }

  async presencePlace(from: PeerId, bucket: number): Promise<Place> {
    const [soul, slot] = await Promise.all([
      this.presenceSoul(bucket),
      this.#name('member', peerIdBytes(from), BUCKET.put(bucket)),
    ])
    return { soul, slot }
  }

  /** @param ring which of the slots of this pair */
  async mailPlace(from: PeerId, to: PeerId, ring: number, bucket: number): Promise<Place> {
    const [soul, slot] = await Promise.all([
      this.mailboxSoul(to, bucket),
      this.#name('mail', peerIdBytes(from), peerIdBytes(to), RING.put(ring), BUCKET.put(bucket)),
    ])
    return { soul, slot }
  }

  async seal(place: Place, record: GunRecord): Promise<string> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const plain = LAYOUT.encode({ version: VERSION, ...record })
    const sealed = await crypto.subtle.encrypt(cipherOf(nonce, place), this.#sealKey, plain)
    return toBase64Url(concat(nonce, new Uint8Array(sealed)))
  }

  /** The record in a text that stands at this place, or `undefined` when it is none of this network's. */
  async open(place: Place, text: string): Promise<GunRecord | undefined> {
    const bytes = text.length > MAX_RECORD_CHARACTERS ? undefined : fromBase64Url(text)
    if (!bytes || bytes.length <= NONCE_BYTES) return undefined
    const nonce = bytes.slice(0, NONCE_BYTES)
    try {
      const plain = await crypto.subtle.decrypt(cipherOf(nonce, place), this.#sealKey, bytes.slice(NONCE_BYTES))
      const fields = LAYOUT.decode(new Uint8Array(plain))
      if (fields?.version !== VERSION) return undefined
      const { version: _, body, ...record } = fields
      return { ...record, body: body.slice() }
    } catch {
      // Rubbish, another network's, or moved here from elsewhere: that is an answer, not an error.
      return undefined
    }
  }

  async #name(label: string, ...parts: Bytes[]): Promise<string> {
    const name = await crypto.subtle.sign('HMAC', this.#nameKey, concat(utf8(`${label}\0`), ...parts))
    return toBase64Url(new Uint8Array(name).slice(0, NAME_BYTES))
  }
}

function cipherOf(iv: Bytes, { soul, slot }: Place): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: utf8(`${soul}/${slot}`) }
}
