/**
 * What runs inside the server's namespace: the Worker, once for each set of ICE servers, the bare room that controls
 * use, and the other end of the probe. The laboratory talks to it over Node's channel between processes.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { startService, type Service } from '../../support/server.ts'
import { SERVER_ADDRESS, TURN_ADDRESS, WORKER_ADDRESSES } from './internet.ts'
import { startProbeServer, TCP_PORTS } from './probe.ts'

/** `stun`; `turn-udp`: also TURN over UDP; `turn`: also over TCP 3478, TCP 80 and TLS 443. */
export type IceSet = keyof typeof WORKER_ADDRESSES

export const TURN_SECRET = 'laboratory'
const STUN_URL = `stun:${TURN_ADDRESS}:3478`
const TURN_UDP_URL = `turn:${TURN_ADDRESS}:3478?transport=udp`
const TURN_TCP_URLS = [
  `turn:${TURN_ADDRESS}:3478?transport=tcp`,
  `turn:${TURN_ADDRESS}:80?transport=tcp`,
  `turns:${TURN_ADDRESS}:443?transport=tcp`,
]
const TURN_URLS: Record<IceSet, readonly string[]> = {
  stun: [],
  'turn-udp': [TURN_UDP_URL],
  turn: [TURN_UDP_URL, ...TURN_TCP_URLS],
}

/** Requests of the laboratory; each is answered with its number. */
export type ServerRequest =
  | { readonly type: 'worker'; readonly ice: IceSet }
  | { readonly type: 'evict'; readonly ice: IceSet; readonly room: string; readonly webSockets: 'hibernate' | 'close' }

const services = new Map<IceSet, Promise<Service>>()

function worker(ice: IceSet): Promise<Service> {
  const running = services.get(ice)
  if (running) return running
  const vars = {
    EDGE_NET_STUN_URLS: STUN_URL,
    EDGE_NET_TURN_URLS: TURN_URLS[ice].join(','),
    EDGE_NET_TURN_SECRET: TURN_SECRET,
  }
  // Port 80 gets through everywhere.
  const starting = startService({ vars, rateLimits: 'off', address: WORKER_ADDRESSES[ice], port: 80 })
  services.set(ice, starting)
  return starting
}

async function answer(request: ServerRequest): Promise<void> {
  const service = await worker(request.ice)
  if (request.type === 'evict') await service.evict(request.room, request.webSockets)
}

async function startControl(): Promise<void> {
  const bundle = await build({
    entryPoints: ['test/bench/control/room.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: SERVER_ADDRESS,
      port: 80,
      cf: false,
      log: new Log(LogLevel.ERROR),
      name: 'bare',
      compatibilityDate: '2026-08-15',
      durableObjects: { ROOM: { className: 'BareRoom', useSQLite: true } },
      modules: [{ type: 'ESModule', path: 'room.js', contents: bundle.outputFiles[0]?.text ?? '' }],
    }),
  )
  await miniflare.ready
}

if (process.argv[1] === import.meta.filename) {
  await startProbeServer()
  for (const port of TCP_PORTS.filter((tcpPort) => tcpPort !== 443)) {
    const listener = createServer((socket) => socket.end()).listen(port, TURN_ADDRESS)
    await once(listener, 'listening')
  }
  await startControl()
  process.on('message', ({ id, request }: { id: number; request: ServerRequest }) => {
    answer(request).then(
      () => process.send?.({ id }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ id: 0 })
}
