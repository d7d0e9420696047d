/**
 * What the data folder knows of networks: what each is, as what each identity belongs to it, and the invites that were made.
 *
 *     networks/net-…/network.json            where and what it is, with its genesis
 *     networks/net-…/member-SITEID.json      how an identity stands to it, and what proves its membership
 *     networks/net-…/invite-INVITEKEY.json   an invite, which whoever reads it can use
 *
 * Each is a file of its own, replaced whole: two processes with one folder never undo what the other has written. All that is
 * in them is checked again by who uses it (a genesis hashes to the network's id, a chain is signed), so they can be trusted as
 * little as a host and do no harm.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBase64Url } from '../../protocol/bytes.ts'
import { parseNetworkId } from '../../protocol/network.ts'
import type { Policy } from '../../protocol/genesis.ts'
import type { MemberNetwork, Standing } from '../networks/api.ts'
import { reasonOf } from './data-folder.ts'
import { damagedFile, readPrivateFile, writePrivateFile } from './private-file.ts'
import { UsageError } from './usage-error.ts'

export interface KeptNetwork {
  /** `net-` and 43 base64url characters. */
  readonly id: string
  /** The founder's label, or the plain name. */
  readonly name: string
  readonly policy: Policy
  /** Where it was joined last. */
  readonly roomUrl: string
  /** base64url; absent behind a plain name. */
  readonly genesis?: string
  /** The latest list of whom it has removed, base64url: a host that hides a newer one hides nothing that was seen here. */
  readonly revocations?: string
}

export interface KeptMembership {
  readonly siteId: string
  readonly standing: Standing
  readonly role?: NonNullable<MemberNetwork['role']>
  /** base64url; empty when none is needed, or when there is none. */
  readonly chain: string
  /** Absent when it never ends, or when there is none. */
  readonly endsAtMs?: number
  /** While waiting to be let in: how many have approved so far. */
  readonly waiting?: { readonly approvals: number }
}

export interface KeptInvite {
  /** What it is revoked by, base64url. */
  readonly inviteKey: string
  /** With the code in its fragment: a secret. */
  readonly url: string
  readonly expiresAtMs?: number
  readonly uses: number
  readonly madeAtMs: number
}

const POLICIES: readonly string[] = ['public', 'private', 'consortium'] satisfies Policy[]
const STANDINGS: readonly string[] = ['member', 'stranger', 'expired', 'revoked'] satisfies Standing[]
const ROLES: readonly string[] = [
  'everybody',
  'creator',
  'approver',
  'invited',
  'approved',
] satisfies KeptMembership['role'][]

