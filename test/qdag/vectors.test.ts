/** What is published stays: another implementation checks itself against vectors.json. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { workerVerifier } from '../../client/node/ledger/worker-verifier.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { decodeBatch } from '../../client/qdag/batch.ts'
import { creditsOf, decodeEntry, encodeBody, encodeEntry } from '../../client/qdag/entry.ts'
import { fromJsonLine, toJsonLine } from '../../client/qdag/json-lines.ts'
import { webCryptoVerifier, type Verifier } from '../../client/qdag/verifier.ts'
import { answersTo, checkOf, expectedAnswers, fromHex } from './answers.ts'
import type { Vectors } from './vector-types.ts'
import { computeVectors, VECTORS_FILE } from './vectors.ts'

const vectors = JSON.parse(await readFile(VECTORS_FILE, 'utf8')) as Vectors

test('the ledger is still the published one', async () => {
  expect(await computeVectors()).toEqual(vectors)
})

// Written down by hand from PROTOCOL.md, without the code under test.
test('an entry is what the page says: bytes, id and signature', () => {
  const network = Buffer.from(vectors.network.id, 'hex')
  const key = Buffer.from(vectors.identities['ada']?.publicKey ?? '', 'hex')
  const body = Buffer.concat([
    Buffer.of(1, 0b0001),
    key,
    Buffer.alloc(16, 1),
    Buffer.of(0),
    Buffer.of(0x80, 0xd0, 0xea, 0xb6, 0xb7, 0x33), // 1,767,225,600,000, seven bits at a time
    Buffer.of(0xe2, 0x09), // 1,250
    Buffer.from('\u0005first', 'latin1'),
    network,
  ])
  const id = createHash('sha256').update('edge-net/qdag/entry/1\0').update(body).digest()
  const [vector] = vectors.entries
  expect(vector?.body).toBe(body.toString('hex'))
  expect(vector?.id).toBe(id.toString('hex'))
  const signature = Buffer.from(vector?.bytes ?? '', 'hex').subarray(body.length)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
  const message = Buffer.concat([Buffer.from('edge-net/qdag/1\0'), network, id])
  expect(verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)).toBe(true)
})

describe('entries', () => {
  test.each(vectors.entries)('"$name" is the same as bytes and as JSON', ({ bytes, body, id, jsonLine }) => {
    const entry = decodeEntry(fromHex(bytes), sha256)
    if (!entry) throw new Error('refused')
    expect(Buffer.from(entry.id).toString('hex')).toBe(id)
    expect(encodeEntry(entry)).toEqual(fromHex(bytes))
    expect(encodeBody(entry)).toEqual(fromHex(body))
    expect(toJsonLine(entry)).toBe(jsonLine)
    expect(fromJsonLine(jsonLine, sha256)).toEqual(entry)
  })

  test('are in the batch, in their order', () => {
    const entries = vectors.entries.map(({ bytes }) => decodeEntry(fromHex(bytes), sha256))
    expect(decodeBatch(fromHex(vectors.batch), sha256)).toEqual(entries)
  })

  test.each(vectors.refusedEntries)('do not have $name', ({ bytes }) => {
    expect(decodeEntry(fromHex(bytes), sha256)).toBeUndefined()
  })

  test('claim a credit for each hundred whole units', () => {
    expect([0, 99, 100, 1_250, 2 ** 40].map(creditsOf)).toEqual([0, 0, 1, 12, 10_995_116_277])
  })
})

describe('signatures', () => {
  const verifiers: [string, () => Verifier][] = [
    ['WebCrypto', webCryptoVerifier],
    ['worker threads', workerVerifier],
  ]

  test.each(verifiers)('hold as published, asked of %s', async (_, make) => {
    const verifier = make()
    expect(await answersTo(vectors, verifier)).toMatchObject(expectedAnswers(vectors))
    // So many that they go to threads.
    const many = Array.from({ length: 5 }, () => vectors.signatures).flat()
    expect(await verifier.verify(many.map(checkOf))).toEqual(many.map(({ holds }) => holds))
    verifier.close()
  })
})
