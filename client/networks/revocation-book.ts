/**
 * Whom a network has removed, as far as this client has heard. The highest number wins; and since each list holds all that were
 * removed before it, no key of a genuine list is ever forgotten for another: an owner who signs two lists of one number on two
 * devices, or a host that shows an old one, lets nobody back in.
 */
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { MAX_REVOKED } from '../../protocol/limits.ts'
import type { Revocations } from '../../protocol/revocations.ts'

/** Only a founder can sign more than one list may hold, and only to fill memory: then the newest list alone counts. */
const MAX_KEPT = 4 * MAX_REVOKED

export class RevocationBook {
  /** The list with the highest number. */
  latest: Revocations | undefined
  readonly #keys = new Map<string, Bytes>()

  get keys(): readonly Bytes[] {
    return [...this.#keys.values()]
  }

  has(key: Bytes): boolean {
    return this.#keys.has(toBase64Url(key))
  }

  /** Whether a list, by its number alone, may say something new. */
  isNews(number: number): boolean {
    return number >= (this.latest?.number ?? 1)
  }

  /** Takes a genuine list. Returns the keys that it removes and that were not removed before. */
  take(list: Revocations): readonly Bytes[] {
    const added = list.keys.filter((key) => !this.has(key))
    if (list.number > (this.latest?.number ?? 0)) this.latest = list
    if (this.#keys.size + added.length > MAX_KEPT) this.#keys.clear()
    for (const key of [...(this.latest?.keys ?? []), ...list.keys]) this.#keys.set(toBase64Url(key), key)
    return added
  }

  /** Whether these are the bytes of the latest list. */
  isLatest(bytes: Bytes): boolean {
    return this.latest !== undefined && compareBytes(this.latest.bytes, bytes) === 0
  }
}
