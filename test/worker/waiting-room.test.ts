/** What a network's waiting room promises, whoever floods it. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import {
  APPLICANT_FORGOTTEN_AFTER_MS,
  APPROVAL_FORGOTTEN_AFTER_MS,
  DECLINED_FOR_MS,
  MAX_APPLICANTS,
  MAX_APPLICANTS_PER_SOURCE,
  MAX_APPROVALS,
  MAX_DECLINES,
  WaitingRoom,
  type Rule,
  type WaitingRecords,
} from '../../worker/waiting-room.ts'

const RULE: Rule = { approvers: 4, needed: 2, removed: [] }
const NEVER = Number.MAX_SAFE_INTEGER

let records: WaitingRecords
let room: WaitingRoom

beforeEach(() => {
  records = { applicants: new Map(), approvals: new Map(), declines: new Map() }
  room = new WaitingRoom(records)
})

function ask(member: string, nowMs: number, { name = '', note = '', source = '' } = {}) {
  return room.ask({ member, name, note, source }, RULE, nowMs)
}

function approve(member: string, approver: number, nowMs: number, expiresAtMs = NEVER) {
  room.approve({ member, approver, approval: `${member} by ${approver}`, expiresAtMs }, RULE, nowMs)
}

function members(nowMs: number): string[] {
  return room.waiting(RULE, nowMs).map(({ member }) => member)
}

describe('places', () => {
  test('go to whoever comes first; a flood finds none, and pushes out nobody', () => {
    for (let i = 0; i < MAX_APPLICANTS; i++) expect(ask(`early-${i}`, i)).toEqual([])
    for (let i = 0; i < 1_000; i++) expect(ask(`flood-${i}`, 1_000 + i)).toBe('waiting-full')
    expect(members(2_000)).toEqual(Array.from({ length: MAX_APPLICANTS }, (_, i) => `early-${i}`))
    expect(records.applicants.size).toBe(MAX_APPLICANTS)
  })

  test('go to so many from one part of the Internet', () => {
    for (let i = 0; i < MAX_APPLICANTS_PER_SOURCE; i++) expect(ask(`flood-${i}`, i, { source: 'a' })).toEqual([])
    expect(ask('one more', 100, { source: 'a' })).toBe('waiting-full')
    expect(ask('somebody else', 100, { source: 'b' })).toEqual([])
  })

  test('are one for each identity, for which the last petition counts and the first gives the time', () => {
    ask('ada', 1, { name: 'Ada' })
    ask('bob', 2)
    ask('ada', 3, { name: 'Ada L.', note: 'please' })
    expect(room.waiting(RULE, 4)).toEqual([
      { member: 'ada', name: 'Ada L.', note: 'please', sinceMs: 1, approvals: [] },
      { member: 'bob', name: '', note: '', sinceMs: 2, approvals: [] },
    ])
  })

  test('are found by whoever has an approval, in the place of the last who has none', () => {
    approve('known', 0, 0)
    for (let i = 0; i < MAX_APPLICANTS; i++) ask(`stranger-${i}`, i)
    expect(ask('known', 1_000)).toEqual(['known by 0'])
    expect(members(1_000)).toContain('known')
    expect(members(1_000)).not.toContain(`stranger-${MAX_APPLICANTS - 1}`)
    expect(members(1_000)).toHaveLength(MAX_APPLICANTS)
  })

  test('are free again after a week without a question', () => {
    ask('ada', 0)
    ask('bob', 0)
    ask('ada', APPLICANT_FORGOTTEN_AFTER_MS / 2)
    expect(members(APPLICANT_FORGOTTEN_AFTER_MS)).toEqual(['ada'])
  })

  test('are not written down for every question of an impatient client', () => {
    const writes = vi.spyOn(records.applicants, 'set')
    for (let i = 0; i < 1_000; i++) ask('ada', i)
    expect(writes).toHaveBeenCalledTimes(1)
  })
})

describe('approvals', () => {
  test('count before anybody has asked, and make a place free when they are enough', () => {
    approve('ada', 3, 0)
    expect(ask('ada', 1)).toEqual(['ada by 3'])
    approve('ada', 1, 2)
    expect(members(3)).toEqual([])
    expect(ask('ada', 4)).toEqual(['ada by 1', 'ada by 3'])
    expect(members(5)).toEqual([])
  })

  test('of one approver count once, the last one', () => {
    approve('ada', 0, 0, 1_000)
    approve('ada', 0, 1)
    expect(ask('ada', 500)).toHaveLength(1)
    expect(ask('ada', 2_000)).toHaveLength(1)
  })

  test('of one approver push out none of another, however many they are', () => {
    approve('ada', 0, 0)
    for (let i = 0; i < 2 * MAX_APPROVALS; i++) approve(`made-up-${i}`, 1, i)
    expect(ask('ada', 3_000)).toEqual(['ada by 0'])
    expect(records.approvals.size).toBeLessThanOrEqual(MAX_APPROVALS)
    // The newest of his own stay.
    expect(ask(`made-up-${2 * MAX_APPROVALS - 1}`, 3_000)).toHaveLength(1)
    expect(ask('made-up-0', 3_000)).toEqual([])
  })

  test('of approvers who were removed count no more', () => {
    approve('ada', 0, 0)
    const removed = { ...RULE, removed: [0] }
    expect(room.ask({ member: 'ada', name: '', note: '', source: '' }, removed, 1)).toEqual([])
    expect(room.waiting(removed, 1)).toMatchObject([{ member: 'ada', approvals: [] }])
  })

  test('are gone when they end, or after a month that nobody fetched them', () => {
    approve('ada', 0, 0, 10)
    approve('bob', 0, 0)
    expect(ask('ada', 10)).toEqual([])
    expect(ask('bob', APPROVAL_FORGOTTEN_AFTER_MS)).toEqual([])
    expect(records.approvals.size).toBe(0)
  })
})

describe('declines', () => {
  test('hold for a day, and are so many', () => {
    room.decline('ada', 0)
    expect(ask('ada', DECLINED_FOR_MS - 1)).toBe('declined')
    expect(ask('ada', DECLINED_FOR_MS)).toEqual([])
    for (let i = 0; i < 2 * MAX_DECLINES; i++) room.decline(`flood-${i}`, DECLINED_FOR_MS + i)
    expect(records.declines.size).toBe(MAX_DECLINES)
    expect(ask(`flood-${2 * MAX_DECLINES - 1}`, DECLINED_FOR_MS + 2 * MAX_DECLINES)).toBe('declined')
  })

  test('do not take away what was approved', () => {
    approve('ada', 0, 0)
    approve('ada', 1, 0)
    room.decline('ada', 1)
    expect(ask('ada', 2)).toHaveLength(2)
  })
})
