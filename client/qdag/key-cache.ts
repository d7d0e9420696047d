/** Public keys as WebCrypto has imported them: importing one takes half as long as checking a signature by it. */
import type { Bytes } from '../../protocol/bytes.ts'
import { mapKeyOf } from './map-key.ts'
import { isPermittedKey } from './signature-rule.ts'

/** Contributors that are active at a time; an imported key takes a few hundred bytes. */
const MAX_KEYS = 4_096

/** `undefined`: nothing holds by it. */
export type ImportedKey = CryptoKey | undefined

export class KeyCache {
  /** The one that was used last is last. */
  readonly #keys = new Map<string, ImportedKey | Promise<ImportedKey>>()

  /** At once, once it has been imported: so that whoever has thousands of checks knows how long each takes. */
  get(publicKey: Bytes): ImportedKey | Promise<ImportedKey> {
    const name = mapKeyOf(publicKey)
    const isKnown = this.#keys.has(name)
    const key = isKnown ? this.#keys.get(name) : this.#import(name, publicKey)
    this.#keys.delete(name)
    this.#keys.set(name, key)
    const [oldest] = this.#keys.keys()
    if (this.#keys.size > MAX_KEYS && oldest !== undefined) this.#keys.delete(oldest)
    return key
  }

  clear(): void {
    this.#keys.clear()
  }

  async #import(name: string, publicKey: Bytes): Promise<ImportedKey> {
    if (!isPermittedKey(publicKey)) return undefined
    // A key that the platform refuses is an answer, not an error.
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']).catch(() => undefined)
    if (this.#keys.has(name)) this.#keys.set(name, key)
    return key
  }
}
