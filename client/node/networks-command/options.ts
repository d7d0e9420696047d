/** What was asked of the commands about networks and their members, checked before anybody is asked anything. */
import { fromBase64Url, utf8 } from '../../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, isLabel, type Parameters, type Policy } from '../../../protocol/genesis.ts'
import {
  KEY_BYTES,
  MAX_APPROVERS,
  MAX_CONFIRMATIONS,
  MAX_DEGREE,
  MAX_DESCRIPTION_BYTES,
  MAX_ENTRY_GAP_MS,
  MAX_INVITE_USES,
  MAX_NAME_BYTES,
  MIN_DEGREE,
  MIN_ENTRY_GAP_MS,
} from '../../../protocol/limits.ts'
import type { Founding } from '../../networks/api.ts'
import type { Environment } from '../environment.ts'
import { pointOf, spanOf } from '../ledger-command/time.ts'
import { folderOf, wholeNumberOf } from '../options.ts'
import { UsageError } from '../usage-error.ts'

/** Of every sub-command here, as commander gives them. */
export interface NetworksFlags {
  readonly data?: string
  readonly json?: boolean
}

export interface CreateFlags extends NetworksFlags {
  readonly name?: string
  readonly description?: string
  readonly policy?: string
  readonly approver?: readonly string[]
  readonly threshold?: string
  readonly confirmations?: string
  readonly degree?: string
  readonly entryGap?: string
}

export interface ListFlags extends NetworksFlags {
  readonly query?: string
  readonly limit?: string
  readonly all?: boolean
}

export interface InviteFlags extends NetworksFlags {
  readonly expires?: string
  readonly uses?: string
  readonly list?: boolean
  readonly revoke?: string
}

export interface ApproveFlags extends NetworksFlags {
  readonly expires?: string
  readonly watch?: boolean
  readonly all?: boolean
  readonly decline?: boolean
}

export interface RemoveFlags extends NetworksFlags {
  readonly yes?: boolean
}

export type CreateOptions = Omit<Founding, 'identity'> & { readonly folder: string }

export interface ListOptions {
  readonly folder: string
  readonly query: string | undefined
  /** How many at most. */
  readonly limit: number
}

/** What `invite` is to do. */
export type InviteOptions = { readonly folder: string } & (
  | { readonly act: 'make'; readonly expiresAtMs: number | undefined; readonly uses: number }
  | { readonly act: 'list' }
  | { readonly act: 'revoke'; readonly key: string }
)

export interface ApproveOptions {
  readonly folder: string
  /** What is done with those who are meant: `approve` unless they are sent away. */
  readonly act: 'approve' | 'decline'
  /** Without an end if `undefined`. */
  readonly expiresAtMs: number | undefined
  /** `none`: they are listed. */
  readonly whom: 'none' | 'all' | readonly string[]
  readonly watch: boolean
}

export interface RemoveOptions {
  readonly folder: string
  readonly keys: readonly string[]
  readonly isConfirmed: boolean
}

/** @throws UsageError */
export function createOptions(host: string, flags: CreateFlags, environment: Environment): CreateOptions {
  const { name, description } = flags
  if (name === undefined) throw new UsageError('A network needs a name: --name.', 'For example: --name "Render farm"')
  const policy = policyOf(flags.policy ?? 'public')
  return {
    folder: folderOf(flags.data, environment),
    host: hostOf(host),
    name: labelOf(name, '--name', MAX_NAME_BYTES),
    ...(description !== undefined && { description: descriptionOf(description) }),
    policy,
    ...consortiumOf(policy, flags),
    parameters: parametersOf(flags),
  }
}

/** The origin of a URL that was written as `https://HOST`. @throws UsageError */
export function hostOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url.origin
  throw new UsageError(`"${text}" is no host.`, 'Use the URL of a service: https://HOST.')
}

/** @throws UsageError */
export function labelOf(text: string, flag: string, mostBytes: number): string {
  const size = utf8(text).length
  if (text === '') throw new UsageError(`${flag} is empty.`, `Use 1 to ${mostBytes} bytes of UTF-8.`)
  if (size > mostBytes) {
    throw new UsageError(`${flag} has ${size} bytes of UTF-8.`, `Use at most ${mostBytes} bytes.`)
  }
  if (isLabel(text)) return text
  const message = `${flag} has characters that are not shown as text, or blanks at its ends.`
  throw new UsageError(message, 'Leave out line breaks, control characters and marks of direction.')
}

