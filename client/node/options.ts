/** What was asked on the command line and in the environment, checked. Flags win over the environment. */
import { utf8 } from '../../protocol/bytes.ts'
import type { IceServer } from '../../protocol/http.ts'
import { MAX_NAME_BYTES } from '../../protocol/limits.ts'
import type { JoinOptions } from '../api.ts'

/** Of `join`, as commander gives them. */
export interface Flags {
  readonly name?: string
  readonly direct?: string
  readonly relayOnly?: boolean
  readonly message?: string
  readonly for?: string
  readonly json?: boolean
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
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What every joining sub-command passes on. */
export type JoinChoices = Pick<JoinOptions, 'name' | 'direct' | 'iceTransportPolicy' | 'iceServers'>

export interface StayOptions {
  readonly join: JoinChoices
  /** Sent to every peer as it is met. */
  readonly message: string | undefined
  readonly leaveAfterMs: number | undefined
  readonly json: boolean
}

export interface PingOptions {
  readonly join: JoinChoices
  /** How many pings each peer gets; `Infinity` until told to end. */
  readonly count: number
  readonly intervalMs: number
  /** How long to wait for the peer, or for anybody, to appear. */
  readonly waitMs: number
}

/** What is wrong with the arguments, and what to do about it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
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
  }
}

/** @throws UsageError */
export function pingOptions(flags: PingFlags, environment: Environment): PingOptions {
  return {
    join: joinChoices(flags, environment),
    count: flags.count === undefined ? Infinity : countOf(flags.count),
    intervalMs: secondsOf(flags.interval ?? '1', '--interval', MIN_INTERVAL_SECONDS) * 1_000,
    waitMs: secondsOf(flags.wait ?? '10', '--wait', 0) * 1_000,
  }
}

/** Through the room every ping is a message that the host pays for. */
const MIN_INTERVAL_SECONDS = 0.1

/** The ICE servers of the environment, or `undefined` to take the room's. @throws UsageError */
export function ownIceServers(environment: Environment): readonly IceServer[] | undefined {
  const servers = iceServersOf(environment)
  return servers.length > 0 ? servers : undefined
}

function joinChoices(
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

/** More than `least`, where that is 0; otherwise at least that. */
function secondsOf(text: string, flag: string, least: number): number {
  const seconds = Number(text)
  const isEnough = least === 0 ? seconds > 0 : seconds >= least
  if (text.trim() !== '' && isEnough && seconds <= MAX_STAY_SECONDS) return seconds
  const bound = least === 0 ? '' : `, at least ${least}`
  throw new UsageError(`${flag} takes a number of seconds${bound}, not "${text}".`, `For example: ${flag} 10`)
}

function countOf(text: string): number {
  const count = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(count) && count > 0) return count
  throw new UsageError(`--count takes a whole number above 0, not "${text}".`, 'For example: --count 10')
}

function iceServersOf(environment: Environment): IceServer[] {
  const stun = (variable(environment, 'EDGE_NET_STUN_SERVERS') ?? '').split(',').flatMap((url) => url.trim() || [])
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

/** An empty variable is an unset one: that is how shells and container files clear them. */
function variable(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined
}
