/** Closed networks from a terminal: invites, approvals and removals as processes, at a real Worker. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { encodeInviteCode, signInvite } from '../../protocol/invite.ts'
import { parseNetworkId } from '../../protocol/network.ts'
import { loadIdentity } from '../../client/node/identity-file.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { runJson } from '../support/json-command.ts'
import { HAS_TERMINALS, onTerminal } from '../support/terminal-command.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let parent: string
let folders = 0
const running: RunningCommand[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  parent = await mkdtemp(join(tmpdir(), 'edge-net-membership-'))
})
afterAll(async () => {
  await service.close()
  await rm(parent, { recursive: true })
})
afterEach(async () => {
  for (const command of running) command.signal('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
})

interface Person {
  readonly folder: string
  readonly siteId: string
}

async function person(): Promise<Person> {
  const folder = join(parent, `folder-${++folders}`)
  return { folder, siteId: (await loadIdentity(folder)).siteId }
}

/** A process that goes on until told to end. */
function started({ folder }: Person, ...args: readonly string[]): RunningCommand {
  const command = startCommand([...args, '--json'], { env: { EDGE_NET_DATA: folder } })
  running.push(command)
  return command
}

function joining(who: Person, url: string, ...args: readonly string[]): RunningCommand {
  return started(who, 'join', url, '--direct', 'off', ...args)
}

/** What must succeed, to its end. */
async function done({ folder }: Person, ...args: readonly string[]) {
  const run = await runJson(folder, args)
  expect(run).toMatchObject({ code: 0, stderr: '' })
  return run
}

async function left(command: RunningCommand): Promise<void> {
  command.signal('SIGINT')
  await expect(command.ended).resolves.toMatchObject({ code: 0, stderr: '' })
}

async function founded(creator: Person, ...args: readonly string[]) {
  return (await done(creator, 'create', service.url, '--name', 'Lab', ...args)).only('created')
}

async function invited(creator: Person, roomUrl: string, ...args: readonly string[]) {
  return (await done(creator, 'invite', roomUrl, ...args)).only('invite')
}

