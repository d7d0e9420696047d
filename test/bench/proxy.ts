/**
 * A TCP proxy that stands for distance: every byte is held back half a round trip each way, and a connection's first
 * bytes a whole round trip more, which is what the TCP handshake would have cost over the distance. No TLS.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Proxy {
  readonly port: number
  close(): Promise<void>
}

export async function startProxy(targetPort: number, roundTripMs: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    const readyAtMs = performance.now() + roundTripMs
    delayed(client, target, roundTripMs / 2, readyAtMs)
    delayed(target, client, roundTripMs / 2, readyAtMs)
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Moves chunks one way, each `delayMs` after it came but none before the connection would have been there. */
function delayed(from: Socket, to: Socket, delayMs: number, readyAtMs: number): void {
  const queue: { dueMs: number; act: () => void }[] = []
  let timer: NodeJS.Timeout | undefined
  const pump = () => {
    timer = undefined
    // Timers are whole milliseconds and may fire a fraction early; half a millisecond is below what is measured here.
    while (queue[0] && queue[0].dueMs <= performance.now() + 0.5) queue.shift()?.act()
    if (queue[0]) timer = setTimeout(pump, queue[0].dueMs - performance.now())
  }
  const enqueue = (act: () => void) => {
    queue.push({ dueMs: Math.max(performance.now(), readyAtMs) + delayMs, act })
    timer ??= setTimeout(pump, (queue[0]?.dueMs ?? 0) - performance.now())
  }
  from.on('data', (chunk) => enqueue(() => to.write(chunk)))
  from.on('end', () => enqueue(() => to.end()))
  from.on('error', () => enqueue(() => to.destroy()))
  to.on('close', () => {
    clearTimeout(timer)
    from.destroy()
  })
}
