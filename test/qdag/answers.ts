/** What a runtime makes of the published vectors. Runs in Node, workerd and pages alike, so that their answers can be compared. */
import type { Bytes } from '../../protocol/bytes.ts'
import { verifySignature } from '../../protocol/hash.ts'
import { decodeBatch } from '../../client/qdag/batch.ts'
import { decodeEntry } from '../../client/qdag/entry.ts'
import { fromJsonLine } from '../../client/qdag/json-lines.ts'
import { sha256 } from '../../client/qdag/sha256.ts'
import { entryChecks, webCryptoVerifier, type SignatureCheck, type Verifier } from '../../client/qdag/verifier.ts'
import type { SignatureVector, Vectors } from './vector-types.ts'

/** All by name. */
export interface Answers {
  /** Entries that mean what they should, as bytes, in the batch and as JSON, and whose signatures hold. */
  readonly entries: readonly string[]
  readonly refusedEntries: readonly string[]
  readonly signatures: readonly string[]
  /** Signatures that the platform alone, without our rule, takes. */
  readonly withoutRule: readonly string[]
}

export async function answersTo(vectors: Vectors, verifier: Verifier = webCryptoVerifier()): Promise<Answers> {
  const networkId = fromHex(vectors.network.id)
  const batch = decodeBatch(fromHex(vectors.batch), sha256)
  const entries = vectors.entries.map(async ({ name, id, bytes, jsonLine }, i) => {
    const forms = [decodeEntry(fromHex(bytes), sha256), batch?.[i], fromJsonLine(jsonLine, sha256)]
    const holds = forms.map(async (entry) => {
      if (!entry || typeof entry === 'string' || toHex(entry.id) !== id) return false
      return (await verifier.verify(entryChecks(entry, networkId))).every((result) => result)
    })
    return (await Promise.all(holds)).every((result) => result) ? [name] : []
  })
  const checks = vectors.signatures.map(checkOf)
  const results = await verifier.verify(checks)
  const ofPlatform = await Promise.all(checks.map((of) => verifySignature(of.publicKey, of.signature, of.message)))
  const named = (held: readonly boolean[]) => vectors.signatures.flatMap(({ name }, i) => (held[i] ? [name] : []))
  return {
    entries: (await Promise.all(entries)).flat(),
    refusedEntries: vectors.refusedEntries.flatMap(({ name, bytes }) =>
      decodeEntry(fromHex(bytes), sha256) ? [] : [name],
    ),
    signatures: named(results),
    withoutRule: named(ofPlatform),
  }
}

/** What every runtime must answer. */
export function expectedAnswers(vectors: Vectors): Omit<Answers, 'withoutRule'> {
  return {
    entries: vectors.entries.map(({ name }) => name),
    refusedEntries: vectors.refusedEntries.map(({ name }) => name),
    signatures: vectors.signatures.flatMap(({ name, holds }) => (holds ? [name] : [])),
  }
}

export function checkOf({ publicKey, signature, message }: SignatureVector): SignatureCheck {
  return { publicKey: fromHex(publicKey), signature: fromHex(signature), message: fromHex(message) }
}

export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
