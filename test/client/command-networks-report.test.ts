/** What the commands about networks and their members say to people, whatever strangers call themselves. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_PARAMETERS } from '../../protocol/genesis.ts'
import type { MemberNetwork, NetworkFacts, Standing } from '../../client/networks/api.ts'
import { exitCodeOf } from '../../client/node/exit.ts'
import { notMemberError, standingWords } from '../../client/node/membership-words.ts'
import { qrCode } from '../../client/node/networks-command/invite-code.ts'
import { meaningOf } from '../../client/node/networks-command/remove.ts'
import { networksWriter, type NetworksEvent } from '../../client/node/networks-command/report.ts'
import { safeJson, styleFor } from '../../client/node/terminal.ts'

const PLAIN = styleFor(false)
const SITE_ID = 'Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU'
const ID = `net-${SITE_ID}`
const ROOM_URL = `https://edge.example/n/${ID}`
const FACTS: NetworkFacts = {
  id: ID,
  name: 'Lab',
  description: '',
  policy: 'private',
  parameters: DEFAULT_PARAMETERS,
  creator: SITE_ID,
  approvers: [SITE_ID],
  approvalsNeeded: 1,
  createdAtMs: 0,
  roomUrl: ROOM_URL,
  members: 0,
}
const WAITING = { siteId: SITE_ID, name: 'Ada', note: 'hi', waitsSinceMs: 0, approvedBy: [], approvalsNeeded: 2 }
const INVITE = {
  inviteKey: SITE_ID,
  url: `${ROOM_URL}#invite=abc`,
  uses: 1,
  madeAtMs: 0,
  isRevoked: false,
  isExpired: false,
}
// oxlint-disable-next-line no-control-regex -- control characters are what must not be there
const OBEYED_BY_TERMINALS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/
const HOSTILE = 'a\u001b]0;owned\u0007\u001b[2J\r\nfake line\u009b31m\u202egnp.exe\u2028'

function said(event: NetworksEvent, style = PLAIN): string | undefined {
  return networksWriter(style)({ ...event, sinceMs: 1 })
}

function as(standing: Standing, facts = FACTS, endsAtMs?: number) {
  return { standing, facts, endsAtMs } as MemberNetwork
}

describe('lines for people', () => {
  it('say of a new network what it is and what comes next', () => {
    const lines = said({ event: 'created', ...FACTS, genesis: 'AQ', folder: '/srv/edge' })
    expect(lines).toContain('Lab is a private network: its creator decides.')
    for (const command of ['join', 'invite', 'approve']) expect(lines).toContain(`edge-net ${command} ${ROOM_URL}`)
    const open = said({ event: 'created', ...FACTS, policy: 'public', genesis: 'AQ', folder: '/srv/edge' })
    expect(open).not.toContain('edge-net invite')
  })

  it('say of a known network what we are in it', () => {
    const network = { id: ID, name: 'Lab', policy: 'private', roomUrl: ROOM_URL } as const
    const known = { event: 'known', network, siteId: SITE_ID, invites: 0 } as const
    expect(said({ ...known, standing: 'member', role: 'creator', invites: 2 })).toContain(
      'you are its creator, 2 invites made',
    )
    expect(said({ ...known, standing: 'member', role: 'invited', endsAtMs: 0 })).toContain(
      'you are a member by invite, until 1970-01-01 00:00:00Z',
    )
    expect(said({ ...known, standing: 'stranger', waiting: { approvals: 1 } })).toContain('waiting, with 1 approval')
  })

  it('say of an invite for how many it is, until when, and whether it is over', () => {
    expect(said({ event: 'invite', ...INVITE })).toContain('for 1 person, it never expires')
    expect(said({ event: 'invite', ...INVITE, uses: 20, expiresAtMs: 0, isExpired: true })).toContain(
      'for 20 people, it expires 1970-01-01 00:00:00Z, expired',
    )
    expect(said({ event: 'invite', ...INVITE, isRevoked: true })).toContain('revoked')
  })

  it('say who waits, and what is still missing', () => {
    expect(said({ event: 'waiting', ...WAITING, approvedBy: [SITE_ID] })).toContain('1 of 2 approvals')
    expect(said({ event: 'approved', siteId: SITE_ID, approvals: 1, approvalsNeeded: 2 })).toContain('1 more needed')
    expect(said({ event: 'approved', siteId: SITE_ID, approvals: 2, approvalsNeeded: 2 })).toContain('may join')
    expect(said({ event: 'approved', siteId: SITE_ID, approvalsNeeded: 1, expiresAtMs: 0 })).toContain('until 1970')
  })

  it('show what strangers say as text', () => {
    const network = {
      name: HOSTILE,
      id: ID,
      policy: 'public',
      url: HOSTILE,
      members: 1,
      description: HOSTILE,
      creator: HOSTILE,
    } as const
    const events: NetworksEvent[] = [
      { event: 'created', ...FACTS, name: HOSTILE, genesis: '', folder: '/srv' },
      { event: 'network', ...network },
      { event: 'waiting', ...WAITING, name: HOSTILE, note: HOSTILE },
      {
        event: 'known',
        network: { id: ID, name: HOSTILE, policy: 'private', roomUrl: HOSTILE },
        siteId: SITE_ID,
        standing: 'stranger',
        invites: 0,
      },
    ]
    for (const event of events) {
      const lines = said(event) ?? ''
      expect(lines).toContain('fake line')
      expect(lines).not.toMatch(OBEYED_BY_TERMINALS)
      expect(lines).not.toMatch(/^fake line/m)
      expect(safeJson(event)).not.toMatch(OBEYED_BY_TERMINALS)
    }
  })

  it('survive a time that is none', () => {
    for (const waitsSinceMs of [1e300, NaN, -1e300])
      expect(said({ event: 'waiting', ...WAITING, waitsSinceMs })).toContain('Ada')
  })

  it('of a removal say what goes and what stays', () => {
    const meaning = meaningOf('Lab', 2, 1)
    expect(meaning).toContain('2 members and 1 invite with everybody who came in by it from Lab, for good')
    expect(meaning).toContain('stays')
  })
})

describe('an invite as a picture', () => {
  it('is as wide as it is high, and keeps its quiet zone', async () => {
    const draw = await qrCode(200, PLAIN)
    const lines = draw(INVITE.url)?.split('\n') ?? []
    const width = lines[0]?.length ?? 0
    expect(width).toBeGreaterThan(25)
    expect(lines.every((line) => line.length === width && /^[█▀▄ ]+$/.test(line))).toBe(true)
    expect(lines.length).toBe(Math.ceil(width / 2))
    expect(lines[0]).toBe('█'.repeat(width))
    // A finder pattern is dark all along its upper edge.
    expect(lines[1]).toMatch(/^██ {1}▄{5} {1}█/)
  })

  it('is left out where it would not fit', async () => {
    expect((await qrCode(40, PLAIN))(INVITE.url.padEnd(230, 'x'))).toBeUndefined()
  })

  it('is drawn for scanners whatever the colours are, and not for what is over', async () => {
    const code = await qrCode(200, styleFor(true))
    const write = networksWriter(styleFor(true), code)
    expect(write({ event: 'invite', ...INVITE, sinceMs: 1 })).toContain('\u001b[97;40m█')
    expect(write({ event: 'invite', ...INVITE, isRevoked: true, sinceMs: 1 })).not.toContain('█')
  })
})

describe('somebody who is no member', () => {
  it('is told who decides, and what to do', () => {
    const fault = notMemberError(as('stranger'))
    expect(fault?.message).toBe('Lab is a private network, and you are no member: its creator decides.')
    expect(fault?.hint).toContain('invite')
    const consortium = { ...FACTS, policy: 'consortium', approvers: [SITE_ID, ID], approvalsNeeded: 2 } as const
    expect(notMemberError(as('stranger', consortium))?.message).toContain('2 of 2 approvers must agree')
    expect(notMemberError(as('stranger', consortium))?.hint).not.toContain('invite')
    expect(notMemberError(as('member'))).toBeUndefined()
  })

  it.each([
    ['stranger', 5],
    ['expired', 5],
    ['revoked', 3],
  ] as const)('and why not: %s exits with %i', (standing, exitCode) => {
    const fault = notMemberError(as(standing, FACTS, 0))
    expect(fault && exitCodeOf(fault)).toBe(exitCode)
    expect(fault?.hint).not.toBe('')
    expect(standingWords({ standing })).toContain('no member')
  })
})
