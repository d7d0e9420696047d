/**
 * Who is a member, as everybody finds out for himself: what a chain claims, whether its signatures hold, and whether it is over
 * by now. Signatures are checked once for each chain; time and revocations count every time.
 */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { membershipClaim, type Membership, type MembershipFault } from '../../protocol/membership.ts'
import type { RevocationBook } from './revocation-book.ts'
import { verifyStrictly } from './strict-signature.ts'

/** Of a large room's members those whom one client meets at a time, and some to spare; beyond, all are checked anew. */
const MAX_PROVEN = 512
/**
 * A room tells its clients the time, so a lying one could turn it back to when a membership was not over yet. Computers whose
 * clocks are right or wrong by a time zone give it no more room than this.
 */
const MAX_TURNED_BACK_MS = 24 * 3_600_000

export class Judge {
  readonly #genesis: Genesis
  readonly #book: RevocationBook
  readonly #wallMs: () => number
  /** Whether the signatures of a chain hold, by who shows it. */
  readonly #proven = new Map<string, Promise<boolean>>()

  constructor(genesis: Genesis, book: RevocationBook, wallMs: () => number = Date.now) {
    this.#genesis = genesis
    this.#book = book
    this.#wallMs = wallMs
  }

  /** The membership that holds at a time, or why there is none. */
  async judge(identity: Bytes, chain: Bytes, atMs: number): Promise<Membership | MembershipFault> {
    const genuine = await this.isGenuine(identity, chain)
    // Afterwards, so that nobody is let in who was removed meanwhile.
    const claim = membershipClaim(this.#genesis, identity, chain, this.#book)
    if (typeof claim === 'string') return claim
    if (!genuine) return 'membership-signature'
    const { checks: _, ...membership } = claim
    const isOver = claim.expiresAtMs <= Math.max(atMs, this.#wallMs() - MAX_TURNED_BACK_MS)
    return isOver ? 'membership-expired' : membership
  }

  /** Whether a chain lets an identity in at some time, and all of its signatures hold. */
  isGenuine(identity: Bytes, chain: Bytes): Promise<boolean> {
    const key = `${toBase64Url(identity)} ${toBase64Url(chain)}`
    const known = this.#proven.get(key)
    if (known) return known
    if (this.#proven.size >= MAX_PROVEN) this.#proven.clear()
    const proving = this.#prove(identity, chain)
    this.#proven.set(key, proving)
    return proving
  }

  async #prove(identity: Bytes, chain: Bytes): Promise<boolean> {
    const claim = membershipClaim(this.#genesis, identity, chain)
    if (typeof claim === 'string') return false
    const checks = claim.checks.map(({ publicKey, signature, message }) =>
      verifyStrictly(publicKey, signature, message),
    )
    return (await Promise.all(checks)).every(Boolean)
  }
}
