/** Exit codes, which scripts rely on. */
import type { EdgeNetError, ErrorCode } from '../errors.ts'

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  /** Somebody has to let us in first: by an invite, or by approvals. */
  notMember: 5,
  /** 128 + SIGINT, as shells have it: interrupted before it had joined. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const EXIT_CODES: Record<ErrorCode, ExitCode> = {
  'invalid-argument': EXIT.usage,
  'join-refused': EXIT.refused,
  'room-unreachable': EXIT.unreachable,
  aborted: EXIT.interrupted,
  unsupported: EXIT.failure,
  'peer-unknown': EXIT.failure,
  'message-too-large': EXIT.failure,
  'not-delivered': EXIT.failure,
  'handler-failed': EXIT.failure,
  'peer-misbehaved': EXIT.failure,
  'direct-failed': EXIT.failure,
  'ledger-failed': EXIT.failure,
  membership: EXIT.refused,
  'backup-damaged': EXIT.failure,
  'backup-version': EXIT.failure,
  'pass-phrase-wrong': EXIT.failure,
}

/** Reasons of membership that the code alone does not tell; whether we see it or the room does. */
const MEMBERSHIP_EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  'membership-missing': EXIT.notMember,
  'membership-insufficient': EXIT.notMember,
  'membership-expired': EXIT.notMember,
  declined: EXIT.notMember,
  'invite-expired': EXIT.notMember,
  'invite-used-up': EXIT.notMember,
  'invite-malformed': EXIT.usage,
  'invite-damaged': EXIT.usage,
  'invite-foreign': EXIT.usage,
}

export function exitCodeOf({ code, reason }: EdgeNetError): ExitCode {
  const isAboutMembership = code === 'membership' || code === 'join-refused'
  return (isAboutMembership ? MEMBERSHIP_EXIT_CODES[reason] : undefined) ?? EXIT_CODES[code]
}
