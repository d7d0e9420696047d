/** What holds for every provider of ICE servers: how long credentials live, and which addresses browsers use. */

/** Clients refresh at half life; a leaked credential is worth an hour of relaying. */
export const CREDENTIAL_LIFE_MS = 3_600_000

/** RFC 7064 and 7065: stun:host[:port], turn(s):host[:port][?transport=udp|tcp]. */
const ICE_URL = /^(stuns?|turns?):(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i

/** Leaves out what no browser uses: it would only delay gathering by its time-outs, or throw. */
export function usableUrls(urls: readonly string[]): string[] {
  return urls.filter(isUsable)
}

function isUsable(url: string): boolean {
  const [, scheme = '', , portText, transport] = ICE_URL.exec(url) ?? []
  switch (scheme.toLowerCase()) {
    case 'stun':
    case 'stuns':
      // RTCPeerConnection throws a SyntaxError for a STUN address with a query.
      if (transport !== undefined) return false
      break
    case 'turn':
      break
    case 'turns':
      // TURN over DTLS: no browser has it.
      if (transport?.toLowerCase() === 'udp') return false
      break
    default:
      return false
  }
  return portText === undefined || isAllowedPort(Number(portText))
}

/** Chromium lets pages talk TURN to these ports only; it took 53 off the list, as other browsers did. */
function isAllowedPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && port <= 65_535)
}
