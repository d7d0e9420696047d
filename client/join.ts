/** `join`: from a room URL to a network. */
import { compareBytes, utf8 } from '../protocol/bytes.ts'
import { MAX_CAPABILITIES, MAX_CAPABILITY_BYTES, MAX_NAME_BYTES } from '../protocol/limits.ts'
import { networkIdOfKey } from '../protocol/network.ts'
import type { JoinOptions, Network, RtcEngine } from './api.ts'
import { Clock } from './clock.ts'
import { EdgeNetError } from './errors.ts'
import { createIdentity } from './identity/identity.ts'
import { openSession } from './identity/session.ts'
import { JoinedNetwork } from './network.ts'
import { WebRTCPeerManager } from './peer/webrtc-peer-manager.ts'
import { parseRoomUrl } from './room-url.ts'

/** Browsers offer to others: from them the first connection opens soonest (research: 530–850 against 720–1,210 ms). */
const BROWSER_RANK = 1

/** Each is asked for every peer that no other leads to. */
const MAX_CARRIERS = 8

/**
 * Joins the network behind a room URL.
 *
 * It resolves when the room has welcomed us; peers follow as events. Register handlers right away: no event of a peer
 * is emitted before the code after `await join(…)` has run.
 *
 * @param roomUrl `https://HOST/n/NETWORK`; NETWORK is a plain name, or the id of a founded network
 * @throws EdgeNetError `invalid-argument`, `unsupported`, `join-refused`, `room-unreachable`, `aborted`, `ledger-failed`
 * @example
 * const network = await join('https://edge-net.example/n/mainnet', { name: 'Ada' })
 * network.on('peer', ({ peer }) => peer.send('hello'))
 * network.on('message', ({ peer, data }) => console.log(peer.name, data))
 */
export async function join(roomUrl: string, options: JoinOptions = {}): Promise<Network> {
  const room = parseRoomUrl(roomUrl)
  const { name = '', capabilities = [] } = options
  checkProfile(name, capabilities)
  if ((options.carriers?.length ?? 0) > MAX_CARRIERS) {
    throw invalid('carriers', 'Too many carriers.', `Use at most ${MAX_CARRIERS}.`)
  }
  checkRuntime()
  const engine = usableEngine(options)
  const rank = engine?.rank ?? 0
  const clock = new Clock()
  const description = { rank, rtc: engine !== undefined, name, capabilities }
  const identity = options.identity ?? createIdentity()
  const opening = openSession(identity, networkIdOfKey(room.network), description, clock, options.membership)
  // What the application brings, an identity or membership, fails in its own words.
  const opened = options.identity || options.membership ? opening : opening.catch(unsupportedKeys)
  const [session, ledger, membership] = await Promise.all([opened, options.ledger, options.membership])
  if (membership && compareBytes(membership.networkId, session.core.network) !== 0) {
    throw invalid('membership', 'This is membership of another network.', 'Open the network of this room URL.')
  }
  options.onPhase?.('identity')
  const { iceTransportPolicy = 'all', attemptPolicy: policy } = options
  const self = { peerId: session.peerId, rank }
  const manager = engine && new WebRTCPeerManager({ engine, self, iceTransportPolicy, policy })
  return new JoinedNetwork({ room, session, clock, options, manager, ledger, membership }).enter()
}

/** The engine for direct paths, if there may be any. */
function usableEngine({ direct, rtc = nativeEngine(), iceTransportPolicy }: JoinOptions): RtcEngine | undefined {
  // Better no direct path than one that shows the address which somebody wants hidden.
  const leaks = iceTransportPolicy === 'relay' && !rtc?.honoursRelayOnly
  return direct === 'off' || leaks ? undefined : rtc
}

/** The WebRTC of the runtime itself, if it has one. */
function nativeEngine(): RtcEngine | undefined {
  const { RTCPeerConnection } = globalThis as { RTCPeerConnection?: RtcEngine['RTCPeerConnection'] }
  return (
    RTCPeerConnection && { RTCPeerConnection, rank: BROWSER_RANK, takesConfiguration: true, honoursRelayOnly: true }
  )
}

function checkProfile(name: string, capabilities: readonly string[]): void {
  if (utf8(name).length > MAX_NAME_BYTES) {
    throw invalid('name', 'The name is too long.', `Use at most ${MAX_NAME_BYTES} bytes of UTF-8.`)
  }
  const tooLong = capabilities.some((capability) => utf8(capability).length > MAX_CAPABILITY_BYTES)
  if (tooLong || capabilities.length > MAX_CAPABILITIES) {
    const hint = `Use at most ${MAX_CAPABILITIES} words of at most ${MAX_CAPABILITY_BYTES} bytes.`
    throw invalid('capabilities', 'Too many capabilities, or too long.', hint)
  }
}

function checkRuntime(): void {
  // Browsers hide crypto.subtle from pages that came over plain HTTP.
  const { WebSocket, crypto } = globalThis as { WebSocket?: unknown; crypto?: { subtle?: unknown } }
  if (WebSocket && crypto?.subtle) return
  const missing = WebSocket ? 'crypto.subtle' : 'WebSocket'
  const hint = 'Use https: or localhost; Node 22 or newer.'
  throw new EdgeNetError('unsupported', missing, `This runtime has no ${missing}.`, hint)
}

/** Browsers before 2025 lack Ed25519 or X25519, and say so in their own words. */
function unsupportedKeys(cause: unknown): never {
  const hint = 'Use Chrome 137, Firefox 130, Safari 17, Node 22 or newer.'
  throw new EdgeNetError('unsupported', 'keys', 'This runtime has no Ed25519 or X25519.', hint, { cause })
}

function invalid(reason: string, message: string, hint: string): EdgeNetError {
  return new EdgeNetError('invalid-argument', reason, message, hint)
}
