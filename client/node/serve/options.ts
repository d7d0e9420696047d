/** What was asked of `serve`, checked. Flags win over the environment. */
import type { BlockList } from 'node:net'
import { listOf, variable, type Environment } from '../environment.ts'
import { checkedGunRelays } from '../gun.ts'
import { folderOf, wholeNumberOf } from '../options.ts'
import { UsageError } from '../usage-error.ts'
import { proxyList } from './client-of.ts'

/** As commander gives them. */
export interface ServeFlags {
  readonly port?: string
  readonly host?: string
  readonly data?: string
  readonly stun?: string
  readonly proxy?: string
  readonly json?: boolean
}

export interface ServeOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly folder: string
  readonly proxies: BlockList
  /** Vars and secrets of the Worker that were set. */
  readonly variables: Readonly<Record<string, string>>
}

const DEFAULT_PORT = '8787'
const HIGHEST_PORT = 65_535
/** Nobody else's machine, unless it is asked for. */
const DEFAULT_HOST = '127.0.0.1'

/**
 * @param names of the variables that the Worker reads
 * @throws UsageError
 */
export function serveOptions(flags: ServeFlags, environment: Environment, names: readonly string[]): ServeOptions {
  const port = flags.port ?? variable(environment, 'EDGE_NET_PORT') ?? DEFAULT_PORT
  return {
    host: hostOf(flags.host),
    port: wholeNumberOf(port, '--port', { least: 0, most: HIGHEST_PORT, example: DEFAULT_PORT }),
    folder: folderOf(flags.data, environment),
    proxies: proxyList(flags.proxy ?? ''),
    variables: {
      ...checkedVariables(environment, names),
      ...(flags.stun !== undefined && { EDGE_NET_STUN_URLS: stunOf(flags.stun) }),
    },
  }
}

function hostOf(host = DEFAULT_HOST): string {
  // Node would take it for all addresses: that is to be said, and not to happen where "$ADDRESS" was not set.
  if (host !== '') return host
  throw new UsageError('--host takes an address, not "".', 'For example: --host 0.0.0.0')
}

/** @throws UsageError for relays that the service would leave out */
function checkedVariables(environment: Environment, names: readonly string[]): Record<string, string> {
  checkedGunRelays(listOf(variable(environment, 'EDGE_NET_GUN_RELAYS')), 'EDGE_NET_GUN_RELAYS')
  return ownVariables(environment, names)
}

function ownVariables(environment: Environment, names: readonly string[]): Record<string, string> {
  const set = names.flatMap((name) => {
    const value = variable(environment, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(set)
}

/** None of them is a choice, too. */
function stunOf(text: string): string {
  for (const url of listOf(text)) {
    if (!/^stuns?:[^\s/]/.test(url)) {
      throw new UsageError(
        `--stun has "${url}", which is no such URL.`,
        'For example: --stun stun:stun.example.org:3478',
      )
    }
  }
  return text
}
