/**
 * A session: one running client of an identity in one network. Its X25519 key never leaves memory, so what was said
 * under it cannot be read by whoever takes the identity later.
 */
import { signAnnouncement, type Profile } from '../../protocol/announcement.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import { MAX_ANNOUNCEMENT_AGE_MS } from '../../protocol/limits.ts'
import { peerIdOf, type Core, type PeerId } from '../../protocol/peer-id.ts'
import { signTicket, type Purpose } from '../../protocol/ticket.ts'
import type { SharedMembership } from '../api.ts'
import type { Clock } from '../clock.ts'
import type { Identity } from './identity.ts'

/** The part of a profile that the application chooses. */
export type SelfDescription = Pick<Profile, 'rank' | 'rtc' | 'name' | 'capabilities'>

export class Session {
  readonly core: Core
  readonly peerId: PeerId
  /** X25519 private key, for `deriveBits`. */
  readonly privateKey: CryptoKey
  /** The newest announcement. */
  announcement: Bytes = new Uint8Array(0)
  /** How long the newest announcement holds, from its beginning. */
  lifeMs = 0
  readonly #identity: Identity
  readonly #description: SelfDescription
  readonly #clock: Clock
  readonly #membership: SharedMembership | undefined
  /** A signature of the identity's. */
  readonly sign = (message: Bytes) => this.#identity.sign(message)
  #announcing: Promise<void> | undefined
  #lastTicketMs = 0
  #acceptedTicketMs = 0

  constructor(
    identity: Identity,
    core: Core,
    peerId: PeerId,
    privateKey: CryptoKey,
    description: SelfDescription,
    clock: Clock,
    membership?: SharedMembership,
  ) {
    this.#identity = identity
    this.core = core
    this.peerId = peerId
    this.privateKey = privateKey
    this.#description = description
    this.#clock = clock
    this.#membership = membership
  }

  /** Signs a new announcement, valid from now on, but not beyond membership; the highest issued-at wins everywhere. */
  announce(): Promise<void> {
    const issuedAtMs = this.#clock.nowMs()
    const { chainBytes: chain = new Uint8Array(0), expiresAtMs: endMs = Infinity } = this.#membership ?? {}
    const leftMs = endMs - issuedAtMs
    // Whose membership is over announces himself all the same: the refusal says why he is out.
    this.lifeMs = leftMs > 0 ? Math.min(leftMs, MAX_ANNOUNCEMENT_AGE_MS) : MAX_ANNOUNCEMENT_AGE_MS
    const profile = { ...this.#description, issuedAtMs, expiresAtMs: issuedAtMs + this.lifeMs, chain }
    this.#announcing = signAnnouncement(this.core, profile, this.sign).then((announcement) => {
      this.announcement = announcement
    })
    return this.#announcing
  }

  /** A ticket for one request, now; newer than the last one that the door accepted, whatever the clock did since. */
  async ticket(purpose: Purpose, host: string): Promise<string> {
    await this.#announcing
    const issuedAtMs = Math.max(this.#clock.nowMs(), this.#acceptedTicketMs + 1)
    if (purpose === 'join') this.#lastTicketMs = issuedAtMs
    return signTicket({ announcement: this.announcement, purpose, issuedAtMs, host }, this.sign)
  }

  /** The door says that our time is wrong, whatever another one accepted: tickets go by the clock again. */
  ticketRefused(): void {
    this.#acceptedTicketMs = 0
  }

  /** The door accepted the last ticket for joining. */
  ticketAccepted(): void {
    this.#acceptedTicketMs = this.#lastTicketMs
  }
}

/** Makes the session's keys, while identity, network id and membership may still be in the making, and its first announcement. */
export async function openSession(
  owner: Identity | Promise<Identity>,
  networkId: Bytes | Promise<Bytes>,
  description: SelfDescription,
  clock: Clock,
  member?: SharedMembership | Promise<SharedMembership>,
): Promise<Session> {
  const generating = crypto.subtle.generateKey('X25519', false, ['deriveBits'])
  const [identity, network, keys, membership] = await Promise.all([owner, networkId, generating, member])
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  const core = { identity: identity.publicKey, session: publicKey, network }
  const session = new Session(identity, core, await peerIdOf(core), keys.privateKey, description, clock, membership)
  await session.announce()
  return session
}
