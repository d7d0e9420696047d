/** Proof that a contributor has used one number of a writer twice: two signed entries, which anybody can check. */
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { ForkProof, Sha256 } from './api.ts'
import { decodeEntry, encodeEntry, type Entry } from './entry.ts'
import { MAX_ENTRY_BYTES } from './entry-limits.ts'
import { entryChecks, type Verifier } from './verifier.ts'

const MAX_ENTRY_CHARACTERS = Math.ceil((MAX_ENTRY_BYTES * 4) / 3)

/** Of two entries of one writer with one number; the order in which they are given does not matter. */
export function forkProofOf(one: Entry, other: Entry): ForkProof {
  const [first, second] = compareBytes(one.id, other.id) < 0 ? [one, other] : [other, one]
  return { ...placeOf(first), entries: [toBase64Url(encodeEntry(first)), toBase64Url(encodeEntry(second))] }
}

/**
 * Whether a proof, from wherever it came, holds in a network: both entries are well-formed, different, of the place that
 * the proof names, and signed.
 */
export async function verifyForkProof(
  proof: ForkProof,
  networkId: Bytes,
  verifier: Verifier,
  sha256: Sha256,
): Promise<boolean> {
  if (!Array.isArray(proof.entries) || proof.entries.length !== 2) return false
  const [first, second] = proof.entries.map((text) => entryOfText(text, sha256))
  if (!first || !second || compareBytes(first.id, second.id) >= 0) return false
  if (![first, second].every((entry) => isAt(entry, proof))) return false
  const results = await verifier.verify([first, second].flatMap((entry) => entryChecks(entry, networkId)))
  return results.every((holds) => holds)
}

function placeOf({ contributor, writer, seq }: Entry): Omit<ForkProof, 'entries'> {
  return { contributor: toBase64Url(contributor), writer: toBase64Url(writer), seq }
}

function isAt(entry: Entry, proof: ForkProof): boolean {
  const place = placeOf(entry)
  return place.contributor === proof.contributor && place.writer === proof.writer && place.seq === proof.seq
}

function entryOfText(text: unknown, sha256: Sha256): Entry | undefined {
  if (typeof text !== 'string' || text.length > MAX_ENTRY_CHARACTERS) return undefined
  const bytes = fromBase64Url(text)
  return bytes && decodeEntry(bytes, sha256)
}
