import { describe, expect, it } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { EXIT, exitCodeOf } from '../../client/node/exit.ts'

describe('the exit code', () => {
  it.each([
    ['membership-missing', EXIT.notMember],
    ['membership-expired', EXIT.notMember],
    ['declined', EXIT.notMember],
    ['invite-used-up', EXIT.notMember],
    ['membership-revoked', EXIT.refused],
    ['genesis-mismatch', EXIT.refused],
  ])('is the same whether we say %s or the room does', (reason, exitCode) => {
    expect(exitCodeOf(new EdgeNetError('membership', reason, 'message', 'hint'))).toBe(exitCode)
    expect(exitCodeOf(new EdgeNetError('join-refused', reason, 'message', 'hint'))).toBe(exitCode)
  })

  it('of an invite that is none is that of a wrong argument', () => {
    for (const reason of ['invite-malformed', 'invite-damaged', 'invite-foreign']) {
      expect(exitCodeOf(new EdgeNetError('membership', reason, 'message', 'hint'))).toBe(EXIT.usage)
    }
  })

  it('does not change for reasons of other failures', () => {
    expect(exitCodeOf(new EdgeNetError('ledger-failed', 'membership-missing', 'message', 'hint'))).toBe(EXIT.failure)
  })
})