function descriptionOf(text: string): string {
  return text === '' ? '' : labelOf(text, '--description', MAX_DESCRIPTION_BYTES)
}

const POLICIES: readonly Policy[] = ['public', 'private', 'consortium']

function policyOf(text: string): Policy {
  const policy = POLICIES.find((candidate) => candidate === text)
  if (policy) return policy
  throw new UsageError(`--policy is "${text}".`, `Use ${POLICIES.join(', ')}.`)
}

function consortiumOf(policy: Policy, { approver: approvers = [], threshold }: CreateFlags) {
  if (policy !== 'consortium') {
    const flag = approvers.length > 0 ? '--approver' : threshold === undefined ? undefined : '--threshold'
    if (flag === undefined) return {}
    const message = `${flag} is for a consortium, and this network is ${policy}.`
    throw new UsageError(message, 'Add --policy consortium, or leave it out.')
  }
  if (approvers.length === 0) {
    const message = 'A consortium needs approvers: --approver, once for each.'
    throw new UsageError(message, 'Each tells you the siteId that edge-net identity list prints: 43 characters.')
  }
  if (approvers.length > MAX_APPROVERS) {
    throw new UsageError(`There are ${approvers.length} approvers.`, `Name at most ${MAX_APPROVERS}.`)
  }
  for (const siteId of approvers) {
    if (!isKey(siteId)) throw new UsageError(`--approver "${siteId}" is no siteId.`, KEY_HINT)
  }
  const twice = approvers.find((siteId, i) => approvers.indexOf(siteId) !== i)
  if (twice) throw new UsageError(`--approver ${twice} is there twice.`, 'Name each approver once.')
  const most = approvers.length
  return {
    approvers,
    ...(threshold !== undefined && {
      threshold: wholeNumberOf(threshold, '--threshold', { least: 1, most, example: String(Math.ceil(most / 2)) }),
    }),
  }
}

function parametersOf({ confirmations, degree, entryGap }: CreateFlags): Partial<Parameters> {
  return {
    ...(confirmations !== undefined && {
      confirmations: wholeNumberOf(confirmations, '--confirmations', {
        least: 1,
        most: MAX_CONFIRMATIONS,
        example: String(DEFAULT_PARAMETERS.confirmations),
      }),
    }),
    ...(degree !== undefined && {
      maxDegree: wholeNumberOf(degree, '--degree', {
        least: MIN_DEGREE,
        most: MAX_DEGREE,
        example: String(DEFAULT_PARAMETERS.maxDegree),
      }),
    }),
    ...(entryGap !== undefined && { entryGapMs: entryGapOf(entryGap) }),
  }
}

function entryGapOf(text: string): number {
  const ms = Math.round(Number(text) * 1_000)
  if (text.trim() !== '' && ms >= MIN_ENTRY_GAP_MS && ms <= MAX_ENTRY_GAP_MS) return ms
  const bounds = `from ${MIN_ENTRY_GAP_MS / 1_000} to ${MAX_ENTRY_GAP_MS / 1_000}`
  throw new UsageError(`--entry-gap takes seconds ${bounds}, not "${text}".`, 'For example: --entry-gap 1')
}

const DEFAULT_LIMIT = '20'
/** They are fetched page by page, a hundred at a time. */
const MAX_LIMIT = 10_000
/** The host answers no longer ones. */
const MAX_QUERY_BYTES = 64

/** @throws UsageError */
export function listOptions(host: string | undefined, flags: ListFlags, environment: Environment): ListOptions {
  const { query, limit, all } = flags
  const folder = folderOf(flags.data, environment)
  const ofHost = query !== undefined ? '--query' : limit !== undefined ? '--limit' : all ? '--all' : undefined
  if (host === undefined && ofHost) {
    const message = `${ofHost} is for the public networks of a host, and no host is named.`
    throw new UsageError(message, 'For example: edge-net networks https://HOST --query render')
  }
  if (all && limit !== undefined) throw new UsageError('--all and --limit contradict each other.', 'Use one of them.')
  if (query !== undefined && utf8(query).length > MAX_QUERY_BYTES) {
    throw new UsageError('--query is too long.', `Use at most ${MAX_QUERY_BYTES} bytes.`)
  }
  return {
    folder,
    query: query || undefined,
    limit: all
      ? Infinity
      : wholeNumberOf(limit ?? DEFAULT_LIMIT, '--limit', { least: 1, most: MAX_LIMIT, example: DEFAULT_LIMIT }),
  }
}

const DEFAULT_USES = '1'

