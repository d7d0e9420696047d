/** A ledger as applications use it: what they ask in texts and plain data, over the shell that keeps and shares it. */
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { EdgeNetError } from '../errors.ts'
import { Emitter, type ListenOptions } from '../events.ts'
import type {
  Contribution,
  ContributorStatistics,
  EntryFilter,
  ForkProof,
  ImportReport,
  LedgerEntry,
  LedgerEvents,
  LedgerNetwork,
  LedgerStatistics,
  SharedLedger,
  SyncState,
  VerifyReport,
} from './api.ts'
import type { Entry } from './entry.ts'
import { ID_BYTES } from './entry-limits.ts'
import { forkProofOf } from './fork-proof.ts'
import { toJsonLine } from './json-lines.ts'
import { ownEntry } from './own-entry.ts'
import { LedgerShell, random, type ShellOptions } from './shell.ts'
import { importLines, verifyAll } from './transfer.ts'
import { ledgerEntryOf } from './view.ts'

/** Of Edge-Net's own channels (1 to 255). */
const LEDGER_CHANNEL = 2
/** Nobody has to listen. */
const MAX_UNTOLD = 8

export class OpenedLedger implements SharedLedger {
  readonly #shell: LedgerShell
  readonly #options: ShellOptions
  readonly #emitter = new Emitter<LedgerEvents>((error, type) => this.#handlerFailed(error, type))
  /** How many listen to each type, or did. */
  readonly #listeners = new Map<keyof LedgerEvents, number>()
  /** What failed before anybody could listen: while the ledger was opened. */
  readonly #untold: EdgeNetError[] = []
  #closing: Promise<void> | undefined

