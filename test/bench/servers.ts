/**
 * The two servers under test, each a workerd of its own under Miniflare. Not `wrangler dev`: its local tracing makes a
 * routed message 5 to 20 times dearer (research/anchors.md), and would hide what is measured here.
 */
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { startService } from '../support/server.ts'
import { workerdChildren } from './workerd-cpu.ts'

export interface Server {
  readonly port: number
  /** Process id of its workerd. */
  readonly pid: number
  /** Drops the memory of a room, as hibernation does; its sockets stay. */
  hibernate(room: string): Promise<void>
  close(): Promise<void>
}

const BARE_SCRIPT = 'bare'
const BARE_ROOM_CLASS = 'BareRoom'
/** That of wrangler.toml. */
const COMPATIBILITY_DATE = '2026-08-15'

/** The Worker as wrangler.toml configures it, except the door's rate: here a thousand peers come from one address. */
export async function startEdgeNet(): Promise<Server> {
  const pidOf = nextWorkerd()
  const service = await startService({ rateLimits: 'off' })
  return {
    port: service.port,
    pid: pidOf(),
    hibernate: (room) => service.evict(room, 'hibernate'),
    close: () => service.close(),
  }
}

/** The control. */
export async function startBare(): Promise<Server> {
  const bundle = await build({
    entryPoints: ['test/bench/control/room.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const pidOf = nextWorkerd()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      name: BARE_SCRIPT,
      compatibilityDate: COMPATIBILITY_DATE,
      durableObjects: { ROOM: { className: BARE_ROOM_CLASS, useSQLite: true } },
      modules: [{ type: 'ESModule', path: 'room.js', contents: bundle.outputFiles[0]?.text ?? '' }],
    }),
  )
  const url = await miniflare.ready
  return {
    port: Number(url.port),
    pid: pidOf(),
    hibernate: (name) =>
      miniflare.unsafeEvictDurableObject(BARE_SCRIPT, BARE_ROOM_CLASS, { name, webSockets: 'hibernate' }),
    close: () => miniflare.dispose(),
  }
}

/** Finds the workerd that is started between this call and the call of what it returns. */
function nextWorkerd(): () => number {
  const before = new Set(workerdChildren())
  return () => {
    const pid = workerdChildren().find((child) => !before.has(child))
    if (pid === undefined) throw new Error('Miniflare is ready and no workerd of its own is to be found in /proc.')
    return pid
  }
}
