/** What was asked on the command line and in the environment, checked. Flags win over the environment. */
import { utf8 } from '../../protocol/bytes.ts'
import { isLabel } from '../../protocol/genesis.ts'
import type { IceServer } from '../../protocol/http.ts'
import { MAX_NAME_BYTES, MAX_NOTE_BYTES } from '../../protocol/limits.ts'
import type { JoinOptions } from '../api.ts'
import { dataFolder } from './data-folder.ts'
import { listOf, variable, type Environment } from './environment.ts'
import { gunRelaysOf } from './gun.ts'
import { UsageError } from './usage-error.ts'

/** Of `join`, as commander gives them. */
export interface Flags {
  readonly name?: string
  readonly direct?: string
  readonly relayOnly?: boolean
  readonly message?: string
  readonly for?: string
  readonly json?: boolean
  readonly data?: string
  readonly ephemeral?: boolean
  /** False for `--no-ledger`; otherwise commander says true. */
  readonly ledger?: boolean
  readonly contribute?: boolean
  readonly share?: string
  readonly invite?: string
  /** True for `--ask` without a note. */
  readonly ask?: string | boolean
  readonly gun?: readonly string[]
}

/** Of `ping`. */
export interface PingFlags {
  readonly name?: string
  readonly direct?: string
  readonly relayOnly?: boolean
  readonly count?: string
  readonly interval?: string
  readonly wait?: string
  readonly json?: boolean
  readonly data?: string
}

/** What every joining sub-command passes on. */
export type JoinChoices = Pick<JoinOptions, 'name' | 'direct' | 'iceTransportPolicy' | 'iceServers'>

export interface StayOptions {
  readonly join: JoinChoices
  /** Sent to every peer as it is met. */
  readonly message: string | undefined
  readonly leaveAfterMs: number | undefined
  readonly json: boolean
  /** Keeps the identity, and the ledger; `undefined` when both are of the moment. */
  readonly folder: string | undefined
  readonly ledger: boolean
  /** How much of one processor core to contribute, 1 to 100; `undefined` for nothing. */
  readonly sharePercent: number | undefined
  /** A link or a code, beside what the room URL carries. */
  readonly invite: string | undefined
  /** Asks to be let in, with a note to those who decide; `undefined` when nobody is asked. */
  readonly asking: { readonly note: string } | undefined
  /** WebSocket URLs of Gun relays. */
  readonly gunRelays: readonly string[]
}

export interface PingOptions {
  readonly join: JoinChoices
  /** How many pings each peer gets; `Infinity` until told to end. */
  readonly count: number
  readonly intervalMs: number
  /** How long to wait for the peer, or for anybody, to appear. */
  readonly waitMs: number
  /** Whose identity is a member of the network, where that takes one. */
  readonly folder: string
}

/** Node's timers hold 2^31 − 1 ms. */
const MAX_STAY_SECONDS = 2_147_483

/** @throws UsageError */
export function stayOptions(flags: Flags, environment: Environment): StayOptions {
  return {
    join: joinChoices(flags, environment),
    message: flags.message,
    leaveAfterMs: flags.for === undefined ? undefined : secondsOf(flags.for, '--for', 0) * 1_000,
    json: flags.json === true,
    folder: keptIn(flags, environment),
    ledger: flags.ledger !== false,
    sharePercent: shareOf(flags),
    invite: flags.invite ?? variable(environment, 'EDGE_NET_INVITE'),
    asking: askingOf(flags),
    gunRelays: gunRelaysOf(flags.gun, environment),
  }
}

/** The data folder that was asked for, or the usual one. @throws UsageError for an empty name */
export function folderOf(flag: string | undefined, environment: Environment): string {
  // Whoever writes --data "$FOLDER" and has not set it does not mean the folder of the moment.
  if (flag === '') throw new UsageError('--data takes a folder, not "".', 'For example: --data ./edge-net-data')
  return dataFolder(flag ?? variable(environment, 'EDGE_NET_DATA'), environment)
}

function keptIn({ data, ephemeral }: Flags, environment: Environment): string | undefined {
  if (!ephemeral) return folderOf(data, environment)
  if (data === undefined) return undefined
  throw new UsageError('--ephemeral keeps nothing, so it goes with no --data.', 'Use one of them.')
}

/** Half a core is felt by nobody who works at the same machine. */
const DEFAULT_SHARE = '50'

function shareOf({ contribute, share, ledger }: Flags): number | undefined {
  if (!contribute) {
    if (share === undefined) return undefined
    throw new UsageError('--share says how much to contribute, and nothing is contributed.', 'Add --contribute.')
  }
  if (ledger === false) {
    throw new UsageError('--contribute records in the ledger; with --no-ledger there is none.', 'Use one of them.')
  }
  return wholeNumberOf(share ?? DEFAULT_SHARE, '--share', { least: 1, most: 100, example: DEFAULT_SHARE })
}

function askingOf({ ask }: Flags): StayOptions['asking'] {
  if (ask === undefined || ask === false) return undefined
  const note = ask === true ? '' : ask
  const size = utf8(note).length
  if (size > MAX_NOTE_BYTES) {
    throw new UsageError(`The note of --ask has ${size} bytes of UTF-8.`, `Use at most ${MAX_NOTE_BYTES} bytes.`)
  }
  if (isLabel(note)) return { note }
  const message = 'The note of --ask has characters that are not shown as text, or blanks at its ends.'
  throw new UsageError(message, 'Leave out line breaks, control characters and marks of direction.')
}

