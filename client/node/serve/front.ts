/**
 * What stands between the network and Miniflare, which is made for developers: it obeys headers of its own (`MF-…`), believes
 * any client that says which address it has (`CF-Connecting-IP`), and has tools under `/cdn-cgi/`. None of that gets through
 * here. Who the client is, and whether it spoke TLS, is said by the socket or by a trusted proxy.
 */
import { createServer, request, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, BlockList, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { clientOf } from './client-of.ts'

export interface FrontOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly proxies: BlockList
  /** Where the service listens; requests wait for it. */
  readonly upstream: Promise<URL>
}

export interface Front {
  readonly port: number
  /** Cuts every connection: their clients come back, or go elsewhere. */
  close(): Promise<void>
}

/** On one machine it costs next to nothing; one that was kept open might just have been closed at its other end. */
const NEW_CONNECTION = false

/** @throws what the system says about the address, as `EADDRINUSE` */
export async function openFront({ host, port, proxies, upstream }: FrontOptions): Promise<Front> {
  const upgraded = new Set<Duplex>()
  const server = createServer((incoming, response) => {
    void upstream.then(
      (target) => passOn(incoming, response, target),
      () => response.writeHead(503).end(),
    )
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket)).on('error', () => socket.destroy())
    void upstream.then(
      (target) => passUpgrade(incoming, socket, head, target),
      () => socket.destroy(),
    )
  })

  function passOn(incoming: IncomingMessage, response: ServerResponse, target: URL): void {
    if (isForbidden(incoming)) return void response.writeHead(404).end()
    const headers = headersFor(incoming, proxies)
    const passed = request(
      target,
      { agent: NEW_CONNECTION, method: incoming.method, path: incoming.url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
        answer.pipe(response)
      },
    )
    passed.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    response.on('close', () => passed.destroy())
    incoming.pipe(passed)
  }

  function passUpgrade(incoming: IncomingMessage, socket: Socket, head: Buffer, target: URL): void {
    if (isForbidden(incoming)) return void socket.end(headOf(404, []))
    const headers = [...headersFor(incoming, proxies), 'Connection', 'Upgrade', 'Upgrade', 'websocket']
    const passed = request(target, { agent: NEW_CONNECTION, method: 'GET', path: incoming.url, headers })
    passed.on('upgrade', (answer, further: Socket, furtherHead: Buffer) => {
      socket.write(headOf(101, answer.rawHeaders))
      socket.write(furtherHead)
      further.write(head)
      join(socket, further)
    })
    passed.on('response', (answer) => {
      socket.write(headOf(answer.statusCode ?? 502, [...endToEnd(answer.rawHeaders), 'Connection', 'close']))
      answer.pipe(socket)
    })
    passed.on('error', () => socket.end(headOf(502, [])))
    socket.on('close', () => passed.destroy())
    passed.end()
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      for (const socket of upgraded) socket.destroy()
      await closed
    },
  }
}

/** What is sent on one side comes out on the other, and both end together. Frames are small and shall not wait for others. */
function join(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.setNoDelay(true)
    from.on('error', () => to.destroy()).on('close', () => to.destroy())
    from.pipe(to)
  }
}

/** Miniflare's own tools. A path is read as Miniflare reads it, with `.` and `..` resolved. */
function isForbidden({ url = '' }: IncomingMessage): boolean {
  const full = `http://front${url}`
  if (!url.startsWith('/') || !URL.canParse(full)) return true
  return /^\/(?:cdn-cgi|__cf_local)(?:\/|$)/.test(new URL(full).pathname)
}

/** Whatever a client may say only about itself. */
const NOT_THE_CLIENTS_WORD = /^(?:mf-|cf-|x-forwarded-|x-real-ip$|forwarded$)/i
/** RFC 9110 section 7.6.1. */
const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i

function headersFor(incoming: IncomingMessage, proxies: BlockList): string[] {
  const { address, protocol } = clientOf(incoming, proxies)
  const own = endToEnd(incoming.rawHeaders, NOT_THE_CLIENTS_WORD)
  if (incoming.headers['transfer-encoding'] !== undefined) own.push('Transfer-Encoding', 'chunked')
  return [...own, 'CF-Connecting-IP', address, ...(protocol === undefined ? [] : ['X-Forwarded-Proto', protocol])]
}

/** Names and values in turns, as Node has them raw, without those of the connection itself. */
function endToEnd(raw: readonly string[], without = HOP_BY_HOP): string[] {
  return raw.flatMap((name, i) =>
    i % 2 === 1 || HOP_BY_HOP.test(name) || without.test(name) ? [] : [name, raw[i + 1] ?? ''],
  )
}

function headOf(status: number, raw: readonly string[]): string {
  const lines = raw.flatMap((name, i) => (i % 2 === 1 ? [] : [`${name}: ${raw[i + 1] ?? ''}`]))
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n')
}
