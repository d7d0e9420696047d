/**
 * Whether a host answers at all, found out without a WebSocket. Chromium has every new socket of a page wait for 1 to 5 s once
 * some sixteen have failed, whatever host they were for (measured; its WebSocketPerProcessThrottler), so that after an outage of
 * half a minute a page would be back seconds later than everybody else.
 */

/** Of so many tries the first are made blindly: short outages end before the third, and a policy of the page may forbid to fetch. */
const ROUND = 16
const BLIND_TRIES = 3

/**
 * Resolves when it is time to open a socket, and rejects when nobody answers. It may take for ever: whoever waits has a timer.
 *
 * @param socketUrl ws: or wss: URL
 * @param failures tries that failed in a row
 */
export async function probe(socketUrl: string, failures: number, signal: AbortSignal): Promise<void> {
  if (failures % ROUND < BLIND_TRIES) return
  await fetch(socketUrl.replace('ws', 'http'), { method: 'HEAD', mode: 'no-cors', signal })
}
