/** Who could become a neighbour: whom one has been told of and has nothing to do with yet, except those who misbehaved. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'
import { AgingMap } from './aging-map.ts'
import type { ToldMember } from './messages.ts'
import type { OverlayHost } from './overlay-host.ts'
import type { OverlayPolicy, PassivePolicy } from './overlay-policy.ts'
import { PassiveView, type Candidate, type Source } from './passive-view.ts'

/** Peers that are no candidates for a time. */
const MAX_BANNED = 1_024

export class Candidates {
  readonly passive: PassiveView
  readonly #host: OverlayHost
  readonly #isContact: (id: PeerId) => boolean
  readonly #banned: AgingMap<PeerId, true>
  readonly #dials: TokenBucket

  constructor(host: OverlayHost, policy: OverlayPolicy, passive: PassivePolicy, isContact: (id: PeerId) => boolean) {
    this.#host = host
    this.#isContact = isContact
    this.passive = new PassiveView(passive, host.random)
    this.#banned = new AgingMap(MAX_BANNED, policy.banMs)
    this.#dials = new TokenBucket(policy.dials)
  }

  hear(id: PeerId, announcement: Bytes, source: Source, seenAtMs = this.#host.nowMs): void {
    const { self, nowMs } = this.#host
    if (id === self || this.#isContact(id) || this.isBanned(id)) return
    this.passive.add({ id, announcement, source, seenAtMs }, nowMs)
  }

  /** Somebody tells of members. They are heard when their announcements are proven. */
  hearFrom(source: PeerId, members: readonly ToldMember[]): void {
    if (members.length === 0) return
    const { nowMs } = this.#host
    this.#host.prove(
      members.map(({ announcement }) => announcement),
      (ids) => {
        for (const [i, { announcement, ageS }] of members.entries()) {
          const id = ids[i]
          if (id !== undefined) this.hear(id, announcement, source, nowMs - ageS * 1_000)
        }
      },
    )
  }

  /**
   * Somebody to turn to, as long as that can be afforded. Then it is no candidate any more.
   *
   * @param leads whether a source leads to those it told of: they are turned to first
   * @param mayBeSought whether others are turned to as well
   */
  take(leads: (source: Source) => boolean, mayBeSought: boolean): Candidate | undefined {
    const { nowMs } = this.#host
    const isWanted = ({ id }: Candidate) => !this.#isContact(id) && !this.isBanned(id)
    const near = this.passive.draw((candidate) => leads(candidate.source) && isWanted(candidate), nowMs)
    const candidate = near ?? (mayBeSought ? this.passive.draw(isWanted, nowMs) : undefined)
    if (!candidate || !this.#dials.take(nowMs)) return undefined
    this.passive.remove(candidate.id)
    return candidate
  }

  isBanned(id: PeerId): boolean {
    return this.#banned.has(id, this.#host.nowMs)
  }

  /** It is no candidate for some time. */
  ban(id: PeerId): void {
    this.#banned.set(id, true, this.#host.nowMs)
    this.passive.remove(id)
  }
}