/** @throws UsageError */
export function pingOptions(flags: PingFlags, environment: Environment): PingOptions {
  return {
    join: joinChoices(flags, environment),
    count: flags.count === undefined ? Infinity : wholeNumberOf(flags.count, '--count', { least: 1, example: '10' }),
    intervalMs: secondsOf(flags.interval ?? '1', '--interval', MIN_INTERVAL_SECONDS) * 1_000,
    waitMs: secondsOf(flags.wait ?? '10', '--wait', 0) * 1_000,
    folder: folderOf(flags.data, environment),
  }
}

/** Through the room every ping is a message that the host pays for. */
const MIN_INTERVAL_SECONDS = 0.1

/** The ICE servers of the environment, or `undefined` to take the room's. @throws UsageError */
export function ownIceServers(environment: Environment): readonly IceServer[] | undefined {
  const servers = iceServersOf(environment)
  return servers.length > 0 ? servers : undefined
}

/** @throws UsageError */
export function joinChoices(
  { name: flag, direct, relayOnly }: Pick<Flags, 'name' | 'direct' | 'relayOnly'>,
  environment: Environment,
): JoinChoices {
  const name = flag ?? variable(environment, 'EDGE_NET_NAME')
  const iceServers = ownIceServers(environment)
  return {
    ...(name !== undefined && { name: checkedName(name) }),
    direct: oneOf(direct ?? 'on', ['on', 'off'], '--direct'),
    iceTransportPolicy: relayOnly
      ? 'relay'
      : oneOf(
          variable(environment, 'EDGE_NET_ICE_TRANSPORT_POLICY') ?? 'all',
          ['all', 'relay'],
          'EDGE_NET_ICE_TRANSPORT_POLICY',
        ),
    ...(iceServers && { iceServers }),
  }
}

function checkedName(name: string): string {
  const size = utf8(name).length
  if (size <= MAX_NAME_BYTES) return name
  throw new UsageError(`The name has ${size} bytes of UTF-8.`, `Use at most ${MAX_NAME_BYTES} bytes.`)
}

/** More than `least`, where that is 0; otherwise at least that. @throws UsageError */
export function secondsOf(text: string, flag: string, least: number): number {
  const seconds = Number(text)
  const isEnough = least === 0 ? seconds > 0 : seconds >= least
  if (text.trim() !== '' && isEnough && seconds <= MAX_STAY_SECONDS) return seconds
  const bound = least === 0 ? '' : `, at least ${least}`
  throw new UsageError(`${flag} takes a number of seconds${bound}, not "${text}".`, `For example: ${flag} 10`)
}

export interface Bounds {
  readonly least: number
  readonly most?: number
  readonly example: string
}

/** @throws UsageError */
export function wholeNumberOf(text: string, flag: string, { least, most, example }: Bounds): number {
  const value = Number(text)
  const isWithin = value >= least && value <= (most ?? Number.MAX_SAFE_INTEGER)
  if (text.trim() !== '' && Number.isSafeInteger(value) && isWithin) return value
  const bounds = most === undefined ? `above ${least - 1}` : `from ${least} to ${most}`
  throw new UsageError(`${flag} takes a whole number ${bounds}, not "${text}".`, `For example: ${flag} ${example}`)
}

function iceServersOf(environment: Environment): IceServer[] {
  const stun = listOf(variable(environment, 'EDGE_NET_STUN_SERVERS'))
  for (const url of stun) checkUrl(url, /^stuns?:[^\s/]/, 'EDGE_NET_STUN_SERVERS', 'stun:stun.example.org:3478')
  const servers: IceServer[] = stun.length > 0 ? [{ urls: stun }] : []

  const turn = variable(environment, 'EDGE_NET_TURN_URL')
  const username = variable(environment, 'EDGE_NET_TURN_USERNAME')
  const credential = variable(environment, 'EDGE_NET_TURN_CREDENTIAL')
  if (turn === undefined && username === undefined && credential === undefined) return servers
  if (turn === undefined || username === undefined || credential === undefined) {
    throw new UsageError(
      'A TURN server takes a URL, a user name and a credential; only some of them are set.',
      'Set EDGE_NET_TURN_URL, EDGE_NET_TURN_USERNAME and EDGE_NET_TURN_CREDENTIAL, or none of them.',
    )
  }
  checkUrl(turn, /^turns?:[^\s/]/, 'EDGE_NET_TURN_URL', 'turn:turn.example.org:3478?transport=udp')
  return [...servers, { urls: turn, username, credential }]
}

function checkUrl(url: string, pattern: RegExp, source: string, example: string): void {
  if (!pattern.test(url))
    throw new UsageError(`${source} has "${url}", which is no such URL.`, `For example: ${example}`)
}

function oneOf<Value extends string>(value: string, allowed: readonly Value[], source: string): Value {
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  throw new UsageError(`${source} is "${value}".`, `Use one of: ${allowed.join(', ')}.`)
}
