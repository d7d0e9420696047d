/** Entries that are right in everything but their signatures, which nobody checks here. Runs in browsers, too. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../../../client/qdag/api.ts'
import { idOfBody, type Entry, type EntryBody } from '../../../client/qdag/entry.ts'
import { NO_CHAIN } from '../../../client/qdag/entry-fields.ts'

export const NETWORK_ID = filled(32, 7)

/** So many bytes of one value. */
export function filled(length: number, value: number): Bytes {
  return new Uint8Array(length).fill(value)
}

/** An entry as its contributor would make it, with a signature that is none. */
export function fakeEntry(body: Partial<EntryBody>, sha256: Sha256): Entry {
  const whole: EntryBody = {
    contributor: filled(32, 1),
    writer: filled(16, 1),
    seq: 0,
    prev: undefined,
    tsMs: 1_000 + (body.seq ?? 0),
    computeUnits: 250,
    taskId: `task-${body.seq ?? 0}`,
    parents: [body.prev ?? NETWORK_ID],
    receipt: undefined,
    chain: NO_CHAIN,
    ...body,
  }
  const id = idOfBody(whole, sha256)
  // Half of it depends on the entry, so that it does not compress to nothing.
  const signature = new Uint8Array(64)
  signature.set(id)
  return { ...whole, id, signature }
}

/** A contributor and the entries that they have made: one chain, each entry building on the one before and on another. */
export class Contributor {
  readonly key: Bytes
  readonly writer: Bytes
  readonly entries: Entry[] = []
  readonly #sha256: Sha256

  constructor(number: number, sha256: Sha256) {
    this.key = filled(32, number)
    this.writer = filled(16, number)
    this.#sha256 = sha256
  }

  /** @param on somebody else's, or else the own one before */
  next(on?: Entry, body: Partial<EntryBody> = {}): Entry {
    const prev = this.entries.at(-1)
    const entry = fakeEntry(
      {
        contributor: this.key,
        writer: this.writer,
        seq: this.entries.length,
        prev: prev?.id,
        parents: [(on ?? prev)?.id ?? NETWORK_ID],
        tsMs: Math.max(prev?.tsMs ?? 0, on?.tsMs ?? 0) + 1,
        ...body,
      },
      this.#sha256,
    )
    this.entries.push(entry)
    return entry
  }
}

/** So many entries of a few contributors who build on each other, parents first. */
export function fakeEntries(count: number, sha256: Sha256, firstKey = 1): Entry[] {
  const contributors = Array.from({ length: 5 }, (_, i) => new Contributor(firstKey + i, sha256))
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    const contributor = contributors[(i * i + (i >> 3)) % contributors.length]
    const isOwn = entries.at(-1)?.contributor === contributor?.key
    const entry = contributor?.next(isOwn ? undefined : entries.at(-1))
    if (entry) entries.push(entry)
  }
  return entries
}
