import { expect, test } from 'vitest'
import { InviteUses, MAX_KEPT_USES, type InviteRecord } from '../../worker/invite-uses.ts'

const NEVER = Number.MAX_SAFE_INTEGER

test('each identity counts once, and uses are not given back', () => {
  const uses = new InviteUses(new Map())
  const take = (identity: string) => uses.take({ inviteKey: 'invite', expiresAtMs: NEVER, uses: 2, identity }, 0)
  expect(['ada', 'bob', 'ada', 'eve', 'ada', 'bob'].map(take)).toEqual([true, true, true, false, true, true])
})

test('invites count apart', () => {
  const uses = new InviteUses(new Map())
  for (const inviteKey of ['one', 'two']) {
    expect(uses.take({ inviteKey, expiresAtMs: NEVER, uses: 1, identity: 'ada' }, 0)).toBe(true)
  }
})

test('a creator who invites without end fills so much, until invites run out', () => {
  const invites = new Map<string, InviteRecord>()
  const uses = new InviteUses(invites)
  const take = (invite: number, person: number, nowMs: number) =>
    uses.take({ inviteKey: `${invite}`, expiresAtMs: 1_000, uses: 1_000, identity: `${person}` }, nowMs)
  for (let i = 0; i < MAX_KEPT_USES; i++) take(Math.floor(i / 1_000), i, 0)
  expect(take(999, 0, 0)).toBe(false)
  expect(take(0, 0, 0)).toBe(true)
  expect(take(999, 0, 1_000)).toBe(true)
  expect(invites.size).toBe(1)
})
