/**
 * Which networks there are, and how large: a state machine without clock or storage of its own. Rooms report all networks;
 * listed are plain names with somebody in them, and public founded networks.
 *
 * Strangers can make up names and found networks, so there is room for the largest and for the newest, and nobody's network
 * takes the place of a larger one. A network is what its key says: the hash of its genesis, or a plain name. Its label can
 * be anything, and is never compared.
 */

export interface SizeRecord {
  readonly members: number
  readonly reportedAtMs: number
}

/** What a public founded network is listed with. */
export interface Label {
  readonly name: string
  readonly description: string
  /** `siteId`. */
  readonly creator: string
}

export interface LabelRecord extends Label {
  readonly registeredAtMs: number
  /** When somebody last joined, within a day. */
  readonly usedAtMs: number
  /** Where it was registered from; empty when unknown. */
  readonly source: string
}

/** A network in the list. Those behind plain names have no label. */
export interface Listed {
  readonly network: string
  readonly members: number
  readonly label?: Label
}

/** One storage row and some 100 bytes of memory each. */
export const MAX_KEPT_NETWORKS = 1_000
/** Founded networks that nobody is in; one row and up to 1 KB each. */
export const MAX_EMPTY_NETWORKS = 1_000
/** Of those, from one IP prefix and within the time that they are listed. */
export const MAX_EMPTY_NETWORKS_PER_SOURCE = 20
/** So long a founder sees his network before somebody has joined. */
export const EMPTY_LISTED_MS = 7 * 86_400_000
/** Longer than a day, within which a charter says again that its network is used. */
const LABEL_KEPT_MS = EMPTY_LISTED_MS + 2 * 86_400_000

export class Listing {
  readonly #sizes: Map<string, SizeRecord>
  readonly #labels: Map<string, LabelRecord>
  readonly #silentAfterMs: number

  /** @param silentAfterMs a room that has not reported for this long is no more */
  constructor(sizes: Map<string, SizeRecord>, labels: Map<string, LabelRecord>, silentAfterMs: number) {
    this.#sizes = sizes
    this.#labels = labels
    this.#silentAfterMs = silentAfterMs
  }

  /** A room's members now. */
  report(network: string, members: number, nowMs: number): void {
    if (members === 0) this.#sizes.delete(network)
    else if (this.#sizes.has(network) || this.#hasRoomFor(members, nowMs)) {
      this.#sizes.set(network, { members, reportedAtMs: nowMs })
    }
  }

  /**
   * Adds a founded network, or says that it is used again.
   *
   * @returns false when this part of the Internet has added too many that nobody is in
   */
  add(network: string, label: Label, source: string, nowMs: number): boolean {
    this.#forgetEmpty(nowMs)
    const { name, description, creator } = label
    const known = this.#labels.get(network)
    if (known) {
      this.#labels.set(network, { ...known, usedAtMs: nowMs })
      return true
    }
    const empty = [...this.#labels].filter(([other]) => !this.#sizes.has(other))
    const neighbours = empty.filter(([, other]) => other.source === source)
    if (source !== '' && neighbours.length >= MAX_EMPTY_NETWORKS_PER_SOURCE) return false
    if (empty.length >= MAX_EMPTY_NETWORKS) {
      const [oldest] = empty.toSorted(([, a], [, b]) => a.usedAtMs - b.usedAtMs)
      if (oldest) this.#labels.delete(oldest[0])
    }
    this.#labels.set(network, { name, description, creator, registeredAtMs: nowMs, usedAtMs: nowMs, source })
    return true
  }

  remove(network: string): void {
    this.#labels.delete(network)
  }

  membersOf(network: string, nowMs: number): number {
    this.#forgetSilent(nowMs)
    return this.#sizes.get(network)?.members ?? 0
  }

  /** A listed network as it is now. */
  listed(network: string, nowMs: number): Listed | undefined {
    const members = this.#sizes.get(network)?.members ?? 0
    const label = this.#labels.get(network)
    // A key that is not a plain name and has no label is a closed network.
    if (!label) return members > 0 && !network.startsWith('net-') ? { network, members } : undefined
    if (members === 0 && label.registeredAtMs + EMPTY_LISTED_MS <= nowMs) return undefined
    const { name, description, creator } = label
    return { network, members, label: { name, description, creator } }
  }

  /** All that are listed: the largest first, and of those that are as large the newest. */
  ranked(nowMs: number): Listed[] {
    this.#forgetSilent(nowMs)
    this.#forgetEmpty(nowMs)
    const age = ({ network }: Listed) => this.#labels.get(network)?.registeredAtMs ?? 0
    return [...new Set([...this.#sizes.keys(), ...this.#labels.keys()])]
      .flatMap((network) => this.listed(network, nowMs) ?? [])
      .toSorted((a, b) => b.members - a.members || age(b) - age(a) || (a.network < b.network ? -1 : 1))
  }

  /** Of all networks, listed or not. */
  totals(nowMs: number): { readonly networks: number; readonly members: number } {
    this.#forgetSilent(nowMs)
    let members = 0
    for (const record of this.#sizes.values()) members += record.members
    return { networks: this.#sizes.size, members }
  }

  /** Makes room by forgetting a smaller network. A flood of new names pushes out small networks only. */
  #hasRoomFor(members: number, nowMs: number): boolean {
    if (this.#sizes.size < MAX_KEPT_NETWORKS) return true
    this.#forgetSilent(nowMs)
    if (this.#sizes.size < MAX_KEPT_NETWORKS) return true
    let smallest: string | undefined
    let fewest = members
    for (const [network, record] of this.#sizes) {
      if (record.members >= fewest) continue
      smallest = network
      fewest = record.members
    }
    return smallest !== undefined && this.#sizes.delete(smallest)
  }

  #forgetSilent(nowMs: number): void {
    for (const [network, { reportedAtMs }] of this.#sizes) {
      if (reportedAtMs < nowMs - this.#silentAfterMs) this.#sizes.delete(network)
    }
  }

  #forgetEmpty(nowMs: number): void {
    for (const [network, { usedAtMs }] of this.#labels) {
      if (!this.#sizes.has(network) && usedAtMs + LABEL_KEPT_MS <= nowMs) this.#labels.delete(network)
    }
  }
}
