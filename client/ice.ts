/** ICE servers from the room's host, when the welcome brought none or those it brought grow old. */
import { parseIceAnswer, type IceAnswer } from '../protocol/http.ts'

/** Asks the host. `undefined` when it does not answer usefully: links work without, over the relay or a local network. */
export async function fetchIceServers(
  url: string,
  ticket: () => Promise<string>,
  signal: AbortSignal,
): Promise<IceAnswer | undefined> {
  try {
    const response = await fetch(url, { method: 'POST', body: await ticket(), signal })
    return response.ok ? parseIceAnswer(await response.json()) : undefined
  } catch {
    // Refused, cut off or closed: the caller has a path without.
    return undefined
  }
}