/** The failure of a command that must fail. */
async function failure({ folder }: Person, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const run = await runJson(folder, args, env)
  const { error, exitCode } = run.only('failed')
  expect(run.stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
  expect(exitCode).toBe(run.code)
  return { exitCode, code: error.code, reason: error.reason, hint: error.hint }
}

describe('a private network', () => {
  it('is created, joined by the link of an invite, contributed to, and left by removal', async () => {
    const [ada, bob, eve] = await Promise.all([person(), person(), person()])
    const { roomUrl, id } = await founded(ada, '--policy', 'private')
    const { url, inviteKey } = await invited(ada, roomUrl)
    expect(url).toMatch(new RegExp(`^${roomUrl}#invite=[\\w-]+$`))
    expect((await stat(join(ada.folder, 'networks', id, `invite-${inviteKey}.json`))).mode & 0o777).toBe(0o600)

    const creator = joining(ada, roomUrl, '--name', 'Ada')
    expect(await creator.event('membership')).toMatchObject({ standing: 'member', role: 'creator' })
    const member = joining(bob, url, '--name', 'Bob', '--contribute', '--share', '100')
    expect(await member.event('membership')).toMatchObject({
      network: { id, name: 'Lab', policy: 'private' },
      standing: 'member',
      role: 'invited',
    })
    expect(await member.event('joined')).toMatchObject({ name: 'Lab', id, roomUrl, siteId: bob.siteId })
    const { entry } = await member.event('contributed')
    expect(await creator.event('entry', (event) => event.entry.id === entry.id)).toMatchObject({
      entry: { contributor: bob.siteId },
    })
    await left(member)

    // The link is used up, and not needed again.
    expect(await failure(eve, ['join', url, '--direct', 'off'])).toMatchObject({
      exitCode: 5,
      code: 'join-refused',
      reason: 'invite-used-up',
    })
    const again = joining(bob, roomUrl)
    await again.event('peer', ({ peer }) => peer.siteId === ada.siteId)
    await creator.event('peer', ({ peer }) => peer.siteId === bob.siteId)

    const removed = await done(ada, 'remove', roomUrl, bob.siteId, '--yes')
    expect(removed.only('removed')).toMatchObject({ number: 1, keys: [bob.siteId] })
    const { code, stderr } = await again.ended
    expect(code).toBe(3)
    expect(stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
    await expect(again.event('failed')).resolves.toMatchObject({ exitCode: 3, error: { reason: 'membership-revoked' } })
    await creator.event('peer-left', ({ peer }) => peer.siteId === bob.siteId)
    for (const target of [roomUrl, url]) {
      const refused = await failure(bob, ['join', target])
      expect(refused).toMatchObject({ exitCode: 3, reason: 'membership-revoked' })
    }
    expect((await done(bob, 'networks')).only('known')).toMatchObject({ standing: 'revoked' })
    await left(creator)
    // What he has contributed stays.
    const { stdout } = await done(ada, 'ledger', 'show', roomUrl)
    const told = stdout.split('\n').filter((line) => line.includes('"event":"contributor"'))
    expect(told.map((line): unknown => JSON.parse(line))).toMatchObject([{ contributor: bob.siteId, isRemoved: true }])
  })

  it('lets those in whom its creator approves, with or without an end', async () => {
    const [ada, bob, eve] = await Promise.all([person(), person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const asking = joining(bob, roomUrl, '--name', 'Bob', '--ask', 'from the lab')
    expect(await asking.event('waiting')).toMatchObject({
      siteId: bob.siteId,
      approvals: 0,
      approvalsNeeded: 1,
      approvers: [ada.siteId],
    })
    await expect
      .poll(async () => (await done(ada, 'approve', roomUrl)).all('waiting'))
      .toMatchObject([{ siteId: bob.siteId, name: 'Bob', note: 'from the lab', approvedBy: [], approvalsNeeded: 1 }])
    const { waitsSinceMs } = (await done(ada, 'approve', roomUrl)).only('waiting')
    expect(Math.abs(waitsSinceMs - Date.now())).toBeLessThan(60_000)
    const approved = await done(ada, 'approve', roomUrl, bob.siteId.slice(0, 12), '--expires', '7d')
    expect(approved.only('approved')).toMatchObject({ siteId: bob.siteId, approvals: 1, approvalsNeeded: 1 })
    const inADay = Date.now() + 86_400_000
    expect(approved.only('approved').expiresAtMs).toBeGreaterThan(inADay)
    expect(await asking.event('membership', ({ standing }) => standing === 'member')).toMatchObject({
      role: 'approved',
    })
    await asking.event('joined')
    await left(asking)

    // Somebody may be approved who has not asked so far.
    expect((await done(ada, 'approve', roomUrl, eve.siteId)).only('approved')).not.toHaveProperty('approvals')
    const early = joining(eve, roomUrl, '--ask')
    await early.event('joined')
    await left(early)
  })

  it('sends others away', async () => {
    const [ada, bob] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const asking = joining(bob, roomUrl, '--ask')
    await expect.poll(async () => (await done(ada, 'approve', roomUrl)).all('waiting')).toHaveLength(1)
    expect((await done(ada, 'approve', roomUrl, '--all', '--decline')).only('declined')).toMatchObject({
      siteId: bob.siteId,
    })
    expect((await asking.ended).code).toBe(5)
    await expect(asking.event('failed')).resolves.toMatchObject({ error: { code: 'membership', reason: 'declined' } })
  })

  it('knows its invites, and lets nobody in by those that were revoked', async () => {
    const [ada, bob] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const first = await invited(ada, roomUrl, '--uses', '5', '--expires', '7d')
    const second = await invited(ada, roomUrl)
    expect(first).toMatchObject({ uses: 5, isRevoked: false, isExpired: false })
    expect(second).not.toHaveProperty('expiresAtMs')
    const member = joining(bob, first.url)
    await member.event('joined')

    const { number } = (await done(ada, 'invite', roomUrl, '--revoke', first.inviteKey.slice(0, 8))).only('removed')
    expect(number).toBe(1)
    expect((await member.ended).code).toBe(3)
    const listed = (await done(ada, 'invite', roomUrl, '--list')).all('invite')
    expect(listed).toMatchObject([
      { inviteKey: first.inviteKey, url: first.url, isRevoked: true },
      { inviteKey: second.inviteKey, url: second.url, isRevoked: false },
    ])
    expect((await done(ada, 'networks')).only('known')).toMatchObject({ invites: 2 })
  })

  it('is gone into by ping, doctor and ledger as the member that one is', async () => {
    const [ada, bob, eve] = await Promise.all([person(), person(), person()])
    const { roomUrl, id } = await founded(ada, '--policy', 'private', '--confirmations', '5')
    const creator = joining(ada, roomUrl, '--name', 'Ada')
    const member = joining(bob, (await invited(ada, roomUrl)).url)
    await Promise.all([creator.event('peer'), member.event('joined')])
    await left(member)

    const run = async ({ folder }: Person, ...args: string[]) => {
      const command = startCommand(args, { env: { EDGE_NET_DATA: folder, EDGE_NET_STUN_SERVERS: '' } })
      return command.ended
    }
    const pinged = await run(bob, 'ping', roomUrl, 'Ada', '--count', '1', '--direct', 'off')
    expect(pinged).toMatchObject({ code: 0, stderr: '' })
    expect(pinged.stdout).toContain('Ada')
    expect((await run(eve, 'ping', roomUrl, '--count', '1', '--direct', 'off')).code).toBe(5)

    const examined = await run(bob, 'doctor', roomUrl)
    expect(examined.stdout).toMatch(/ok +Membership +of Lab, a private network, you are a member by invite/)
    expect(examined.stdout).toMatch(/ok +Relay/)
    const stranger = await run(eve, 'doctor', roomUrl)
    expect(stranger.code).toBe(1)
    expect(stranger.stdout).toMatch(/FAILED +Membership +of Lab you are no member; its creator decides\n.*invite/)
    expect(stranger.stdout).toContain('not tried: the room lets members in')

    const synced = await run(bob, 'ledger', 'show', roomUrl, '--sync', '30', '--direct', 'off')
    expect(synced).toMatchObject({ code: 0, stderr: '' })
    expect(synced.stdout).toContain(`Lab (${id})`)
    expect(synced.stdout).toContain('confirmed, by 5 others or more')
    expect((await run(eve, 'ledger', 'show', roomUrl, '--sync', '30', '--direct', 'off')).code).toBe(5)
    await left(creator)
  })
})

describe('a consortium', () => {
  it('lets somebody in when enough of its approvers have agreed, each by himself', async () => {
    const [founder, first, second, newcomer] = await Promise.all([person(), person(), person(), person()])
    const approvers = [first, second].flatMap(({ siteId }) => ['--approver', siteId])
    const { roomUrl } = await founded(founder, '--policy', 'consortium', ...approvers, '--threshold', '2')
    const watching = started(second, 'approve', roomUrl, '--watch')
    const asking = joining(newcomer, roomUrl, '--name', 'New', '--ask', 'hello')
    expect(await asking.event('waiting')).toMatchObject({ approvals: 0, approvalsNeeded: 2 })
    await expect.poll(() => watching.stdout()).toContain(newcomer.siteId)

    const approved = await done(first, 'approve', roomUrl, '--all')
    expect(approved.only('approved')).toMatchObject({ siteId: newcomer.siteId, approvals: 1, approvalsNeeded: 2 })
    expect((await done(first, 'approve', roomUrl)).only('waiting').approvedBy).toEqual([first.siteId])
    await asking.event('waiting', ({ approvals }) => approvals === 1)
    expect((await done(newcomer, 'networks')).only('known')).toMatchObject({ standing: 'stranger' })

    await left(watching)
    const open = started(second, 'approve', roomUrl, '--watch', '--all')
    await asking.event('joined')
    await expect.poll(() => open.stdout()).toContain('"approved"')
    await left(open)
    await left(asking)
    expect((await done(newcomer, 'networks')).only('known')).toMatchObject({ standing: 'member', role: 'approved' })
    const approver = joining(first, roomUrl)
    expect(await approver.event('membership')).toMatchObject({ role: 'approver' })
    await approver.event('joined')
    await left(approver)
  })

  it('is waited for no longer than was said, and what was approved meanwhile is not lost', async () => {
    const [founder, first, second, newcomer] = await Promise.all([person(), person(), person(), person()])
    const approvers = [first, second].flatMap(({ siteId }) => ['--approver', siteId])
    const { roomUrl } = await founded(founder, '--policy', 'consortium', ...approvers)
    const ask = ['join', roomUrl, '--direct', 'off', '--ask', '--for', '1']
    const refused = await failure(newcomer, ask)
    expect(refused).toMatchObject({ exitCode: 5, code: 'membership', reason: 'membership-insufficient' })
    expect((await done(newcomer, 'networks')).only('known')).toMatchObject({ waiting: { approvals: 0 } })
    for (const approver of [first, second]) await done(approver, 'approve', roomUrl, newcomer.siteId)
    expect((await done(newcomer, ...ask)).only('joined')).toMatchObject({ name: 'Lab' })
  })

  it('has no invites', async () => {
    const [founder, first] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(founder, '--policy', 'consortium', '--approver', first.siteId)
    const refused = await failure(founder, ['invite', roomUrl])
    expect(refused).toMatchObject({ exitCode: 2, code: 'invalid-argument', reason: 'policy' })
  })
})

describe('bad invites', () => {
  it('are told apart', async () => {
    const [ada, bob, eve] = await Promise.all([person(), person(), person()])
    const [lab, other] = [await founded(ada, '--policy', 'private'), await founded(ada, '--policy', 'private')]
    const { url } = await invited(ada, lab.roomUrl)
    const foreign = await invited(ada, other.roomUrl)
    const code = url.split('#invite=')[1] ?? ''
    const refusedWith = async (invite: string) => {
      const { exitCode, code: kind, reason } = await failure(bob, ['join', lab.roomUrl, '--invite', invite])
      return [exitCode, kind, reason]
    }
    expect(await refusedWith(code.slice(0, -1))).toEqual([2, 'membership', 'invite-malformed'])
    expect(await refusedWith('hello')).toEqual([2, 'membership', 'invite-malformed'])
    const changed = (code[60] === 'A' ? 'B' : 'A') + code.slice(61)
    expect(await refusedWith(code.slice(0, 60) + changed)).toEqual([2, 'membership', 'invite-damaged'])
    expect(await refusedWith(foreign.url)).toEqual([2, 'membership', 'invite-foreign'])
    expect(await refusedWith(await forgedBy(eve, lab.id))).toEqual([3, 'membership', 'membership-signature'])

    const brief = await invited(ada, lab.roomUrl, '--expires', '1s')
    await pause(1_100)
    expect(await refusedWith(brief.url)).toEqual([5, 'membership', 'invite-expired'])
    expect((await done(ada, 'invite', lab.roomUrl, '--list')).all('invite').at(-1)).toMatchObject({ isExpired: true })
    // None of it has used up the good one, which may come from the environment, too.
    const run = await runJson(bob.folder, ['join', lab.roomUrl, '--direct', 'off', '--for', '0.2'], {
      EDGE_NET_INVITE: code,
    })
    expect(run).toMatchObject({ code: 0, stderr: '' })
  })

  it('to a plain name are refused: everybody may join', async () => {
    const { exitCode, hint } = await failure(await person(), ['join', service.roomUrl('mainnet'), '--invite', 'x'])
    expect(exitCode).toBe(2)
    expect(hint).toContain(service.roomUrl('mainnet'))
  })
})

/** A whole invite that somebody has signed who is not the network's creator. */
async function forgedBy({ folder }: Person, id: string): Promise<string> {
  const network = parseNetworkId(id) ?? new Uint8Array(0)
  const { publicKey, privateKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const inviteKey: Bytes = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
  const { d = '' } = await crypto.subtle.exportKey('jwk', privateKey)
  const forger = await loadIdentity(folder)
  const terms = { inviteKey, expiresAtMs: Date.now() + 60_000, uses: 1 }
  const certificate = await signInvite(network, terms, (message) => forger.sign(message))
  return encodeInviteCode(network, certificate, fromBase64Url(d) ?? new Uint8Array(0))
}

describe.skipIf(!HAS_TERMINALS)('on a terminal', () => {
  it('an invite is drawn, in colours or without', async () => {
    const ada = await person()
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const coloured = onTerminal(['invite', roomUrl], { EDGE_NET_DATA: ada.folder })
    expect(await coloured.ended).toBe(0)
    expect(coloured.shown()).toContain('\u001b[97;40m████')
    const plain = onTerminal(['invite', roomUrl], { EDGE_NET_DATA: ada.folder, NO_COLOR: '1' })
    expect(await plain.ended).toBe(0)
    expect(plain.shown()).toMatch(/^█{40,}\r$/m)
    expect(plain.shown()).not.toContain('\u001b')
  })

  it('a removal is asked for', async () => {
    const [ada, bob] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const answered = async (keys: string) => {
      const command = onTerminal(['remove', roomUrl, bob.siteId], { EDGE_NET_DATA: ada.folder })
      await expect.poll(() => command.shown()).toContain('Go on? [y/N]')
      command.type(keys)
      return { code: await command.ended, shown: command.shown() }
    }
    for (const no of ['n\n', '\n']) {
      expect(await answered(no)).toMatchObject({ code: 1, shown: expect.stringContaining('Nothing was removed.') })
    }
    expect((await answered('\u0003')).code).toBe(130)
    const { code, shown } = await answered('y\n')
    expect(code).toBe(0)
    expect(shown).toContain('1 member from Lab, for good')
    expect(shown).toContain(`removed   ${bob.siteId}`)
  })

  it('an approver is asked about everybody who comes', async () => {
    const [ada, bob] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const watching = onTerminal(['approve', roomUrl, '--watch'], { EDGE_NET_DATA: ada.folder })
    const asking = joining(bob, roomUrl, '--name', 'Bob', '--ask', 'let me in')
    await expect.poll(() => watching.shown()).toContain('Let Bob in? [y]es, [n]o, [l]ater, [q]uit: ')
    expect(watching.shown()).toContain('“let me in”')
    watching.type('what?\ny\n')
    await asking.event('joined')
    await expect.poll(() => watching.shown()).toContain(`approved  ${bob.siteId}`)
    watching.type('\u0003')
    expect(await watching.ended).toBe(0)
    await left(asking)
  })
})

describe('failures', () => {
  it('of strangers say what would help', async () => {
    const [ada, bob] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const stranger = await failure(bob, ['join', roomUrl])
    expect(stranger).toMatchObject({ exitCode: 5, code: 'membership', reason: 'membership-missing' })
    expect(stranger.hint).toMatch(/invite.*--ask/)
    for (const args of [
      ['invite', roomUrl],
      ['remove', roomUrl, ada.siteId, '--yes'],
    ]) {
      expect(await failure(bob, args)).toMatchObject({ exitCode: 2, reason: 'not-creator' })
    }
    expect(await failure(bob, ['approve', roomUrl])).toMatchObject({ exitCode: 2, reason: 'not-approver' })
    const nobody = { folder: join(parent, 'nobody'), siteId: '' }
    expect((await failure(nobody, ['invite', roomUrl])).exitCode).toBe(2)
  })

  it('of wrong places are told apart', async () => {
    const ada = await person()
    const { id, roomUrl } = await founded(ada, '--policy', 'private')
    const elsewhere = await startService({ rateLimits: 'off' })
    try {
      const unknown = await failure(await person(), ['join', elsewhere.roomUrl(id), '--ask'])
      expect(unknown).toMatchObject({ exitCode: 3, code: 'membership', reason: 'network-unknown' })
    } finally {
      await elsewhere.close()
    }
    const nowhere = await failure(await person(), ['join', `http://127.0.0.1:9/n/${id}`])
    expect(nowhere).toMatchObject({ exitCode: 4, code: 'room-unreachable' })
    expect((await failure(ada, ['join', `${roomUrl}x`])).exitCode).toBe(2)
    const open = (await done(ada, 'create', service.url, '--name', 'Open')).only('created')
    for (const args of [
      ['invite', open.roomUrl],
      ['approve', service.roomUrl('mainnet')],
      ['remove', open.roomUrl, ada.siteId],
    ]) {
      expect(await failure(ada, args)).toMatchObject({ exitCode: 2, reason: 'policy' })
    }
  })

  it('of removals: nothing without a yes, nobody who cannot be, no beginnings of keys', async () => {
    const [ada, bob] = await Promise.all([person(), person()])
    const { roomUrl } = await founded(ada, '--policy', 'private')
    const unasked = await startCommand(['remove', roomUrl, bob.siteId], { env: { EDGE_NET_DATA: ada.folder } }).ended
    expect(unasked.code).toBe(2)
    expect(unasked.stderr).toContain('removes 1 member from Lab, for good')
    expect(unasked.stderr).toContain('--yes')
    expect((await failure(ada, ['remove', roomUrl, ada.siteId, '--yes'])).exitCode).toBe(2)
    expect((await failure(ada, ['remove', roomUrl, bob.siteId.slice(0, 12), '--yes'])).exitCode).toBe(2)
    expect((await failure(ada, ['approve', roomUrl, bob.siteId.slice(0, 12)])).exitCode).toBe(2)
    expect((await failure(ada, ['invite', roomUrl, '--revoke', bob.siteId.slice(0, 12)])).exitCode).toBe(2)
  })

  it.each([
    [['invite', 'ROOM', '--uses', '0'], '--uses'],
    [['invite', 'ROOM', '--expires', 'never'], '--expires'],
    [['invite', 'ROOM', '--list', '--revoke', 'x'], '--list'],
    [['approve', 'ROOM', '--decline'], '--decline'],
    [['approve', 'ROOM', 'Ada'], 'no siteId'],
    [['remove', 'ROOM'], 'key'],
    [['join', 'ROOM', '--ask', 'two\nlines'], '--ask'],
    [['join', 'ROOM', '--ask', 'é'.repeat(101)], '202 bytes'],
  ])('of the arguments exit with 2 and a hint: %j', async (args, named) => {
    const room = service.roomUrl(`net-${'A'.repeat(43)}`)
    const { code, stdout, stderr } = await startCommand(args.map((arg) => (arg === 'ROOM' ? room : arg))).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^edge-net: /)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })
})
