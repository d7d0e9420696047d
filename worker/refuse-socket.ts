/** Refusals in band: browsers cannot read a refused upgrade, so the Worker accepts it, says why, and closes. */
import { SUBPROTOCOL } from '../protocol/limits.ts'
import type { RefusalCode } from '../protocol/room-messages.ts'
import { closeCodeOf, refusalText } from './refusal.ts'

/** Accepts the upgrade, says why it is refused, and closes. */
export function refuseSocket(request: Request, code: RefusalCode, nowMs: number, retryAfterMs?: number): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
  server.accept()
  server.send(refusalText(code, nowMs, retryAfterMs))
  server.close(closeCodeOf(code), code)
  // A browser fails a handshake that selects what it did not offer.
  const offered = offeredProtocols(request).includes(SUBPROTOCOL)
  return new Response(null, {
    status: 101,
    webSocket: client,
    ...(offered && { headers: { 'Sec-WebSocket-Protocol': SUBPROTOCOL } }),
  })
}

export function offeredProtocols(request: Request): string[] {
  const header = request.headers.get('Sec-WebSocket-Protocol') ?? ''
  return header === '' ? [] : header.split(',').map((protocol) => protocol.trim())
}
