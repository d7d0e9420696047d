/** Which network the page's address names, and what came with it. */
import { parseNetworkId } from '../../protocol/network.ts'

export interface Place {
  readonly roomUrl: string
  /** What names the network in the room URL. */
  readonly key: string
  /** Named by its id: what it is has to be learned. */
  readonly isFounded: boolean
  /** The code of an invite. It stands in the fragment, which no server sees. */
  readonly invite: string | undefined
}

const INVITE = '#invite='

export function placeOf({ origin, pathname, hash }: Pick<Location, 'origin' | 'pathname' | 'hash'>): Place {
  const key = decoded(pathname.replace(/\/$/, '').split('/').at(-1) ?? '')
  const invite = hash.startsWith(INVITE) ? hash.slice(INVITE.length) : undefined
  return { roomUrl: origin + pathname, key, isFounded: parseNetworkId(key) !== undefined, invite }
}

/** A broken escape is no name, and is shown as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
