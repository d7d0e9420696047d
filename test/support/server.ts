/**
 * The real Worker on a real port: bundled from the sources, configured by wrangler.toml, run by workerd under
 * Miniflare. Not by `wrangler dev`, whose local tracing makes a routed message 5 to 20 times dearer.
 */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'

export interface Service {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** The room URL of a network. */
  roomUrl(network: string): string
  /**
   * Drops a room's memory. `hibernate` leaves its sockets open, as the platform does when a room is idle; `close` cuts
   * them with 1006, as a deploy does. Rejects when the room is not running.
   */
  evict(roomName: string, webSockets: 'hibernate' | 'close'): Promise<void>
  close(): Promise<void>
}

export interface ServiceOptions {
  /** Vars and secrets, over those of wrangler.toml. STUN is off unless EDGE_NET_STUN_URLS stands here. */
  readonly vars?: Readonly<Record<string, string>>
  /** `off` lets any number of peers join from this one address. Default: as wrangler.toml has it. */
  readonly rateLimits?: 'configured' | 'off'
  /** Default: 127.0.0.1. */
  readonly address?: string
  /** Default: any free port. A fixed one lets a service be stopped and come back. */
  readonly port?: number
  /** A folder that keeps what the Worker stores, so that a service which comes back finds it. Default: forgotten. */
  readonly storage?: string
  /** The program, from the root. Default: the Worker itself; a bench puts counters around it. */
  readonly entry?: string
}

/** What of wrangler.toml is changed here; wrangler's own type of it is open to any key. */
interface Configured {
  readonly bindings?: Readonly<Record<string, string>>
  readonly ratelimits?: RateLimits
}
type RateLimits = Readonly<Record<string, { namespace_id: string; simple: { limit: number; period?: 10 | 60 } }>>

const ROOT = join(import.meta.dirname, '..', '..')
const ADDRESS = '127.0.0.1'
const SCRIPT_NAME = 'edge-net'
const ROOM_CLASS = 'Room'
/** More than any test sends within a period. */
const UNLIMITED = 1_000_000_000

export async function startService({
  vars = {},
  rateLimits,
  address = ADDRESS,
  port = 0,
  storage,
  entry = 'worker/index.ts',
}: ServiceOptions = {}): Promise<Service> {
  await access(join(ROOT, 'dist', 'public')).catch((cause: unknown) => {
    throw new Error('dist/public is missing: run npm run build', { cause })
  })
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml'))
  const { bindings, ratelimits } = workerOptions as Configured
  const worker: V4WorkerOptions = {
    ...workerOptions,
    name: SCRIPT_NAME,
    modules: [{ type: 'ESModule', path: 'worker.js', contents: await bundled(entry) }],
    bindings: { ...bindings, EDGE_NET_STUN_URLS: '', ...vars },
    ...(rateLimits === 'off' && ratelimits && { ratelimits: withoutLimit(ratelimits) }),
  }
  const miniflare = new Miniflare(
    // `cf: false`: Miniflare would ask Cloudflare where this machine is.
    convertV4MiniflareOptions({
      host: address,
      port,
      cf: false,
      log: new Log(LogLevel.ERROR),
      workers: [worker],
      ...(storage !== undefined && { resourcePersistencePath: storage }),
    }),
  )
  const url = (await miniflare.ready).origin
  return {
    url,
    port: Number(new URL(url).port),
    roomUrl: (network) => `${url}/n/${network}`,
    evict: (name, webSockets) => miniflare.unsafeEvictDurableObject(SCRIPT_NAME, ROOM_CLASS, { name, webSockets }),
    close: () => miniflare.dispose(),
  }
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    write: false,
  })
  const [bundle] = outputFiles
  if (!bundle) throw new Error(`${entry} gave no bundle`)
  return bundle.text
}

function withoutLimit(limits: RateLimits): RateLimits {
  const raised = Object.entries(limits).map(([binding, limit]): [string, RateLimits[string]] => [
    binding,
    { ...limit, simple: { ...limit.simple, limit: UNLIMITED } },
  ])
  return Object.fromEntries(raised)
}