/** The networks of one data folder. Every method throws UsageError when a file cannot be read or written, or is damaged. */
export class KeptNetworks {
  readonly #folder: string

  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, 'networks')
  }

  /** A list of revocations that is there already stays, unless this one is newer. */
  async keep(network: KeptNetwork): Promise<void> {
    const before = (await this.network(network.id))?.revocations
    const isNewer = numberOf(network.revocations) >= numberOf(before)
    const kept = isNewer || before === undefined ? network : { ...network, revocations: before }
    return this.#write(network.id, 'network', kept)
  }

  network(id: string): Promise<KeptNetwork | undefined> {
    return this.#read(id, 'network', isNetwork)
  }

  /** All of them, by name. */
  async networks(): Promise<readonly KeptNetwork[]> {
    const ids = (await namesIn(this.#folder)).filter((name) => parseNetworkId(name) !== undefined)
    const all = await Promise.all(ids.map((id) => this.network(id)))
    const found = all.filter((network) => network !== undefined)
    return found.toSorted((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1))
  }

  keepMembership(id: string, membership: KeptMembership): Promise<void> {
    return this.#write(id, `member-${membership.siteId}`, membership)
  }

  membership(id: string, siteId: string): Promise<KeptMembership | undefined> {
    return this.#read(id, `member-${siteId}`, isMembership)
  }

  memberships(id: string): Promise<readonly KeptMembership[]> {
    return this.#all(id, 'member', isMembership)
  }

  keepInvite(id: string, invite: KeptInvite): Promise<void> {
    return this.#write(id, `invite-${invite.inviteKey}`, invite)
  }

  /** The oldest first. */
  async invites(id: string): Promise<readonly KeptInvite[]> {
    return (await this.#all(id, 'invite', isInvite)).toSorted((a, b) => a.madeAtMs - b.madeAtMs)
  }

  async #all<Kept>(id: string, kind: string, fits: (value: unknown) => value is Kept): Promise<readonly Kept[]> {
    const names = await namesIn(join(this.#folder, id))
    const wanted = names.flatMap((name) =>
      name.startsWith(`${kind}-`) && name.endsWith('.json') ? [name.slice(0, -5)] : [],
    )
    const all = await Promise.all(wanted.map((name) => this.#read(id, name, fits)))
    return all.filter((kept) => kept !== undefined)
  }

  async #read<Kept>(id: string, name: string, fits: (value: unknown) => value is Kept): Promise<Kept | undefined> {
    const path = this.#path(id, name)
    const text = await readPrivateFile(path)
    if (text === undefined) return undefined
    const value = parsed(text)
    if (fits(value)) return value
    throw damagedFile(path)
  }

  async #write(id: string, name: string, value: object): Promise<void> {
    const path = this.#path(id, name)
    const text = `${JSON.stringify(value, undefined, 2)}\n`
    // Mostly nothing is new, and a folder that cannot be written will do.
    if ((await readPrivateFile(path)) !== text) await writePrivateFile(path, text)
  }

  #path(id: string, name: string): string {
    return join(this.#folder, id, `${name}.json`)
  }
}

/** The number in front of a list of revocations; 0 for none. */
function numberOf(revocations: string | undefined): number {
  const bytes = revocations === undefined ? undefined : fromBase64Url(revocations)
  return bytes && bytes.length >= 4 ? new DataView(bytes.buffer).getUint32(bytes.byteOffset) : 0
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw unreadable(folder, error)
  }
}

function unreadable(path: string, error: unknown): UsageError {
  return new UsageError(
    `${path} cannot be used: ${reasonOf(error)}.`,
    'Choose another folder with --data or EDGE_NET_DATA.',
  )
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Fields<Kept> = Readonly<Record<keyof Kept, unknown>>

function isNetwork(value: unknown): value is KeptNetwork {
  const { id, name, policy, roomUrl, genesis, revocations } = Object(value) as Fields<KeptNetwork>
  return (
    [id, name, roomUrl].every(isText) &&
    isOneOf(policy, POLICIES) &&
    [genesis, revocations].every((text) => isAbsentOr(text, isText))
  )
}

function isMembership(value: unknown): value is KeptMembership {
  const { siteId, standing, role, chain, endsAtMs, waiting } = Object(value) as Fields<KeptMembership>
  const { approvals } = Object(waiting) as { approvals?: unknown }
  const isSound = isText(siteId) && isText(chain) && isOneOf(standing, STANDINGS)
  return (
    isSound &&
    isAbsentOr(role, (text) => isOneOf(text, ROLES)) &&
    isAbsentOr(endsAtMs, isTime) &&
    isAbsentOr(approvals, isTime)
  )
}

function isInvite(value: unknown): value is KeptInvite {
  const { inviteKey, url, expiresAtMs, uses, madeAtMs } = Object(value) as Fields<KeptInvite>
  return isText(inviteKey) && isText(url) && isAbsentOr(expiresAtMs, isTime) && isTime(uses) && isTime(madeAtMs)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isOneOf(value: unknown, allowed: readonly string[]): boolean {
  return typeof value === 'string' && allowed.includes(value)
}

function isAbsentOr(value: unknown, fits: (value: unknown) => boolean): boolean {
  return value === undefined || fits(value)
}
