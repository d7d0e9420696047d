/**
 * Who has come in with which invite. An invite is for so many identities: whoever was counted once comes in again for
 * free, on any device, and takes no further use. Uses are never given back.
 */

/** What is remembered of one invite. */
export interface InviteRecord {
  /** The memberships that it grants end with it, and so does the need to count. */
  readonly expiresAtMs: number
  /** base64url. */
  readonly identities: readonly string[]
}

export interface InviteUse {
  /** base64url of the invite's public half. */
  readonly inviteKey: string
  readonly expiresAtMs: number
  readonly uses: number
  /** base64url of the identity that comes in. */
  readonly identity: string
}

/** Of all invites of a network together, about a megabyte: four times as many as a room has places. */
export const MAX_KEPT_USES = 20_000

export class InviteUses {
  readonly #invites: Map<string, InviteRecord>

  constructor(invites: Map<string, InviteRecord>) {
    this.#invites = invites
  }

  /** Whether the identity may come in with the invite, which counts it if it has not been counted before. */
  take({ inviteKey, expiresAtMs, uses, identity }: InviteUse, nowMs: number): boolean {
    const identities = this.#invites.get(inviteKey)?.identities ?? []
    if (identities.includes(identity)) return true
    if (identities.length >= uses || !this.#hasRoom(nowMs)) return false
    this.#invites.set(inviteKey, { expiresAtMs, identities: [...identities, identity] })
    return true
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#count() < MAX_KEPT_USES) return true
    for (const [key, { expiresAtMs }] of this.#invites) if (expiresAtMs <= nowMs) this.#invites.delete(key)
    return this.#count() < MAX_KEPT_USES
  }

  #count(): number {
    let sum = 0
    for (const { identities } of this.#invites.values()) sum += identities.length
    return sum
  }
}
