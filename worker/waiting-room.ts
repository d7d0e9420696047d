/**
 * Who waits to be let into a closed network, and what approvers have said: a state machine without clock or storage of its
 * own. Everything in it comes from strangers or from approvers, whom a stranger may have named; so everything is bounded:
 *
 * - Who came first stays. When all places are taken, newcomers are turned away until somebody is let in, is declined, or
 *   has not asked for a week. One part of the Internet has a tenth of the places.
 * - Who has an approval already finds a place: that of whoever came last and has none.
 * - An identity has one place. What it says now replaces what it said before; since when it waits does not change.
 * - Each approver has an equal share of the approvals that are kept, and the oldest of his own make room: nobody can push
 *   out those of another.
 * - Approvals count without any petition before them, and go before a decline.
 */
import { MAX_APPROVERS } from '../protocol/limits.ts'
import type { Applicant } from '../protocol/http.ts'

export interface ApplicantRecord {
  readonly name: string
  readonly note: string
  readonly sinceMs: number
  readonly askedAtMs: number
  /** Where the petition came from; empty when unknown. */
  readonly source: string
}

export interface ApprovalRecord {
  /** base64url. */
  readonly approval: string
  readonly expiresAtMs: number
  readonly receivedAtMs: number
}

/** What outlives an eviction. Approvals by `MEMBER/APPROVER`, declines (until when) by member. */
export interface WaitingRecords {
  readonly applicants: Map<string, ApplicantRecord>
  readonly approvals: Map<string, ApprovalRecord>
  readonly declines: Map<string, number>
}

/** How the network lets people in. */
export interface Rule {
  readonly approvers: number
  readonly needed: number
  /** Places of approvers who have been removed: what they have said counts no more. */
  readonly removed: readonly number[]
}

/** Approvers are people: of a longer list they would look at nobody. */
export const MAX_APPLICANTS = 100
/** Per IP prefix: a class or an office applies in one hour, a flood finds the door closed after ten. */
export const MAX_APPLICANTS_PER_SOURCE = 10
export const APPLICANT_FORGOTTEN_AFTER_MS = 7 * 86_400_000
/** Who asks again within this time is not written down again: newcomers ask every few seconds. */
const ASKED_AGAIN_MS = 3_600_000
/** Some 250 bytes each; all approvers of a network together. */
export const MAX_APPROVALS = 1_000
/** Whoever was approved has this long to come and fetch it. */
export const APPROVAL_FORGOTTEN_AFTER_MS = 30 * 86_400_000
/** Nobody is asked about the same person again on the same day. */
export const DECLINED_FOR_MS = 86_400_000
export const MAX_DECLINES = 1_000

export class WaitingRoom {
  readonly #records: WaitingRecords

  constructor(records: WaitingRecords) {
    this.#records = records
  }

  /** Somebody asks to be let in: gets the approvals so far, or a refusal. */
  ask(
    { member, name, note, source }: Pick<ApplicantRecord, 'name' | 'note' | 'source'> & { readonly member: string },
    rule: Rule,
    nowMs: number,
  ): 'declined' | 'waiting-full' | readonly string[] {
    this.#forget(nowMs)
    const approvals = this.#approvalsOf(member, rule, nowMs)
    if (approvals.length >= rule.needed) return approvals
    const { applicants, declines } = this.#records
    if (declines.has(member)) return 'declined'
    const earlier = applicants.get(member)
    if (!earlier && !this.#hasPlaceFor(source) && !(approvals.length > 0 && this.#makePlace(rule, nowMs)))
      return 'waiting-full'
    const isNews = earlier?.name !== name || earlier.note !== note || nowMs - earlier.askedAtMs >= ASKED_AGAIN_MS
    if (isNews) applicants.set(member, { name, note, sinceMs: earlier?.sinceMs ?? nowMs, askedAtMs: nowMs, source })
    return approvals
  }

  /** Who waits, the longest first. */
  waiting(rule: Rule, nowMs: number): Applicant[] {
    this.#forget(nowMs)
    return [...this.#records.applicants]
      .map(([member, { name, note, sinceMs }]) => {
        return { member, name, note, sinceMs, approvals: this.#approvalsOf(member, rule, nowMs) }
      })
      .toSorted((a, b) => a.sinceMs - b.sinceMs)
  }

  /** A genuine approval; a newer one of the same approver replaces it. */
  approve(
    given: Pick<ApprovalRecord, 'approval' | 'expiresAtMs'> & { readonly member: string; readonly approver: number },
    rule: Rule,
    nowMs: number,
  ): void {
    this.#forget(nowMs)
    const { member, approver, approval, expiresAtMs } = given
    const { applicants, approvals, declines } = this.#records
    const key = approvalKey(member, approver)
    approvals.delete(key)
    const own = [...approvals].filter(([of]) => of.endsWith(`/${approver}`))
    if (own.length >= Math.floor(MAX_APPROVALS / rule.approvers)) {
      const [oldest] = own.toSorted(([, a], [, b]) => a.receivedAtMs - b.receivedAtMs)
      if (oldest) approvals.delete(oldest[0])
    }
    approvals.set(key, { approval, expiresAtMs, receivedAtMs: nowMs })
    declines.delete(member)
    if (this.#approvalsOf(member, rule, nowMs).length >= rule.needed) applicants.delete(member)
  }

  decline(member: string, nowMs: number): void {
    this.#forget(nowMs)
    const { applicants, declines } = this.#records
    applicants.delete(member)
    declines.delete(member)
    if (declines.size >= MAX_DECLINES) {
      const [oldest] = [...declines].toSorted(([, a], [, b]) => a - b)
      if (oldest) declines.delete(oldest[0])
    }
    declines.set(member, nowMs + DECLINED_FOR_MS)
  }

  #hasPlaceFor(source: string): boolean {
    const { applicants } = this.#records
    if (applicants.size >= MAX_APPLICANTS) return false
    const neighbours = [...applicants.values()].filter((other) => other.source === source)
    return source === '' || neighbours.length < MAX_APPLICANTS_PER_SOURCE
  }

  /** Whether the last comer without an approval could be sent away for somebody who has one. */
  #makePlace(rule: Rule, nowMs: number): boolean {
    const { applicants } = this.#records
    if (applicants.size < MAX_APPLICANTS) return true
    const last = this.waiting(rule, nowMs).findLast(({ approvals }) => approvals.length === 0)
    return last !== undefined && applicants.delete(last.member)
  }

  #approvalsOf(member: string, { removed }: Rule, nowMs: number): string[] {
    const found: string[] = []
    for (let approver = 0; approver < MAX_APPROVERS; approver++) {
      const record = this.#records.approvals.get(approvalKey(member, approver))
      if (record && record.expiresAtMs > nowMs && !removed.includes(approver)) found.push(record.approval)
    }
    return found
  }

  #forget(nowMs: number): void {
    const { applicants, approvals, declines } = this.#records
    for (const [member, { askedAtMs }] of applicants) {
      if (askedAtMs + APPLICANT_FORGOTTEN_AFTER_MS <= nowMs) applicants.delete(member)
    }
    for (const [key, { expiresAtMs, receivedAtMs }] of approvals) {
      if (Math.min(expiresAtMs, receivedAtMs + APPROVAL_FORGOTTEN_AFTER_MS) <= nowMs) approvals.delete(key)
    }
    for (const [member, untilMs] of declines) if (untilMs <= nowMs) declines.delete(member)
  }
}

/** Keys are base64url, which has no slash. */
function approvalKey(member: string, approver: number): string {
  return `${member}/${approver}`
}
