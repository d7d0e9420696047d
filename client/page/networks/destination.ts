/** Where a text leads that somebody pasted to get into a network: a room URL, an invite link, or a network's name or id. */
import { isNetworkKey } from '../../../protocol/network.ts'

export interface Destination {
  readonly url: string
  /** Host and port, when it is another one than this page's: the page there is that host's. */
  readonly otherHost: string | undefined
}

/** A room URL has a host of at most 255 characters, and an invite some 160; nobody pastes more in good faith. */
export const MAX_PASTED_CHARACTERS = 1_024
const INVITE = /^#invite=[\w-]+$/

/**
 * @param origin of this page: what names without a host mean
 * @returns a sentence that says what is wrong, when it leads nowhere
 */
export function destinationOf(text: string, origin: string): Destination | string {
  const pasted = text.trim()
  if (pasted === '') return 'Paste a room URL or an invite link.'
  if (pasted.length > MAX_PASTED_CHARACTERS) return 'This is too long for a room URL.'
  if (isNetworkKey(pasted)) return { url: `${origin}/n/${pasted}`, otherHost: undefined }
  const url = URL.canParse(pasted) ? new URL(pasted) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return 'This is no link. A room URL looks like https://HOST/n/NETWORK.'
  const key = /^\/n\/([^/]+)\/?$/.exec(url.pathname)?.[1]
  if (key === undefined) return 'This link does not lead to a network. A room URL looks like https://HOST/n/NETWORK.'
  if (!isNetworkKey(key)) return 'This link is not whole: copy it again, from its beginning to its end.'
  // What an invite is made of must not reach a server, so nothing else of the link is taken along.
  const fragment = INVITE.test(url.hash) ? url.hash : ''
  return { url: `${url.origin}/n/${key}${fragment}`, otherHost: url.origin === origin ? undefined : url.host }
}

/** The code behind `#invite=` in a link or its fragment, or the text itself. */
export function inviteCodeOf(text: string): string {
  return text.trim().replace(/^.*#invite=/s, '')
}
