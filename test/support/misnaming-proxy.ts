/**
 * A reverse proxy as one finds it in the wild: it passes everything on and names the host wrongly. Tickets are signed
 * for the host that the peer sees, so the door refuses them. It can be repaired while it runs.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'

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
    const rename = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        done(null, broken ? chunk.toString('latin1').replace(/^Host: .*$/im, 'Host: internal.example') : chunk)
      },
    }).setDefaultEncoding('latin1')
    rename.setEncoding('latin1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(rename)
    rename.on('data', (text: string) => upstream.write(text, 'latin1'))
    rename.on('end', () => upstream.end())
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
