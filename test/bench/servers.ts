/**
 * The two servers under test, each a workerd of its own under Miniflare. Not `wrangler dev`: its local tracing makes a
 * routed message 5 to 20 times dearer (research/anchors.md), and would hide what is measured here.
 */
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { workerdChildren } from './workerd-cpu.ts'

export interface Server {
  readonly port: number
  /** Process id of its workerd. */
  readonly pid: number
  /** Drops the memory of a room, as hibernation does; its sockets stay. */
  hibernate(room: string): Promise<void>
  close(): Promise<void>
}

interface Program {
  readonly name: string
  readonly entry: string
  readonly roomClass: string
  readonly options: Omit<V4WorkerOptions, 'script' | 'scriptPath' | 'modules' | 'modulesRoot'>
}

/** The Worker as wrangler.toml configures it, except the door's rate: here a thousand peers come from one address. */
export function startEdgeNet(entry = 'worker/index.ts'): Promise<Server> {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(process.env['W'] ?? 'wrangler.toml')
  const ratelimits = Object.fromEntries(
    Object.entries(workerOptions.ratelimits ?? {}).map(([binding, limit]) => [
      binding,
      { ...limit, simple: { ...limit.simple, limit: 1_000_000 } },
    ]),
  )
  return start({ name: 'edge-net', entry, roomClass: 'Room', options: { ...workerOptions, ratelimits } })
}

export function startBare(): Promise<Server> {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(process.env['W'] ?? 'wrangler.toml')
  const { compatibilityDate = '', compatibilityFlags = [] } = workerOptions
  const durableObjects = { ROOM: { className: 'BareRoom', useSQLite: true } }
  const options = { compatibilityDate, compatibilityFlags, durableObjects }
  return start({ name: 'bare', entry: 'test/bench/control/room.ts', roomClass: 'BareRoom', options })
}

async function start({ name, entry, roomClass, options }: Program): Promise<Server> {
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external: ['cloudflare:*'],
    conditions: ['workerd', 'worker', 'browser'],
  })
  const script = bundle.outputFiles[0]?.text ?? ''
  const before = new Set(workerdChildren())
  const worker = { ...options, name, modules: [{ type: 'ESModule', path: 'worker.js', contents: script }] }
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ host: '127.0.0.1', port: 0, log: new Log(LogLevel.ERROR), cf: false, workers: [worker] }),
  )
  const url = await miniflare.ready
  const pid = workerdChildren().find((child) => !before.has(child))
  if (pid === undefined) throw new Error('Miniflare is ready and no workerd of its is to be found in /proc.')
  return {
    port: Number(url.port),
    pid,
    hibernate: (room) => miniflare.unsafeEvictDurableObject(name, roomClass, { name: room, webSockets: 'hibernate' }),
    close: () => miniflare.dispose(),
  }
}
