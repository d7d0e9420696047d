/**
 * The published test vectors of the ledger, computed from fixed keys. `node test/qdag/vectors.ts` writes vectors.json anew;
 * that it changes means that the ledger has changed.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes, concat, type Bytes } from '../../protocol/bytes.ts'
import { networkIdOfName } from '../../protocol/network.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { encodeBatch } from '../../client/qdag/batch.ts'
import {
  encodeBody,
  encodeEntry,
  receiptMessage,
  signedMessage,
  type Entry,
  type EntryBody,
} from '../../client/qdag/entry.ts'
import { toJsonLine } from '../../client/qdag/json-lines.ts'
import { receiptOfText, signReceipt } from '../../client/qdag/receipt.ts'
import { fixedIdentity, type FixedIdentity } from './fixed-identities.ts'
import { signEntry } from './sign-entry.ts'
import { signatureVectors } from './signature-vectors.ts'
import type { EntryVector, Vectors } from './vector-types.ts'

export const VECTORS_FILE = join(import.meta.dirname, 'vectors.json')

const [ADA, BOB, REQUESTER] = [fixedIdentity(0), fixedIdentity(32), fixedIdentity(64)]
const ISSUED_AT_MS = Date.UTC(2026, 0, 1)
const NO_CHAIN = new Uint8Array(0)

export async function computeVectors(): Promise<Vectors> {
  const networkId = await networkIdOfName('mainnet')
  const entries = await exampleEntries(networkId)
  return {
    about: 'Binary values are hexadecimal. PROTOCOL.md says what they mean.',
    network: { name: 'mainnet', id: hex(networkId) },
    identities: { ada: keysOf(ADA), bob: keysOf(BOB), requester: keysOf(REQUESTER) },
    entries: [...entries].map(([name, entry]) => ({ name, ...vectorOf(entry, networkId) })),
    batch: hex(encodeBatch([...entries.values()])),
    refusedEntries: refusedEntries(entries),
    signatures: signatureVectors(),
  }
}

/** One of each shape, and the largest and smallest values; parents first. */
async function exampleEntries(networkId: Bytes): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  const idOf = (name: string) => entries.get(name)?.id ?? networkId
  const add = async (name: string, author: FixedIdentity, content: Partial<EntryBody> & Pick<EntryBody, 'writer'>) => {
    const base = {
      seq: 0,
      prev: undefined,
      tsMs: ISSUED_AT_MS,
      computeUnits: 1_250,
      taskId: name,
      parents: [networkId],
    }
    const all = { ...base, receipt: undefined, chain: NO_CHAIN, ...content }
    entries.set(name, await signEntry(author, networkId, all))
  }
  const ofAda = { writer: writerOf(1) }
  const ofBob = { writer: writerOf(2) }
  await add('first', ADA, ofAda)
  await add('first with a chain', BOB, { ...ofBob, chain: Uint8Array.from({ length: 300 }, (_, i) => i % 256) })
  await add('on another', ADA, {
    ...ofAda,
    seq: 1,
    prev: idOf('first'),
    tsMs: ISSUED_AT_MS + 1,
    parents: [idOf('first with a chain')],
  })
  await add('on the own one for lack of others', ADA, {
    ...ofAda,
    seq: 2,
    prev: idOf('on another'),
    tsMs: ISSUED_AT_MS + 2,
    parents: [idOf('on another')],
  })
  const work = { contributor: BOB.siteId, taskId: 'on two, with a receipt', computeUnits: 99 }
  const resultHash = Buffer.from(sha256(Buffer.from('the result'))).toString('base64url')
  await add('on two, with a receipt', BOB, {
    ...ofBob,
    ...work,
    contributor: BOB.publicKey,
    seq: 1,
    prev: idOf('first with a chain'),
    tsMs: ISSUED_AT_MS + 90_000,
    parents: [idOf('on another'), idOf('on the own one for lack of others')].toSorted(compareBytes),
    receipt: receiptOfText(await signReceipt(REQUESTER, networkId, { ...work, resultHash })),
  })
  await add('the smallest values', REQUESTER, { writer: writerOf(0), tsMs: 1, computeUnits: 0, taskId: '0' })
  await add('the largest values', REQUESTER, {
    writer: writerOf(255),
    seq: 2 ** 32 - 1,
    prev: idOf('the smallest values'),
    tsMs: 2 ** 48 - 1,
    computeUnits: 2 ** 40,
    taskId: '\u{1f9ee}'.repeat(16),
    parents: [new Uint8Array(32).fill(255)],
  })
  return entries
}

