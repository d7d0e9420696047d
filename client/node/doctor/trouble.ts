/** Why no connection came about, in words: what sockets, name servers and certificates say. */

export interface Trouble {
  /** The system's own word, as `ECONNREFUSED`. */
  readonly code: string
  /** Follows the name of what could not be reached: "nothing listens there". */
  readonly words: string
  readonly advice: string
}

/** @param error what a socket, a look-up or `fetch` threw; the reason may be inside, as a cause or one of several errors */
export function troubleOf(error: unknown): Trouble {
  const code = codeOf(error) ?? ''
  const known = KNOWN.find(({ codes }) => codes.test(code))
  if (known) return { code, words: known.words, advice: known.advice }
  const words = error instanceof Error ? innermost(error).message : String(error)
  return { code, words, advice: 'Check the address, and what stands between here and there: firewall, proxy, VPN.' }
}

const KNOWN: readonly { readonly codes: RegExp; readonly words: string; readonly advice: string }[] = [
  {
    codes: /^(ENOTFOUND|EAI_NONAME|EAI_NODATA)$/,
    words: 'no such host name',
    advice: 'Check the spelling of the host, and whether name service works here.',
  },
  {
    codes: /^EAI_AGAIN$/,
    words: 'the name server does not answer',
    advice: 'Check that this machine is online and that its name server can be reached.',
  },
  {
    codes: /^ECONNREFUSED$/,
    words: 'nothing listens there',
    advice: 'Check host and port, and whether the service runs.',
  },
  {
    codes: /^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|ABORT_ERR|TimeoutError)$/,
    words: 'no answer in time',
    advice: 'A firewall may drop the packets without a word, or the host may be down.',
  },
  {
    codes: /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/,
    words: 'no route to it',
    advice: 'Check that this machine is online; an address of the other IP version may work.',
  },
  {
    codes: /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/,
    words: 'the connection was cut',
    advice: 'A proxy or firewall may cut what it does not know.',
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    words: 'its certificate has expired',
    advice: 'Browsers refuse it, too. Renew the certificate.',
  },
  {
    codes: /^(ERR_TLS_CERT_ALTNAME_INVALID)$/,
    words: 'its certificate is for another name',
    advice: 'Browsers refuse it, too. Use the name in the certificate, or get one for this name.',
  },
  {
    codes: /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/,
    words: 'its certificate is not signed by anybody whom this machine trusts',
    advice: 'Browsers refuse it, too. Get a certificate of a public authority; the whole chain must be sent.',
  },
  {
    codes: /^(ERR_SSL_|EPROTO)/,
    words: 'it does not speak TLS there',
    advice: 'Check port and scheme: https: and turns: are for TLS, http: and turn: for none.',
  },
]

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error.name === 'TimeoutError') return error.name
  if ('code' in error && typeof error.code === 'string') return error.code
  // Node tries all addresses of a name and reports all failures.
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return codeOf(error.cause)
}

function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error
}
