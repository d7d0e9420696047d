/** The controls of what goes through the host: the same way, without a room. */
import type { RoomUrl } from '../../room-url.ts'

/** Whoever waits longer measures a failure. */
const ANSWER_MS = 10_000

/**
 * Milliseconds from the first byte to the room's first word on a WebSocket that shows no ticket: the connection, TLS, the
 * upgrade and one message, and nothing of joining. The Worker refuses in band (PROTOCOL.md), which counts as a refusal there.
 *
 * @throws when no word comes
 */
export function refusedKnockMs({ webSocket }: RoomUrl, protocol: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const socket = new WebSocket(webSocket, [protocol])
    const settle = (act: () => void) => {
      clearTimeout(giveUp)
      socket.close()
      act()
    }
    const giveUp = setTimeout(() => settle(() => reject(new Error('The host did not answer a WebSocket.'))), ANSWER_MS)
    socket.addEventListener('message', () => settle(() => resolve(performance.now() - startedMs)), { once: true })
    socket.addEventListener('error', () => settle(() => reject(new Error('The host took no WebSocket.'))), {
      once: true,
    })
  })
}

/** Milliseconds of one round trip to the Worker over a connection that is open, once there has been one. */
export async function httpRoundTripMs({ http }: RoomUrl): Promise<number> {
  const startedMs = performance.now()
  const response = await fetch(new URL('/health', http), { signal: AbortSignal.timeout(ANSWER_MS) })
  await response.arrayBuffer()
  return performance.now() - startedMs
}