/** @throws UsageError */
export function inviteOptions(flags: InviteFlags, environment: Environment, nowMs: number): InviteOptions {
  const { expires, uses, list, revoke } = flags
  const folder = folderOf(flags.data, environment)
  if (list && revoke !== undefined) throw new UsageError('--list and --revoke are two things.', 'Use one of them.')
  if (!list && revoke === undefined) {
    return {
      folder,
      act: 'make',
      expiresAtMs: expires === undefined ? undefined : endOf(expires, nowMs),
      uses: wholeNumberOf(uses ?? DEFAULT_USES, '--uses', { least: 1, most: MAX_INVITE_USES, example: '5' }),
    }
  }
  const ofNew = expires !== undefined ? '--expires' : uses !== undefined ? '--uses' : undefined
  if (ofNew) {
    const other = list ? '--list' : '--revoke'
    throw new UsageError(`${ofNew} is for a new invite, and ${other} makes none.`, 'Use one of them.')
  }
  if (revoke === undefined) return { folder, act: 'list' }
  if (revoke === '') throw new UsageError('--revoke takes an invite key, not "".', INVITE_KEY_HINT)
  return { folder, act: 'revoke', key: revoke }
}

/** @throws UsageError */
export function approveOptions(
  siteIds: readonly string[],
  flags: ApproveFlags,
  environment: Environment,
  nowMs: number,
): ApproveOptions {
  const { expires, watch = false, all, decline } = flags
  if (all && siteIds.length > 0) {
    throw new UsageError('--all means everybody who waits, and some are named, too.', 'Use one of them.')
  }
  if (watch && siteIds.length > 0) {
    throw new UsageError('--watch asks about whoever comes, and some are named.', 'Leave out one of them.')
  }
  if (decline && expires !== undefined) {
    throw new UsageError('--expires is for approvals, and --decline gives none.', 'Use one of them.')
  }
  const whom = all ? 'all' : siteIds.length > 0 ? siteIds.map(whoseOf) : 'none'
  if (decline && whom === 'none') {
    throw new UsageError('--decline does not say whom.', 'Name them by their siteIds, or use --all.')
  }
  return {
    folder: folderOf(flags.data, environment),
    act: decline ? 'decline' : 'approve',
    expiresAtMs: expires === undefined ? undefined : endOf(expires, nowMs),
    whom,
    watch,
  }
}

/** @throws UsageError */
export function removeOptions(keys: readonly string[], flags: RemoveFlags, environment: Environment): RemoveOptions {
  for (const key of keys) {
    if (!isKey(key)) {
      const message = `"${key}" is neither a siteId nor an invite key.`
      throw new UsageError(message, `${KEY_HINT} Beginnings of them are not taken: a removal is for good.`)
    }
  }
  return { folder: folderOf(flags.data, environment), keys: [...new Set(keys)], isConfirmed: flags.yes === true }
}

/**
 * A point in the future: `2026-12-24`, `2026-12-24T18:00`, or `7d` for seven days from now.
 *
 * @returns milliseconds since 1970
 * @throws UsageError
 */
export function endOf(text: string, nowMs: number): number {
  const spanMs = spanOf(text)
  const ms = spanMs === undefined ? pointOf(text) : nowMs + spanMs
  const example = 'For example: --expires 7d, or --expires 2026-12-24T18:00.'
  if (ms === undefined) throw new UsageError(`--expires takes a time, not "${text}".`, example)
  if (ms > nowMs && ms <= LATEST_MS) return Math.round(ms)
  throw new UsageError(`--expires ${text} is ${ms > nowMs ? 'too far away' : 'over already'}.`, example)
}

/** What JavaScript can write as a date: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LATEST_MS = 8.64e15

/** Whether a text is 32 bytes in base64url: an identity, or an invite's public half. */
export function isKey(text: string): boolean {
  return fromBase64Url(text)?.length === KEY_BYTES
}

/**
 * Somebody can make a key that begins like another one for a few characters, and wait under it. Twelve are 72 bits, which
 * nobody can.
 */
const MIN_BEGINNING = 12
const BEGINNING = new RegExp(`^[A-Za-z0-9_-]{${MIN_BEGINNING},43}$`)

function whoseOf(text: string): string {
  if (BEGINNING.test(text)) return text
  throw new UsageError(`"${text}" is no siteId.`, `Use one, or its first ${MIN_BEGINNING} characters or more.`)
}

const KEY_HINT = 'It has 43 letters, digits, - and _.'
const INVITE_KEY_HINT = 'edge-net invite ROOM-URL --list shows them.'
