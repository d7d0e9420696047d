/** Makes a session's own entries of what its application claims, one after the other. */
import { ownEntry } from '../../../client/qdag/own-entry.ts'
import { signReceipt } from '../../../client/qdag/receipt.ts'
import { toBase64Url, type Bytes } from '../../../protocol/bytes.ts'
import { bytesOf, identityOf, promptVerifier, sha256 } from './crypto.ts'
import type { Session } from './session.ts'

export interface Claim {
  readonly taskId: string
  readonly computeUnits: number
  /** Whose word there is for it. */
  readonly requester: Bytes | undefined
}

/** When the disk has no room, it may have some later. */
const RETRY_MS = 5_000

export class Author {
  readonly #session: Session
  readonly #claims: Claim[] = []
  #isWriting = false

  constructor(session: Session) {
    this.#session = session
  }

  /** Nothing waits to be written. */
  get isIdle(): boolean {
    return this.#claims.length === 0
  }

  /** Every claim becomes an entry, unless the session ends before. */
  write(claims: readonly Claim[]): void {
    this.#claims.push(...claims)
    this.writeNext()
  }

  writeNext(): void {
    const session = this.#session
    const [claim] = this.#claims
    if (!claim || this.#isWriting || !session.isReady || session.isOver) return
    this.#isWriting = true
    session.vault.async(async () => {
      let retryMs = RETRY_MS
      try {
        await this.#record(claim)
        this.#claims.shift()
        retryMs = 0
      } finally {
        this.#isWriting = false
        session.later(retryMs, () => this.writeNext())
      }
    })
  }

  async #record({ taskId, computeUnits, requester }: Claim): Promise<void> {
    const { ledger, random, networkId, device, vault } = this.#session
    const identity = identityOf(device.contributor)
    const work = { taskId, computeUnits, contributor: identity.siteId, resultHash: toBase64Url(bytesOf(taskId)) }
    const receipt = requester && (await signReceipt(identityOf(requester), networkId, work))
    const entry = await vault.ownEntries.write((next) =>
      ownEntry({
        contribution: { taskId, computeUnits, ...(receipt && { receipt }) },
        next,
        identity,
        ledger,
        networkId,
        sha256,
        verifier: promptVerifier,
        random: () => random.fraction(),
        wallMs: this.#session.correctedWallMs,
      }),
    )
    this.#session.gossip?.say(entry)
  }
}
