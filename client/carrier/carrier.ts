/**
 * A carrier moves envelopes between peers that have no direct path: the room, neighbours in the mesh, Gun, a memory in tests.
 *
 * What it may do: lose, repeat, delay and reorder envelopes, say that somebody is there who is not, be down. Links bear all of
 * that. What it must not do: change bytes that it hands over, hand over what was not for us, tell of its own sends, throw, or
 * keep more than a bounded amount of anything. Nothing that it hands over is believed before it verifies or opens.
 *
 * Several carriers run side by side; the network decides which one an envelope goes to. To write another one, implement
 * {@link Carrier} and have it pass the scenarios in `acceptance.ts`.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Envelope, EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { EdgeNetError } from '../errors.ts'

export interface Carrier {
  /** One lower-case word, unique among the carriers of a network: `room`, `neighbours`, `gun`. */
  readonly name: string
  /** False for one that is too slow, too small or too public for `relay` envelopes: it is given the other kinds only. */
  readonly carriesBulk: boolean
  /** False while `relay` envelopes would only pile up; {@link CarrierEvents.ready} follows. */
  readonly isReady: boolean

  /** Called once, before anything else. From now on, and not within this call, `events` are told. */
  start(self: CarrierSelf, events: CarrierEvents): void
  /** Sends an envelope, or drops it when it cannot be sent now: links send again. */
  sendEnvelope(kind: EnvelopeKind, to: PeerId, body: Bytes): void
  /** {@link CarrierSelf.announcement} has changed. */
  announce(): void
  /**
   * Whether somebody is missing: while true, the carrier looks for members and shows that we are there, as often as it
   * can afford; while false, it is quiet, and still hands over what comes.
   */
  seek(isMissingSomebody: boolean): void
  /** Something may have changed (network, sleep): finds out soon whether it works, and tries again now if it does not. */
  nudge(): void
  /** The page is put away: lets go of sockets and timers until `resume`. Tells `down`. */
  suspend(): void
  resume(): void
  /** Frees everything, and tells nothing more. Resolves when it has, soon, and never rejects. */
  close(): Promise<void>
}

/** Who we are to a carrier. */
export interface CarrierSelf {
  readonly networkId: Bytes
  readonly peerId: PeerId
  /** The newest announcement: it proves our peer id to anybody. */
  announcement(): Bytes
  /** Milliseconds since 1970, corrected by what the room said. */
  nowMs(): number
}

/** What a carrier tells. The receiver does not throw. */
export interface CarrierEvents {
  /** It works, or works again; what was sent before may be lost. */
  up(): void
  down(cause?: EdgeNetError): void
  /** Somebody says that he can be reached through it. Unchecked; may be told again and again. */
  met(announcement: Bytes): void
  /** An envelope for us; `peer` is who it claims to be from. */
  envelope(envelope: Envelope): void
  /** An envelope to this peer found nobody. A hint: he may come back, or be reached through another carrier. */
  unreachable(peer: PeerId): void
  /** It takes `relay` envelopes again. */
  ready(): void
}
