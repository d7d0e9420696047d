/** Histories of a ledger as honest contributors make them, with signatures that only {@link isGenuine} checks. */
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import { encodeBody, entryId, type Entry, type EntryBody } from '../../../client/qdag/entry.ts'
import { concat, compareBytes, utf8, type Bytes } from '../../../protocol/bytes.ts'
import type { Random } from '../../sim/random.ts'

export const NETWORK_ID = sha256(utf8('a network of the tests of sync'))
export const START_MS = 1_790_000_000_000
const NO_CHAIN: Bytes = new Uint8Array(0)

/** The entry of this body, with what stands for its contributor's signature. */
export function signed(body: EntryBody): Entry {
  const id = entryId(encodeBody(body), sha256)
  return { ...body, id, signature: signatureOf(body.contributor, id) }
}

export function isGenuine({ contributor, id, signature }: Entry): boolean {
  return compareBytes(signature, signatureOf(contributor, id)) === 0
}

function signatureOf(contributor: Bytes, id: Bytes): Bytes {
  const half = sha256(concat(contributor, id))
  return concat(half, half)
}

/** Somebody who contributes. */
export class Contributor {
  readonly key: Bytes
  readonly writer: Bytes
  readonly name: string
  #last: Entry | undefined

  constructor(name: string) {
    this.name = name
    this.key = sha256(utf8(name))
    this.writer = sha256(this.key).slice(0, 16)
  }

  /** The next entry, that builds on these besides the own one before. */
  write(on: readonly Entry[], body: Partial<EntryBody> = {}): Entry {
    const prev = this.#last
    const others = [...new Set(on)].filter((entry) => entry !== prev).slice(0, 2)
    const seq = prev ? prev.seq + 1 : 0
    const parents = others.length > 0 ? others.map(({ id }) => id).toSorted(compareBytes) : [prev?.id ?? NETWORK_ID]
    const entry = signed({
      contributor: this.key,
      writer: this.writer,
      seq,
      prev: prev?.id,
      tsMs: Math.max(START_MS, prev?.tsMs ?? 0, ...others.map(({ tsMs }) => tsMs)) + 1,
      computeUnits: 1_000 + seq,
      taskId: `${this.name} does ${seq}`,
      parents,
      receipt: undefined,
      chain: NO_CHAIN,
      ...body,
    })
    this.#last = entry
    return entry
  }
}

/** How many entries are made before one that was made is heard of by others: it keeps the tips at about as many. */
const LAG = 8

/** A group that writes at the same time, each building on what it has heard of. */
export class Group {
  readonly #contributors: readonly Contributor[]
  readonly #random: Random
  readonly #unheard: Entry[] = []
  #tips: Entry[] = []

  constructor(members: readonly string[], random: Random, tips: readonly Entry[] = []) {
    this.#contributors = members.map((name) => new Contributor(name))
    this.#random = random
    this.#tips = [...tips]
  }

  write(count: number): Entry[] {
    return Array.from({ length: count }, () => this.#next())
  }

  /** What nobody has built on. */
  get tips(): readonly Entry[] {
    return [...this.#tips, ...this.#unheard]
  }

  #next(): Entry {
    const author = this.#random.pick(this.#contributors)
    const on = [this.#draw(), this.#draw()].filter((entry) => entry !== undefined)
    const entry = author.write(on)
    this.#tips = this.#tips.filter((tip) => !on.includes(tip) && compareBytes(tip.id, entry.prev ?? NETWORK_ID) !== 0)
    const own = this.#unheard.findIndex((tip) => compareBytes(tip.id, entry.prev ?? NETWORK_ID) === 0)
    if (own >= 0) this.#unheard.splice(own, 1)
    this.#unheard.push(entry)
    if (this.#unheard.length > LAG) this.#tips.push(...this.#unheard.splice(0, 1))
    return entry
  }

  #draw(): Entry | undefined {
    return this.#tips.length > 0 ? this.#random.pick(this.#tips) : undefined
  }
}

export function names(count: number, prefix = 'contributor'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix} ${i}`)
}
