/**
 * Entries said to everybody: own ones, gathered into batches and paced, and others', judged before they are passed on. What
 * gossip loses, and what is too much for it, is found when tips are compared.
 *
 * Whoever passes a message on answers for it. So all of it is verified, what is here already included, and nobody is blamed
 * for what shows only to those who have the entries that it builds on.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { LedgerGossip, LedgerJudgement, Sha256 } from './api.ts'
import { countOfBatch, decodeBatch, encodeBatch, inBatches } from './batch.ts'
import type { Entry } from './entry.ts'
import type { Ledger, Verdict } from './ledger.ts'

/** Of the topics of gossip: a batch of entries. */
export const ENTRIES_TOPIC = 2
/** As much as gossip takes. */
export const MAX_SAID_BYTES = 16_384
/** The first is said at once, and what comes after it together: members pass on five messages a second of one speaker on each topic. */
const SAY_INTERVAL_MS = 250
/** Own entries that wait to be said: five seconds' worth. Those beyond are found by comparing. */
const MAX_UNSAID = 1_024

export interface EntryGossipHost {
  readonly gossip: Pick<LedgerGossip, 'publish'>
  readonly sha256: Sha256
  readonly ledger: Ledger
  readonly nowMs: () => number
  readonly after: (delayMs: number, act: () => void) => void
  /** One answer for each entry. Never rejects. */
  readonly areGenuine: (entries: readonly Entry[]) => Promise<readonly boolean[]>
  /** Whether so many entries of this peer's may be looked at now. */
  readonly mayBring: (peer: string, count: number) => boolean
  /** Takes in an entry whose signatures hold, and that this neighbour has passed on. */
  readonly take: (entry: Entry, bringer: string) => Verdict
  /** The entry is here, by a peer, and gossip may still bring it. */
  readonly isUnsaid: (id: Bytes) => boolean
  /** Gossip has brought it now. */
  readonly said: (id: Bytes) => void
}

export class EntryGossip {
  readonly #host: EntryGossipHost
  #unsaid: Entry[] = []
  #saidAtMs = -Infinity
  #isWaiting = false
  #isClosed = false

  constructor(host: EntryGossipHost) {
    this.#host = host
  }

  // ---- saying ------------------------------------------------------------------------------------------------------

  /** An own entry, which is kept safely and part of the ledger. */
  say(entry: Entry): void {
    if (this.#isClosed || this.#unsaid.length >= MAX_UNSAID) return
    this.#unsaid.push(entry)
    if (this.#isWaiting) return
    const { nowMs, after } = this.#host
    const waitMs = this.#saidAtMs + SAY_INTERVAL_MS - nowMs()
    if (waitMs <= 0) return this.#sayNext()
    this.#isWaiting = true
    after(waitMs, () => this.#goOn())
  }

  /** What waits is said now: the page may stop running. */
  flush(): void {
    while (this.#unsaid.length > 0) this.#sayNext()
  }

  /** Nothing is said or taken any more. */
  close(): void {
    this.flush()
    this.#isClosed = true
  }

  #goOn(): void {
    this.#isWaiting = false
    if (this.#isClosed || this.#unsaid.length === 0) return
    this.#sayNext()
    if (this.#unsaid.length === 0) return
    this.#isWaiting = true
    this.#host.after(SAY_INTERVAL_MS, () => this.#goOn())
  }

  #sayNext(): void {
    const { gossip, nowMs } = this.#host
    const [batch = []] = inBatches(this.#unsaid, MAX_SAID_BYTES)
    this.#unsaid = this.#unsaid.slice(batch.length)
    this.#saidAtMs = nowMs()
    gossip.publish(ENTRIES_TOPIC, encodeBatch(batch))
  }

  // ---- hearing -----------------------------------------------------------------------------------------------------

  /**
   * What becomes of a message.
   *
   * @param from the neighbour that passed it on
   */
  async judge(payload: Bytes, from: string): Promise<LedgerJudgement> {
    if (this.#isClosed) return 'ignore'
    const { sha256, mayBring, areGenuine } = this.#host
    const count = payload.length > MAX_SAID_BYTES ? undefined : countOfBatch(payload)
    if (count === undefined) return 'reject'
    // Too much is nobody's fault who only passes it on. Nor is it decoded: the hashes alone would keep a phone busy.
    if (!mayBring(from, count)) return 'ignore'
    const entries = decodeBatch(payload, sha256)
    if (!entries) return 'reject'
    if (!entries.some(({ id }) => this.#isNew(id))) return 'ignore'
    const genuine = await areGenuine(entries)
    if (!genuine.every(Boolean)) return 'reject'
    // While it was being verified.
    if (this.#isClosed) return 'ignore'
    return judgementOn(entries.map((entry) => this.#take(entry, from)))
  }

  /** To gossip: what a peer has brought a moment ago must still be passed on, or it would end here. */
  #isNew(id: Bytes): boolean {
    const { ledger, isUnsaid } = this.#host
    return !ledger.knows(id) || isUnsaid(id)
  }

  #take(entry: Entry, bringer: string): Taken {
    const { ledger, take, isUnsaid, said } = this.#host
    if (!ledger.knows(entry.id)) return take(entry, bringer)
    if (!isUnsaid(entry.id)) return { kind: 'known' }
    said(entry.id)
    return { kind: 'said' }
  }
}

/** Said: it came from a peer, and now by gossip. */
type Taken = Verdict | { readonly kind: 'said' }

/** Orphans are passed on: what they build on is fetched, and others have it. What has to wait for its time is not: it is told when that has come. */
function judgementOn(verdicts: readonly Taken[]): LedgerJudgement {
  let isNew = false
  for (const verdict of verdicts) {
    // Of the rules, this is the one by which it shows from the entry alone: whoever lacks what it builds on sees no others broken.
    if (verdict.kind === 'rejected') return verdict.reason === 'root-misused' ? 'reject' : 'ignore'
    isNew ||= verdict.kind !== 'known' && verdict.kind !== 'parked'
  }
  return isNew ? 'accept' : 'ignore'
}
