/** A history of really signed entries by many contributors, as a network would have made it. */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import { idOfBody, signedMessage, type Entry, type EntryBody } from '../../../client/qdag/entry.ts'
import { NO_CHAIN } from '../../../client/qdag/entry-fields.ts'
import { encodeSegment, MAX_SEGMENT_ENTRIES } from '../../../client/qdag/segment.ts'
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'

/** An entry builds on some of the latest: as many as are made in the time that one takes to reach everybody. */
const RECENT = 16
const START_MS = 1_790_000_000_000

interface Author {
  readonly contributor: Bytes
  readonly writer: Bytes
  readonly key: KeyObject
  last: Entry | undefined
}

/** Parents first. Task ids have 27 characters. */
export function signedHistory(networkId: Bytes, count: number, contributors = 200): Entry[] {
  const authors = Array.from({ length: contributors }, newAuthor)
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    const author = authors[Math.floor(Math.random() * contributors)]
    if (!author) continue
    const entry = entryBy(author, i, entries, networkId)
    author.last = entry
    entries.push(entry)
  }
  return entries
}

/** As a store keeps them. */
export function segmentsOf(entries: readonly Entry[]): Bytes[] {
  const segments: Bytes[] = []
  for (let from = 0; from < entries.length; from += MAX_SEGMENT_ENTRIES) {
    segments.push(encodeSegment(entries.slice(from, from + MAX_SEGMENT_ENTRIES), sha256))
  }
  return segments
}

function newAuthor(): Author {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  return {
    contributor: new Uint8Array(Buffer.from(x, 'base64url')),
    writer: new Uint8Array(randomBytes(16)),
    key: privateKey,
    last: undefined,
  }
}

function entryBy(
  { contributor, writer, key, last }: Author,
  number: number,
  before: readonly Entry[],
  networkId: Bytes,
): Entry {
  const drawn = [0, 1].flatMap(() => before.at(-1 - Math.floor(Math.random() * Math.min(RECENT, before.length))) ?? [])
  const others = [...new Set(drawn)].filter((entry) => entry !== last)
  const parents = others.length > 0 ? others.map(({ id }) => id).toSorted(compareBytes) : [last?.id ?? networkId]
  const body: EntryBody = {
    contributor,
    writer,
    seq: last ? last.seq + 1 : 0,
    prev: last?.id,
    tsMs: START_MS + number * 10,
    computeUnits: 100 + (number % 5_000),
    taskId: `benchmark/task/${String(number).padStart(12, '0')}`,
    parents,
    receipt: undefined,
    chain: NO_CHAIN,
  }
  const id = idOfBody(body, sha256)
  return { ...body, id, signature: new Uint8Array(sign(null, signedMessage(networkId, id), key)) }
}
