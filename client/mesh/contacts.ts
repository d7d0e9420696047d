/** Everybody with whom the overlay has to do, and what is noted of them: by itself that changes nobody's neighbours. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Contact } from './contact.ts'

export class Contacts {
  readonly #contacts = new Map<PeerId, Contact>()

  get(id: PeerId): Contact | undefined {
    return this.#contacts.get(id)
  }

  [Symbol.iterator](): Iterator<Contact> {
    return this.#contacts.values()
  }

  has(id: PeerId): boolean {
    return this.#contacts.has(id)
  }

  add(contact: Contact): void {
    this.#contacts.set(contact.id, contact)
  }

  delete(id: PeerId): void {
    this.#contacts.delete(id)
  }

  // ---- what is noted -----------------------------------------------------------------------------------------------

  hasLink(id: PeerId): boolean {
    const contact = this.#contacts.get(id)
    return contact !== undefined && contact.state !== 'reaching'
  }

  /** Whether somebody can be handed what is carried for others: a link that is itself carried would carry it in circles. */
  isDirect(id: PeerId): boolean {
    return this.#contacts.get(id)?.isDirect ?? false
  }

  /** Has said something that only a mesh says. */
  hasSpoken(id: PeerId): boolean {
    return this.#contacts.get(id)?.hasSpoken ?? false
  }

  spoke(id: PeerId): void {
    const contact = this.#contacts.get(id)
    if (contact) contact.hasSpoken = true
  }

  /** The path of somebody's link is a direct one, or is so no more. */
  path(id: PeerId, isDirect: boolean): void {
    const contact = this.#contacts.get(id)
    if (contact) contact.isDirect = isDirect
  }

  /** A peer with a link shows a newer announcement: others are told this one. */
  renewed(id: PeerId, announcement: Bytes): void {
    const contact = this.#contacts.get(id)
    if (contact) contact.announcement = announcement
  }

  /** The direct path to a neighbour is poor, or is so no more. */
  quality(id: PeerId, isPoor: boolean, nowMs: number): void {
    const contact = this.#contacts.get(id)
    if (contact) contact.poorSinceMs = isPoor ? (contact.poorSinceMs ?? nowMs) : undefined
  }

  /** An application uses the link. */
  used(id: PeerId, nowMs: number): void {
    const contact = this.#contacts.get(id)
    if (!contact) return
    contact.usedAtMs = nowMs
    contact.hasBeenUsed = true
  }

  // ---- how many ----------------------------------------------------------------------------------------------------

  /** On the way to become neighbours, by our wish. */
  get dialledCount(): number {
    return this.#count(({ isDialled }) => isDialled)
  }

  get askingCount(): number {
    return this.#count(({ state }) => state === 'asking')
  }

  /** With a link and nothing more. */
  get linkedCount(): number {
    return this.#count(({ state }) => state === 'linked')
  }

  #count(is: (contact: Contact) => boolean): number {
    let count = 0
    for (const contact of this.#contacts.values()) if (is(contact)) count++
    return count
  }
}