function vectorOf(entry: Entry, networkId: Bytes): Omit<EntryVector, 'name'> {
  const { receipt } = entry
  return {
    body: hex(encodeBody(entry)),
    id: hex(entry.id),
    signedMessage: hex(signedMessage(networkId, entry.id)),
    ...(receipt && { receiptMessage: hex(receiptMessage(networkId, { ...entry, ...receipt })) }),
    bytes: hex(encodeEntry(entry)),
    jsonLine: toJsonLine(entry),
  }
}

/** Encoding does not look; so what is encoded here breaks a rule, and what is changed afterwards breaks the layout. */
function refusedEntries(entries: ReadonlyMap<string, Entry>): Vectors['refusedEntries'] {
  const named = (name: string) => {
    const entry = entries.get(name)
    if (!entry) throw new Error(`no entry "${name}"`)
    return entry
  }
  const [first, later, receipted] = [named('first'), named('on another'), named('on two, with a receipt')]
  const like = (entry: Entry, changes: Partial<Entry>) => encodeEntry({ ...entry, ...changes })
  const [low = NO_CHAIN, high = NO_CHAIN] = receipted.parents
  const bytes = encodeEntry(later)
  const SEQ_AT = 50
  const changed = (at: number, ...values: number[]) =>
    concat(bytes.slice(0, at), new Uint8Array(values), bytes.slice(at + 1))
  const refused: Record<string, Bytes> = {
    'another version': changed(0, 2),
    'a bit of the shape that means nothing': changed(1, (bytes[1] ?? 0) | 32),
    'three parents': like(later, { parents: [low, high, later.id].toSorted(compareBytes) }),
    'no parents': like(later, { parents: [] }),
    'parents in descending order': like(receipted, { parents: [high, low] }),
    'the same parent twice': like(receipted, { parents: [low, low] }),
    'prev beside another parent': like(receipted, { prev: low }),
    'prev in a first entry': like(later, { seq: 0 }),
    'no prev in a later one': like(first, { seq: 1 }),
    'a chain in a later one': like(later, { chain: new Uint8Array(1) }),
    'a chain of 2,049 bytes': like(first, { chain: new Uint8Array(2_049) }),
    'a number in more bytes than it needs': changed(SEQ_AT, 0x81, 0),
    'a number of 2^32': like(later, { seq: 2 ** 32 }),
    'time 0': like(later, { tsMs: 0 }),
    'time 2^48': like(later, { tsMs: 2 ** 48 }),
    'units above 2^40': like(later, { computeUnits: 2 ** 40 + 1 }),
    'a task of no bytes': like(later, { taskId: '' }),
    'a task of 65 bytes': like(later, { taskId: 'x'.repeat(65) }),
    'a task that is not UTF-8': changed(bytes.indexOf(later.taskId.charCodeAt(0), SEQ_AT + 40), 0xff),
    'a receipt by the contributor': like(receipted, {
      receipt: receipted.receipt && { ...receipted.receipt, requester: receipted.contributor },
    }),
    'a byte too few': bytes.slice(0, -1),
    'a byte too many': concat(bytes, new Uint8Array(1)),
  }
  return Object.entries(refused).map(([name, content]) => ({ name, bytes: hex(content) }))
}

function writerOf(byte: number): Bytes {
  return new Uint8Array(16).fill(byte)
}

function keysOf({ seed, publicKey }: FixedIdentity): { privateKey: string; publicKey: string } {
  return { privateKey: hex(seed), publicKey: hex(publicKey) }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

if (import.meta.main) await writeFile(VECTORS_FILE, `${JSON.stringify(await computeVectors(), null, 2)}\n`)
