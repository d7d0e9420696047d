/**
 * A reverse proxy as one finds it in the wild: it passes everything on and names the host wrongly. Tickets are signed
 * for the host that the peer sees, so the door refuses them. It can be repaired while it runs.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface MisnamingProxy {
  readonly url: string
  /** From now on hosts are passed on as they are. */
  repair(): void
  close(): Promise<void>
}

export async function startMisnamingProxy(targetPort: number): Promise<MisnamingProxy> {
  const sockets = new Set<Socket>()
  let broken = true
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    client.on('data', (chunk: Buffer) => {
      // Latin 1 maps bytes to characters and back without loss.
      const renamed = chunk.toString('latin1').replace(/^Host: .*$/im, 'Host: internal.example')
      upstream.write(broken ? Buffer.from(renamed, 'latin1') : chunk)
    })
    client.on('end', () => upstream.end())
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    repair: () => (broken = false),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
