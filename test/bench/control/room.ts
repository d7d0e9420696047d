/**
 * The control: a hibernating Durable Object room as one writes it by hand, plain and not clever. The room is in the URL,
 * the list comes with the upgrade, messages are JSON routed by id, nobody is checked, nothing is limited. What our room
 * costs above this is what its promises cost.
 */
import type { DurableObjectNamespace, DurableObjectState, ExportedHandler, WebSocket } from '@cloudflare/workers-types'

declare const WebSocketPair: new () => { 0: WebSocket; 1: WebSocket }
declare const WebSocketRequestResponsePair: new (request: string, response: string) => never

interface Env {
  readonly ROOM: DurableObjectNamespace
}

export class BareRoom {
  readonly #ctx: DurableObjectState

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  }

  /** `?id=ID` takes a seat; `&tell` tells everybody else. */
  fetch(request: Request): Response {
    const query = new URL(request.url).searchParams
    const id = query.get('id') ?? ''
    const others = this.#ctx.getWebSockets()
    const ids = others.map((socket) => idOf(socket))
    const { 0: client, 1: server } = new WebSocketPair()
    this.#ctx.acceptWebSocket(server, [id])
    server.serializeAttachment({ id })
    server.send(JSON.stringify({ type: 'list', ids }))
    if (query.has('tell')) {
      const joined = JSON.stringify({ type: 'joined', id })
      for (const other of others) other.send(joined)
    }
    // `webSocket` is workerd's extension of the platform's ResponseInit.
    return new Response(null, { status: 101, webSocket: client } as ResponseInit)
  }

  webSocketMessage(socket: WebSocket, text: string): void {
    const message = JSON.parse(text) as { to: string; from?: string }
    message.from = idOf(socket)
    this.#ctx.getWebSockets(message.to)[0]?.send(JSON.stringify(message))
  }

  webSocketClose(socket: WebSocket, code: number, reason: string): void {
    if (code === 1005) socket.close()
    else if (code !== 1006 && code !== 1015) socket.close(code, reason)
  }
}

function idOf(socket: WebSocket): string {
  return (socket.deserializeAttachment() as { id: string }).id
}

const handler: ExportedHandler<Env> = {
  fetch: (request, env) => env.ROOM.getByName(new URL(request.url).pathname).fetch(request),
}
export default handler