  constructor(options: ShellOptions) {
    this.#options = options
    this.#shell = new LedgerShell(options, {
      solid: (entries, firstIndex, confirmed, forked) => this.#solid(entries, firstIndex, confirmed, forked),
      sync: (peerId, state) => this.#emitter.emit('sync', { peerId, state }),
      failed: (error) => this.#failed(error),
    })
  }

  load(): Promise<void> {
    return this.#shell.load()
  }

  attach(network: LedgerNetwork): void {
    const shell = this.#shell
    const carry = (peer: string, bytes: Bytes) => network.send(peer as PeerId, bytes, { channel: LEDGER_CHANNEL })
    shell.connect(carry, network.gossip)
    network.channel(LEDGER_CHANNEL, ({ peer, data }) => {
      // No ledger sends texts: an empty message is malformed, too.
      shell.message(peer.id, typeof data === 'string' ? NOTHING : data)
    })
    network.on('peer', ({ peer }) => shell.peerUp(peer.id))
    network.on('peer-left', ({ peer }) => shell.peerDown(peer.id))
    for (const id of network.peers.keys()) shell.peerUp(id)
  }

  flush(): void {
    this.#shell.flush()
  }

  suspend(): void {
    this.#shell.suspend()
  }

  resume(): void {
    this.#shell.resume()
  }

  async contribute(contribution: Contribution): Promise<LedgerEntry> {
    const { identity, networkId, sha256, verifier, terms, membership } = this.#options
    const { ledger, own } = this.#shell
    if (this.#closing) throw closedError()
    const signer = own && identity ? identity : raiseNoIdentity()
    const entry = await own?.write((next) =>
      ownEntry({
        contribution,
        next,
        identity: signer,
        ledger,
        networkId,
        sha256,
        verifier,
        terms,
        membership,
        random,
        wallMs: this.#shell.wallMs,
      }),
    )
    if (!entry) throw closedError()
    this.#shell.say(entry)
    return this.#view(entry)
  }

  async *entries({ contributor, ...filter }: EntryFilter = {}): AsyncIterableIterator<LedgerEntry> {
    const key = contributor === undefined ? undefined : keyOf(contributor)
    const indexes = this.#shell.ledger.indexesOf({ ...filter, ...(key && { contributor: key }) })
    for await (const entries of this.#shell.log.read(indexes)) {
      for (const entry of entries) {
        // Tasks are told apart by a part of their hash, which two may share.
        if (filter.taskId === undefined || entry.taskId === filter.taskId) yield this.#view(entry)
      }
    }
  }

  async entry(id: string): Promise<LedgerEntry | undefined> {
    const bytes = fromBase64Url(id)
    const index = bytes?.length === ID_BYTES ? this.#shell.ledger.indexOf(bytes) : -1
    if (index < 0) return undefined
    const [entry] = await this.#read([index])
    return entry && this.#view(entry)
  }

  async recent(count: number): Promise<readonly LedgerEntry[]> {
    const { size } = this.#shell.ledger
    const from = Math.max(0, size - Math.max(0, Math.floor(count)))
    const entries = await this.#read(Array.from({ length: size - from }, (_, i) => from + i))
    return entries.map((entry) => this.#view(entry))
  }

  contributor(siteId: string): ContributorStatistics | undefined {
    return this.#shell.ledger.contributor(keyOf(siteId))
  }

  contributors(): readonly ContributorStatistics[] {
    return this.#shell.ledger.contributors()
  }

  statistics(): LedgerStatistics {
    return this.#shell.ledger.statistics()
  }

  tips(): readonly string[] {
    const { ledger } = this.#shell
    return ledger.tips().map((index) => toBase64Url(ledger.idOf(index)))
  }

  async forks(): Promise<readonly ForkProof[]> {
    const proofs = this.#shell.ledger.forks().map(({ indexes }) => this.#proofOf(indexes))
    return (await Promise.all(proofs)).filter((proof) => proof !== undefined)
  }

  syncs(): ReadonlyMap<string, SyncState> {
    return this.#shell.replica.syncs
  }

  async *export(): AsyncIterableIterator<string> {
    for await (const entries of this.#shell.log.read(range(this.#shell.ledger.size))) {
      for (const entry of entries) yield toJsonLine(entry)
    }
  }

  import(lines: Iterable<string> | AsyncIterable<string>): Promise<ImportReport> {
    return importLines(lines, this.#options, (entry) => this.#shell.take(entry).kind)
  }

  verify(): Promise<VerifyReport> {
    const { ledger, log } = this.#shell
    return verifyAll(ledger, log.read(range(ledger.size)), this.#options)
  }

  on<Type extends keyof LedgerEvents>(
    type: Type,
    handler: (event: LedgerEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void {
    const count = (more: number) => this.#listeners.set(type, (this.#listeners.get(type) ?? 0) + more)
    count(1)
    const off = this.#emitter.on(type, handler, options)
    if (type === 'error') for (const error of this.#untold.splice(0)) this.#failed(error)
    let isListening = true
    return () => {
      off()
      if (isListening) count(-1)
      isListening = false
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#shell.close())
  }

  // ---- events ------------------------------------------------------------------------------------------------------

  #solid(entries: readonly Entry[], firstIndex: number, confirmed: readonly number[], forked: readonly number[]): void {
    const { ledger } = this.#shell
    const { identity, networkId } = this.#options
    const key = identity?.publicKey
    // A catching-up peer takes in thousands a second: no view of them is made for nobody.
    for (const [i, entry] of this.#isHeard('entry') ? entries.entries() : []) {
      const isOwn = key !== undefined && compareBytes(entry.contributor, key) === 0
      const view = ledgerEntryOf(entry, networkId, ledger.isConfirmed(firstIndex + i))
      this.#emitter.emit('entry', { entry: view, isOwn })
    }
    for (const index of this.#isHeard('confirmed') ? confirmed : []) {
      const contributor = toBase64Url(ledger.contributorOf(index))
      this.#emitter.emit('confirmed', { id: toBase64Url(ledger.idOf(index)), contributor })
    }
    for (const index of forked) void this.#tellFork(index)
  }

  #isHeard(type: keyof LedgerEvents): boolean {
    return (this.#listeners.get(type) ?? 0) > 0
  }

  async #tellFork(index: number): Promise<void> {
    try {
      const proof = await this.#proofOf(this.#shell.ledger.forkOf(index)?.indexes ?? [])
      if (proof) this.#emitter.emit('fork', proof)
    } catch (error) {
      // The log says why to everybody who reads it.
      if (error instanceof EdgeNetError) this.#failed(error)
    }
  }

  async #proofOf(indexes: readonly number[]): Promise<ForkProof | undefined> {
    const [first, second] = await this.#read(indexes.slice(0, 2).toSorted((a, b) => a - b))
    return first && second && forkProofOf(first, second)
  }

  async #read(indexes: readonly number[]): Promise<Entry[]> {
    const all: Entry[] = []
    for await (const entries of this.#shell.log.read(indexes)) all.push(...entries)
    return all
  }

  #view(entry: Entry): LedgerEntry {
    const { ledger } = this.#shell
    return ledgerEntryOf(entry, this.#options.networkId, ledger.isConfirmed(ledger.indexOf(entry.id)))
  }

  #failed(error: EdgeNetError): void {
    if (!this.#emitter.emit('error', { error }) && this.#untold.length < MAX_UNTOLD) this.#untold.push(error)
  }

  #handlerFailed(cause: unknown, type: keyof LedgerEvents): void {
    // Only the runtime is left to tell when a handler of errors fails: told of itself it would fail for ever.
    if (type === 'error') return void Promise.reject(cause)
    const hint = 'See the cause; all else went on.'
    const error = new EdgeNetError('handler-failed', 'threw', 'A handler of the ledger failed.', hint, { cause })
    this.#emitter.emit('error', { error })
  }
}

const NOTHING = new Uint8Array(0)

function* range(end: number): Generator<number, void> {
  for (let index = 0; index < end; index++) yield index
}

/** @throws EdgeNetError `invalid-argument` */
function keyOf(siteId: string): Bytes {
  const key = fromBase64Url(siteId)
  if (key?.length === KEY_BYTES) return key
  const hint = 'Use a siteId: 43 base64url characters.'
  throw new EdgeNetError('invalid-argument', 'contributor', `"${siteId}" is no contributor.`, hint)
}

function raiseNoIdentity(): never {
  const hint = 'Give openLedger() the identity that contributes.'
  throw new EdgeNetError('invalid-argument', 'identity', 'This ledger was opened without an identity.', hint)
}

function closedError(): EdgeNetError {
  return new EdgeNetError('aborted', 'closed', 'The ledger was closed.', 'Open it again.')
}
