/** Entries, receipts and proofs as texts: what people and programs read, keep and carry. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { encodeEntry, type EntryBody } from '../../client/qdag/entry.ts'
import { MAX_JSON_LINE_CHARACTERS } from '../../client/qdag/entry-limits.ts'
import { forkProofOf, verifyForkProof } from '../../client/qdag/fork-proof.ts'
import { fromJsonLine, toJsonLine } from '../../client/qdag/json-lines.ts'
import { receiptOfText, signReceipt, textOfReceipt } from '../../client/qdag/receipt.ts'
import { entryChecks, webCryptoVerifier } from '../../client/qdag/verifier.ts'
import { ledgerEntryOf } from '../../client/qdag/view.ts'
import { entry } from './arbitrary-entries.ts'
import { fixedIdentity } from './fixed-identities.ts'
import { signEntry } from './sign-entry.ts'

const NETWORK_ID = new Uint8Array(32).fill(9)
const [ada, bob, requester] = [fixedIdentity(0), fixedIdentity(32), fixedIdentity(64)]
const verifier = webCryptoVerifier()

const FIRST: Omit<EntryBody, 'contributor'> = {
  writer: new Uint8Array(16),
  seq: 0,
  prev: undefined,
  tsMs: 1_000,
  computeUnits: 350,
  taskId: 'task',
  parents: [NETWORK_ID],
  receipt: undefined,
  chain: new Uint8Array(0),
}

describe('a line of JSON', () => {
  test('is one line, and holds the whole entry', () => {
    fc.assert(
      fc.property(entry, (one) => {
        const line = toJsonLine(one)
        expect(line).not.toMatch(/[\r\n]/)
        expect(line.length).toBeLessThanOrEqual(MAX_JSON_LINE_CHARACTERS)
        expect(fromJsonLine(line, sha256)).toEqual(one)
      }),
    )
  })

  test('may have spaces and another order of fields', async () => {
    const one = await signEntry(ada, NETWORK_ID, FIRST)
    const fields = Object.entries(JSON.parse(toJsonLine(one)) as object).toReversed()
    expect(fromJsonLine(` ${JSON.stringify(Object.fromEntries(fields), null, 1)} `, sha256)).toEqual(one)
  })

  test('is refused with any field that is missing, unknown, of another form or untrue', async () => {
    const one = await signEntry(ada, NETWORK_ID, FIRST)
    const good = JSON.parse(toJsonLine(one)) as Record<string, unknown>
    const faultOf = (changes: object) => fromJsonLine(JSON.stringify({ ...good, ...changes }), sha256)
    expect(faultOf({})).toEqual(one)
    for (const name of Object.keys(good)) expect(faultOf({ [name]: undefined }), name).toBe('line-fields')
    const strange = [null, true, 1.5, -1, 'x', '', [], {}, 'A'.repeat(43), 2 ** 60]
    for (const name of Object.keys(good)) {
      for (const value of strange)
        expect(faultOf({ [name]: value }), `${name}: ${JSON.stringify(value)}`).toBeTypeOf('string')
    }
    for (const name of ['credits', '__proto__', 'isConfirmed', '']) {
      const line = `${JSON.stringify(good).slice(0, -1)},${JSON.stringify(name)}:1}`
      expect(fromJsonLine(line, sha256), name).toBe('line-fields')
    }
    expect(faultOf({ version: 2 })).toBe('line-fields')
    expect(faultOf({ prev: good['id'] })).toBe('entry-rules')
    expect(faultOf({ computeUnits: 351 })).toBe('entry-id')
    expect(faultOf({ id: 'A'.repeat(43) })).toBe('entry-id')
    expect(faultOf({ receipt: {} })).toBe('line-fields')
    // The spare bits of the last character are not all zero.
    expect(faultOf({ id: `${String(good['id']).slice(0, -1)}_` })).toBe('line-fields')
    expect(fromJsonLine(toJsonLine(one).replace('"seq":0', '"seq":-0'), sha256)).toBe('entry-rules')
  })

  test('is refused when it is no object, or too long to be an entry', () => {
    for (const line of ['', 'null', '1', '"x"', '{', 'undefined']) expect(fromJsonLine(line, sha256)).toBe('line-json')
    expect(fromJsonLine('[]', sha256)).toBe('line-fields')
    expect(fromJsonLine(' '.repeat(MAX_JSON_LINE_CHARACTERS + 1), sha256)).toBe('line-length')
  })
})

describe('a receipt', () => {
  const resultHash = Buffer.from(sha256(new Uint8Array([1]))).toString('base64url')
  const work = { contributor: ada.siteId, taskId: 'task', computeUnits: 350, resultHash }

  test('holds for what it was signed for, and for nothing else', async () => {
    const receipt = receiptOfText(await signReceipt(requester, NETWORK_ID, work))
    const holdsIn = async (changes: Partial<EntryBody>, author = ada, network = NETWORK_ID) => {
      const one = await signEntry(author, network, { ...FIRST, receipt, ...changes })
      return (await verifier.verify(entryChecks(one, network)))[1]
    }
    expect(await holdsIn({})).toBe(true)
    expect(await holdsIn({ taskId: 'other' })).toBe(false)
    expect(await holdsIn({ computeUnits: 351 })).toBe(false)
    expect(await holdsIn({}, bob)).toBe(false)
    expect(await holdsIn({}, ada, new Uint8Array(32))).toBe(false)
    const other = receipt && { ...receipt, resultHash: new Uint8Array(32) }
    expect(await holdsIn({ receipt: other })).toBe(false)
  })

  test('is the same as a text and as bytes', async () => {
    const text = await signReceipt(requester, NETWORK_ID, work)
    const receipt = receiptOfText(text)
    expect(receipt && textOfReceipt(receipt)).toEqual(text)
    expect(text.requester).toBe(requester.siteId)
    for (const name of ['requester', 'resultHash', 'signature'] as const) {
      expect(receiptOfText({ ...text, [name]: text[name].slice(1) })).toBeUndefined()
      expect(receiptOfText({ ...text, [name]: 7 as unknown as string })).toBeUndefined()
    }
  })

  test.each([
    ['contributor', { contributor: 'nobody' }],
    ['contributor', { contributor: requester.siteId }],
    ['resultHash', { resultHash: '' }],
    ['taskId', { taskId: '' }],
    ['taskId', { taskId: 'é'.repeat(33) }],
    ['taskId', { taskId: '\ud800' }],
    ['computeUnits', { computeUnits: 0.5 }],
    ['computeUnits', { computeUnits: 2 ** 40 + 1 }],
  ])('is not signed with a wrong %s', async (reason, wrong) => {
    const signing = signReceipt(requester, NETWORK_ID, { ...work, ...wrong })
    await expect(signing).rejects.toMatchObject({ code: 'invalid-argument', reason })
  })
})

describe('a fork proof', () => {
  test('convinces whoever checks it, in this network only', async () => {
    const [one, other] = await forked()
    const proof = forkProofOf(one, other)
    expect(forkProofOf(other, one)).toEqual(proof)
    expect(proof).toMatchObject({ contributor: ada.siteId, seq: 0 })
    expect(await isProof(proof)).toBe(true)
    expect(await verifyForkProof(proof, new Uint8Array(32), verifier, sha256)).toBe(false)
  })

  test('needs two different entries of the place that it names, in order, both signed', async () => {
    const [one, other] = await forked()
    const proof = forkProofOf(one, other)
    const [first, second] = proof.entries
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
    const elsewhere = await signEntry(ada, NETWORK_ID, { ...FIRST, writer: new Uint8Array(16).fill(1) })
    const unsigned = forkProofOf(one, { ...other, signature: one.signature })
    const wrong: unknown[] = [
      { ...proof, entries: [second, first] },
      { ...proof, entries: [first, first] },
      { ...proof, entries: [first] },
      { ...proof, entries: [first, second, second] },
      { ...proof, entries: [first, text(encodeEntry(elsewhere))].toSorted() },
      { ...proof, entries: 'no list' },
      { ...proof, entries: [1, 2] },
      { ...proof, entries: ['A'.repeat(200_000), second] },
      { ...proof, contributor: bob.siteId },
      { ...proof, writer: text(new Uint8Array(16).fill(1)) },
      { ...proof, seq: 1 },
      unsigned,
      forkProofOf(one, elsewhere),
    ]
    expect(await Promise.all(wrong.map(isProof))).not.toContain(true)
  })

  async function forked() {
    const one = await signEntry(ada, NETWORK_ID, FIRST)
    return [one, await signEntry(ada, NETWORK_ID, { ...FIRST, taskId: 'another' })] as const
  }

  function isProof(proof: unknown): Promise<boolean> {
    return verifyForkProof(proof as Parameters<typeof verifyForkProof>[0], NETWORK_ID, verifier, sha256)
  }
})

describe('what applications see of an entry', () => {
  test('is plain data, without the root', async () => {
    const first = await signEntry(ada, NETWORK_ID, FIRST)
    expect(ledgerEntryOf(first, NETWORK_ID, false)).toEqual({
      id: Buffer.from(first.id).toString('base64url'),
      contributor: ada.siteId,
      writer: 'A'.repeat(22),
      seq: 0,
      tsMs: 1_000,
      taskId: 'task',
      computeUnits: 350,
      credits: 3,
      parents: [],
      isConfirmed: false,
    })
    const next = await signEntry(ada, NETWORK_ID, { ...FIRST, seq: 1, prev: first.id, parents: [first.id] })
    const id = Buffer.from(first.id).toString('base64url')
    expect(ledgerEntryOf(next, NETWORK_ID, true)).toMatchObject({ prev: id, parents: [id], isConfirmed: true })
  })
})
