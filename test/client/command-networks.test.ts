/** What is asked of the commands about networks and their members, and what of it a data folder keeps. */
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { networkIdText } from '../../protocol/network.ts'
import { KeptNetworks, type KeptInvite, type KeptNetwork } from '../../client/node/kept-network.ts'
import {
  approveOptions,
  createOptions,
  inviteOptions,
  listOptions,
  removeOptions,
} from '../../client/node/networks-command/options.ts'
import { UsageError } from '../../client/node/usage-error.ts'

const HOST = 'https://edge.example'
const NOW_MS = Date.UTC(2026, 10, 25, 12)
const DAY_MS = 86_400_000
const siteId = (n: number) => toBase64Url(new Uint8Array(32).fill(n))
const ENVIRONMENT = { EDGE_NET_DATA: '/srv/edge' }

/** What a refusal of the arguments says. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).hint).not.toBe('')
    return (error as UsageError).message
  }
  return 'accepted'
}

describe('create', () => {
  const created = (flags: Parameters<typeof createOptions>[1], host = HOST) => createOptions(host, flags, ENVIRONMENT)

  it('needs nothing but a host and a name', () => {
    expect(created({ name: 'Farm' }, `${HOST}/n/mainnet?x`)).toEqual({
      folder: '/srv/edge',
      host: HOST,
      name: 'Farm',
      policy: 'public',
      parameters: {},
    })
  })

  it('takes all that a founder can choose', () => {
    const approver = [siteId(1), siteId(2)]
    const flags = { name: 'A', description: 'b', policy: 'consortium', approver, threshold: '2' }
    expect(created({ ...flags, confirmations: '5', degree: '12', entryGap: '1.5', data: '/d' })).toEqual({
      folder: '/d',
      host: HOST,
      name: 'A',
      description: 'b',
      policy: 'consortium',
      approvers: approver,
      threshold: 2,
      parameters: { confirmations: 5, maxDegree: 12, entryGapMs: 1_500 },
    })
  })

  it.each([
    [{}, '--name'],
    [{ name: '' }, '--name is empty'],
    [{ name: 'é'.repeat(33) }, '66 bytes'],
    [{ name: 'two\nlines' }, '--name'],
    [{ name: 'left\u202egnp.exe' }, '--name'],
    [{ name: ' blank' }, '--name'],
    [{ description: 'x'.repeat(513) }, '513 bytes'],
    [{ description: 'a\u001b[2J' }, '--description'],
    [{ policy: 'secret' }, '--policy'],
    [{ approver: [siteId(1)] }, '--approver is for a consortium'],
    [{ policy: 'private', threshold: '1' }, '--threshold is for a consortium'],
    [{ policy: 'consortium' }, 'needs approvers'],
    [{ policy: 'consortium', approver: ['Ada'] }, '"Ada" is no siteId'],
    [{ policy: 'consortium', approver: [siteId(1), siteId(1)] }, 'twice'],
    [{ policy: 'consortium', approver: Array.from({ length: 11 }, (_, i) => siteId(i)) }, '11 approvers'],
    [{ policy: 'consortium', approver: [siteId(1)], threshold: '2' }, '--threshold'],
    [{ policy: 'consortium', approver: [siteId(1)], threshold: '0' }, '--threshold'],
    [{ confirmations: '0' }, '--confirmations'],
    [{ confirmations: '17' }, '--confirmations'],
    [{ degree: '2' }, '--degree'],
    [{ degree: '33' }, '--degree'],
    [{ entryGap: '0' }, '--entry-gap'],
    [{ entryGap: '3601' }, '--entry-gap'],
    [{ entryGap: 'soon' }, '--entry-gap'],
  ])('refuses %j', (flags, named) => {
    const name = 'name' in flags || Object.keys(flags).length === 0 ? {} : { name: 'Farm' }
    expect(refusal(() => created({ ...name, ...flags }))).toContain(named)
  })

  it.each(['edge.example', 'ftp://edge.example', ''])('refuses "%s" as a host', (host) => {
    expect(refusal(() => created({ name: 'Farm' }, host))).toContain('is no host')
  })
})

describe('networks', () => {
  it('shows 20 of a host, or as many as are wanted', () => {
    expect(listOptions(HOST, {}, ENVIRONMENT)).toEqual({ folder: '/srv/edge', query: undefined, limit: 20 })
    expect(listOptions(HOST, { all: true, query: 'render' }, ENVIRONMENT)).toMatchObject({
      query: 'render',
      limit: Infinity,
    })
  })

  it.each([
    [undefined, { query: 'x' }, '--query'],
    [undefined, { limit: '5' }, '--limit'],
    [undefined, { all: true }, '--all'],
    [HOST, { all: true, limit: '5' }, '--all'],
    [HOST, { limit: '0' }, '--limit'],
    [HOST, { query: 'x'.repeat(65) }, '--query'],
  ])('refuses %s %j', (host, flags, named) => {
    expect(refusal(() => listOptions(host, flags, ENVIRONMENT))).toContain(named)
  })
})

describe('invite', () => {
  const invited = (flags: Parameters<typeof inviteOptions>[0]) => inviteOptions(flags, ENVIRONMENT, NOW_MS)

  it('makes one for one person, without an end, unless told otherwise', () => {
    expect(invited({})).toMatchObject({ act: 'make', uses: 1, expiresAtMs: undefined })
    expect(invited({ uses: '20', expires: '7d' })).toMatchObject({ uses: 20, expiresAtMs: NOW_MS + 7 * DAY_MS })
    const until = Date.UTC(2026, 11, 24, 18)
    expect(invited({ expires: '2026-12-24T18:00' })).toMatchObject({ expiresAtMs: until })
    expect(invited({ expires: '2026-12-24T19:00+01:00' })).toMatchObject({ expiresAtMs: until })
  })

  it.each([
    [{ expires: '2026-11-24' }, 'over already'],
    [{ expires: '0s' }, 'over already'],
    [{ expires: 'tomorrow' }, '--expires'],
    [{ expires: '' }, '--expires'],
    [{ expires: '99999999999d' }, 'too far away'],
    [{ uses: '0' }, '--uses'],
    [{ uses: '1001' }, '--uses'],
    [{ list: true, revoke: siteId(1) }, '--list'],
    [{ list: true, uses: '2' }, '--uses'],
    [{ revoke: siteId(1), expires: '7d' }, '--expires'],
    [{ revoke: '' }, '--revoke'],
  ])('refuses %j', (flags, named) => {
    expect(refusal(() => invited(flags))).toContain(named)
  })
})

describe('approve and remove', () => {
  it('mean nobody, some or all', () => {
    const approved = (ids: string[], flags = {}) => approveOptions(ids, flags, ENVIRONMENT, NOW_MS)
    expect(approved([])).toMatchObject({ act: 'approve', whom: 'none', watch: false })
    expect(approved([siteId(1)], { expires: '1d' })).toMatchObject({ whom: [siteId(1)], expiresAtMs: NOW_MS + DAY_MS })
    expect(approved([siteId(1).slice(0, 12)], { decline: true })).toMatchObject({ act: 'decline' })
    expect(approved([], { all: true, watch: true })).toMatchObject({ whom: 'all', watch: true })
  })

  it.each([
    [[siteId(1)], { all: true }, '--all'],
    [[siteId(1)], { watch: true }, '--watch'],
    [[], { decline: true }, '--decline'],
    [[siteId(1)], { decline: true, expires: '1d' }, '--expires'],
    // Eleven characters are few enough to be made on purpose.
    [[siteId(1).slice(0, 11)], {}, 'no siteId'],
    [['Ada Lovelace'], {}, 'no siteId'],
  ])('refuse %j %j', (ids, flags, named) => {
    expect(refusal(() => approveOptions(ids, flags, ENVIRONMENT, NOW_MS))).toContain(named)
  })

  it('remove by whole keys only, each once', () => {
    expect(removeOptions([siteId(1), siteId(1)], {}, ENVIRONMENT)).toMatchObject({
      keys: [siteId(1)],
      isConfirmed: false,
    })
    expect(removeOptions([siteId(1)], { yes: true }, ENVIRONMENT)).toMatchObject({ isConfirmed: true })
    expect(refusal(() => removeOptions([siteId(1).slice(0, 12)], {}, ENVIRONMENT))).toContain('neither a siteId')
  })
})

describe('a data folder', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-net-kept-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const id = (n: number) => networkIdText(new Uint8Array(32).fill(n))
  const network = (n: number, name: string): KeptNetwork => {
    return { id: id(n), name, policy: 'private', roomUrl: `${HOST}/n/${id(n)}`, genesis: 'AAAA' }
  }
  const invite = (n: number): KeptInvite => {
    return { inviteKey: siteId(n), url: `${HOST}/n/${id(1)}#invite=x`, uses: n, madeAtMs: n }
  }

  it('knows networks by name, with what each identity is in them and the invites that were made', async () => {
    const kept = new KeptNetworks(folder)
    expect(await kept.networks()).toEqual([])
    await Promise.all([kept.keep(network(1, 'b')), kept.keep(network(2, 'a'))])
    const member = { siteId: siteId(1), standing: 'member', role: 'invited', chain: 'AQ', endsAtMs: 5 } as const
    const waits = { siteId: siteId(2), standing: 'stranger', chain: '', waiting: { approvals: 1 } } as const
    await kept.keepMembership(id(1), member)
    await kept.keepMembership(id(1), { ...waits, waiting: { approvals: 0 } })
    await kept.keepMembership(id(1), waits)
    await kept.keepInvite(id(1), invite(2))
    await kept.keepInvite(id(1), invite(1))
    expect((await kept.networks()).map(({ name }) => name)).toEqual(['a', 'b'])
    expect(await kept.membership(id(1), siteId(1))).toEqual(member)
    expect(await kept.membership(id(2), siteId(1))).toBeUndefined()
    expect(await kept.memberships(id(1))).toHaveLength(2)
    expect(await kept.membership(id(1), siteId(2))).toEqual(waits)
    expect(await kept.invites(id(1))).toEqual([invite(1), invite(2)])
  })

  it.skipIf(process.platform === 'win32')('is for its owner alone, and refuses what others can read', async () => {
    const kept = new KeptNetworks(folder)
    const place = join(folder, 'networks', id(1))
    expect((await stat(place)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(place)) expect((await stat(join(place, name))).mode & 0o777, name).toBe(0o600)
    const path = join(place, `invite-${siteId(1)}.json`)
    await chmod(path, 0o640)
    await expect(kept.invites(id(1))).rejects.toThrow(/Others can read .*0640/)
    await chmod(path, 0o600)
  })

  it.each(['{"id":', '{}', '[]', 'null', `{"inviteKey":"x","url":"y","uses":"many","madeAtMs":1}`, 'x'.repeat(70_000)])(
    'says which file is damaged: %.40s',
    async (text) => {
      const kept = new KeptNetworks(folder)
      const path = join(folder, 'networks', id(2), `invite-${siteId(9)}.json`)
      await writeFile(path, text, { mode: 0o600 })
      await expect(kept.invites(id(2))).rejects.toThrow(`${path} is damaged.`)
      await rm(path)
    },
  )

  it('keeps the latest list of whom a network has removed, and writes nothing that is there already', async () => {
    const kept = new KeptNetworks(folder)
    const list = (number: number) => toBase64Url(Uint8Array.of(0, 0, 0, number, 1))
    const known = async () => (await kept.network(id(4)))?.revocations
    await kept.keep(network(4, 'd'))
    for (const [given, wanted] of [
      [2, 2],
      [1, 2],
      [undefined, 2],
      [3, 3],
    ] as const) {
      await kept.keep({ ...network(4, 'd'), ...(given !== undefined && { revocations: list(given) }) })
      expect(await known()).toBe(list(wanted))
    }
    const path = join(folder, 'networks', id(4), 'network.json')
    const { ino } = await stat(path)
    await kept.keep({ ...network(4, 'd'), revocations: list(3) })
    expect((await stat(path)).ino).toBe(ino)
    await rm(join(folder, 'networks', id(4)), { recursive: true })
  })

  it('leaves alone what is no network', async () => {
    await writeFile(join(folder, 'networks', '.DS_Store'), '')
    await rm(join(folder, 'networks', 'net-x'), { recursive: true, force: true })
    expect(await new KeptNetworks(folder).networks()).toHaveLength(2)
  })

  it('that cannot be written says so', async () => {
    const file = join(folder, 'a-file')
    await writeFile(file, '')
    await expect(new KeptNetworks(file).keep(network(3, 'c'))).rejects.toThrow(UsageError)
  })
})
