/** Asks a TURN server for a relayed address (RFC 8656 section 6) and gives it back. */
import type { StunChannel } from './channel.ts'
import {
  ATTRIBUTE,
  encodeRequest,
  endpointOf,
  errorOf,
  isSignedWith,
  longTermKey,
  METHOD,
  textAttribute,
  textOf,
  type Answer,
  type Attribute,
  type Endpoint,
  type StunError,
} from './message.ts'

export type Allocation =
  | { readonly outcome: 'allocated'; readonly relayed: Endpoint; readonly mapped: Endpoint | undefined }
  /** Nothing came back. */
  | { readonly outcome: 'silent' }
  /** The server said no; 401 after a signed request means that the credentials are wrong or have ended. */
  | { readonly outcome: 'refused'; readonly error: StunError }
  /** What came back is not what TURN servers say. `why` is for people. */
  | { readonly outcome: 'nonsense'; readonly why: string }

/** UDP between the TURN server and peers: the only kind that browsers ask for. */
const UDP_PROTOCOL = Buffer.from([17, 0, 0, 0])
const AT_ONCE = Buffer.alloc(4)
const UNAUTHENTICATED = 401
const STALE_NONCE = 438

export async function allocate(channel: StunChannel, username: string, password: string): Promise<Allocation> {
  const wanted: Attribute[] = [[ATTRIBUTE.requestedTransport, UDP_PROTOCOL]]
  // The first request is unsigned: its refusal brings the realm and the nonce to sign with.
  let answer = await channel.ask(encodeRequest(METHOD.allocate, wanted))
  for (let tries = 0; answer && mustSign(answer, tries); tries++) {
    const signing = credentials(answer, username, password)
    if (!signing) return { outcome: 'nonsense', why: 'it asks for credentials without naming a realm' }
    answer = await channel.ask(encodeRequest(METHOD.allocate, [...wanted, ...signing.attributes], signing.key))
    if (!answer?.isSuccess) continue
    if (!isSignedWith(answer, signing.key)) return { outcome: 'nonsense', why: 'its answer is not signed' }
    // It would end by itself in ten minutes and count against the user's quota until then.
    await channel.ask(
      encodeRequest(METHOD.refresh, [[ATTRIBUTE.lifetime, AT_ONCE], ...signing.attributes], signing.key),
    )
  }
  if (!answer) return { outcome: 'silent' }
  const error = errorOf(answer)
  if (!answer.isSuccess) {
    return error ? { outcome: 'refused', error } : { outcome: 'nonsense', why: 'it refuses without an error code' }
  }
  const relayed = endpointOf(answer, ATTRIBUTE.xorRelayedAddress)
  if (!relayed) return { outcome: 'nonsense', why: 'its answer names no relayed address' }
  return { outcome: 'allocated', relayed, mapped: endpointOf(answer, ATTRIBUTE.xorMappedAddress) }
}

/** Once after the first refusal, and once more when the nonce ended in between. */
function mustSign(answer: Answer, tries: number): boolean {
  const code = errorOf(answer)?.code
  return (tries === 0 && code === UNAUTHENTICATED) || (tries === 1 && code === STALE_NONCE)
}

function credentials(
  refusal: Answer,
  username: string,
  password: string,
): { readonly key: Buffer; readonly attributes: Attribute[] } | undefined {
  const realm = textOf(refusal, ATTRIBUTE.realm)
  const nonce = textOf(refusal, ATTRIBUTE.nonce)
  if (!realm || !nonce) return undefined
  return {
    key: longTermKey(username, realm, password),
    attributes: [
      textAttribute(ATTRIBUTE.username, username),
      textAttribute(ATTRIBUTE.realm, realm),
      textAttribute(ATTRIBUTE.nonce, nonce),
    ],
  }
}
