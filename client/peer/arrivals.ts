/**
 * From an announcement to a link: it is verified, membership is judged, the application is asked, keys are agreed. An announcement may come from
 * the room's lists and from its owner at the same time, and is dealt with once.
 */
import { decodeAnnouncement, proveAnnouncement, type ProvenAnnouncement } from '../../protocol/announcement.ts'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { peerIdOf, type PeerId } from '../../protocol/peer-id.ts'
import type { Applicant } from '../api.ts'
import type { Clock } from '../clock.ts'
import type { Session } from '../identity/session.ts'
import { Acquaintances } from './acquaintances.ts'
import type { PeerKeys, RemotePeer } from './remote-peer.ts'

/** Links at once; in a large room every newcomer makes up to 32 of them, and others make some to it. */
export const MAX_PEERS = 128
/** Announcements that were refused are remembered, so that each is judged, and `authorize` asked, once; beyond, anew. */
const MAX_REFUSED = 1_024

export interface ArrivalsHost {
  readonly remotes: ReadonlyMap<PeerId, RemotePeer>
  /** Why the peer is no member now; nothing when it is one. Never rejects. */
  judge(announcement: ProvenAnnouncement): Promise<string | undefined> | undefined
  /** Whether the application lets the applicant in. Never rejects. */
  authorize(applicant: Applicant): Promise<boolean>
  /** Begins a link; nothing when the network is being closed. */
  link(announcement: ProvenAnnouncement, keys: PeerKeys, via?: number): RemotePeer | undefined
}

export class Arrivals {
  readonly #session: Session
  readonly #clock: Clock
  readonly #host: ArrivalsHost
  readonly #acquaintances: Acquaintances
  /** Announcements being verified and authorized. */
  readonly #running = new Map<string, Promise<RemotePeer | string>>()
  /** Announcements of those who are no members, or whom `authorize` refused. */
  readonly #refused = new Set<string>()

  constructor(session: Session, clock: Clock, host: ArrivalsHost) {
    this.#session = session
    this.#clock = clock
    this.#host = host
    this.#acquaintances = new Acquaintances(session)
  }

  /**
   * Verifies and authorizes an announcement and links to its peer, or says why not ('' when there is no fault).
   *
   * @param via the carrier that brought it
   */
  meet(announcement: Bytes, via?: number): Promise<RemotePeer | string> {
    const text = toBase64Url(announcement)
    const running = this.#running.get(text)
    if (running) return running
    // Whoever decides may take long, and strangers do not wait for each other.
    if (this.#running.size >= MAX_PEERS) return Promise.resolve('')
    const arrival = this.#arrive(announcement, text, via).finally(() => this.#running.delete(text))
    this.#running.set(text, arrival)
    return arrival
  }

  /** The same for what somebody says of himself. Nobody introduces others: a member could fill our links with peers that no door has seen. */
  async introduced(from: PeerId, announcement: Bytes, via: number): Promise<RemotePeer | string> {
    const core = decodeAnnouncement(announcement)?.core
    const isOther = core !== undefined && (await peerIdOf(core)) !== from
    return isOther ? 'intro-mismatch' : this.meet(announcement, via)
  }

  /** Asks again about those who were refused. */
  reconsider(): void {
    this.#refused.clear()
  }

  async #arrive(bytes: Bytes, text: string, via?: number): Promise<RemotePeer | string> {
    const { remotes } = this.#host
    if (this.#refused.has(text)) return ''
    const announcement = await proveAnnouncement(bytes, this.#session.core.network, this.#clock.nowMs())
    if (typeof announcement === 'string') return announcement
    const { peerId: id, profile, core } = announcement
    if (id === this.#session.peerId) return ''
    const fault = await this.#host.judge(announcement)
    if (fault) {
      // What is over by a clock that the room set wrong need not be over.
      if (fault !== 'membership-expired') this.#refuse(text)
      return fault
    }
    if (!remotes.has(id)) {
      if (remotes.size >= MAX_PEERS) return ''
      if (!(await this.#host.authorize({ ...profile, id, siteId: toBase64Url(core.identity) }))) {
        this.#refuse(text)
        return ''
      }
    }
    const keys = remotes.has(id) ? undefined : await this.#acquaintances.meet(announcement)
    // Whoever decides may take long enough for a member to be removed.
    if (keys && (await this.#host.judge(announcement))) return ''
    // It may have arrived meanwhile, by a newer announcement; the newest one stays.
    const known = remotes.get(id)
    if (known && profile.issuedAtMs > known.announcement.profile.issuedAtMs) known.announcement = announcement
    if (known || !keys) return known ?? 'session-key'
    // Others have arrived meanwhile, too.
    return (remotes.size < MAX_PEERS && this.#host.link(announcement, keys, via)) || ''
  }

  #refuse(text: string): void {
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear()
    this.#refused.add(text)
  }
}
