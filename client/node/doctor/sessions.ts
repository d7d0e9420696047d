/**
 * Sessions of one's own: the doctor's, and the bench's. All have one identity, made for this visit and thrown away, by which
 * they know each other; in a founded network it is the one of the data folder, for that may take a member. What they try with
 * each other they let nobody else see.
 */
import { randomBytes } from 'node:crypto'
import { FULL_LIST_PEERS } from '../../../protocol/limits.ts'
import type { IceServer } from '../../../protocol/http.ts'
import type { JoinOptions, Network, Peer } from '../../api.ts'
import { createIdentity, type Identity } from '../../identity/identity.ts'
import { parseRoomUrl, type RoomUrl } from '../../room-url.ts'
import type { MemberNetwork } from '../../networks/api.ts'
import { existingIdentity } from '../identity-file.ts'
import { join } from '../index.ts'
import { isFounded, openMembership } from '../membership.ts'
import { notMemberError } from '../membership-words.ts'
import type { DoctorOptions } from './doctor.ts'

/** Two sessions in one room hear of each other within a round trip; a slow machine makes keys for a second. */
const MEET_MS = 10_000

export class Sessions {
  readonly room: RoomUrl
  readonly #roomUrl: string
  readonly #iceServers: readonly IceServer[] | undefined
  readonly #folder: string
  readonly #signal: AbortSignal
  readonly #visitor: string
  #identity: Promise<Identity> | undefined

  /**
   * @param visitor the sub-command, by which others see the sessions called
   * @throws EdgeNetError `invalid-argument` for what is no room URL
   */
  constructor(
    roomUrl: string,
    { iceServers, folder }: DoctorOptions,
    signal: AbortSignal,
    visitor: 'doctor' | 'bench' = 'doctor',
  ) {
    this.room = parseRoomUrl(roomUrl)
    this.#roomUrl = this.room.http
    this.#iceServers = iceServers
    this.#folder = folder
    this.#signal = signal
    this.#visitor = visitor
  }

  /**
   * The network as our identity stands to it, opened anew, for each session needs its own; `undefined` behind a plain name.
   *
   * @throws EdgeNetError `membership`, `room-unreachable`
   */
  async membership(): Promise<MemberNetwork | undefined> {
    const identity = await this.me()
    // Nothing is kept of an identity that is thrown away.
    const folder = (await this.#kept()) && this.#folder
    return openMembership(this.#roomUrl, { identity, folder, signal: this.#signal })
  }

  /** Joins the room, to be seen by everybody and to see everybody. */
  enter(options: Pick<JoinOptions, 'direct' | 'onPhase'>): Promise<Network> {
    return this.#join(this.#roomUrl, options)
  }

  /**
   * Where sessions of ours meet: the room itself, or if it is a large one, which does not introduce everybody to everybody,
   * a room of their own on the same host.
   *
   * @param others members of the room
   */
  meetingPlace(others: number): MeetingPlace {
    if (others + 2 <= FULL_LIST_PEERS) return { url: this.#roomUrl, isCrowded: false }
    const name = `${this.#visitor}-${randomBytes(8).toString('hex')}`
    return { url: `${new URL(this.#roomUrl).origin}/n/${name}`, isCrowded: true }
  }

  /** Joins to see nobody but sessions of ours. */
  async joinAlone({ url }: MeetingPlace, direct: 'on' | 'off'): Promise<Network> {
    const { siteId } = await this.me()
    return this.#join(url, { direct, authorize: (peer) => peer.siteId === siteId })
  }

  /**
   * Two sessions that have met and see nobody else.
   *
   * @param others members of the room
   * @throws EdgeNetError when one of them cannot join; `undefined` when they do not meet in time
   */
  async pair(direct: 'on' | 'off', others: number): Promise<Pair | undefined> {
    const place = this.meetingPlace(others)
    const joined = await Promise.allSettled([this.joinAlone(place, direct), this.joinAlone(place, direct)])
    const networks = joined.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const close = async () => {
      await Promise.all(networks.map((network) => network.close()))
    }
    const [here, there] = networks
    if (!here || !there) {
      await close()
      throw joined.find((one) => one.status === 'rejected')?.reason
    }
    const [toThere, toHere] = await Promise.all([met(here, there), met(there, here)])
    if (toThere && toHere)
      return {
        here: { network: here, peer: toThere },
        there: { network: there, peer: toHere },
        isCrowded: place.isCrowded,
        close,
      }
    await close()
    return undefined
  }

  async #join(url: string, options: JoinOptions): Promise<Network> {
    const membership = url === this.#roomUrl ? await this.membership() : undefined
    const fault = membership && notMemberError(membership)
    if (fault) throw fault
    return join(url, {
      name: `edge-net ${this.#visitor}`,
      identity: await this.me(),
      ...(membership && { membership }),
      // The first ticket of a wrong clock is refused; the second one is right.
      attempts: 2,
      signal: this.#signal,
      ...(this.#iceServers && { iceServers: this.#iceServers }),
      ...options,
    })
  }

  /** The identity of this visit: one of its own, unless it takes a member to get in. */
  me(): Promise<Identity> {
    this.#identity ??= this.#kept().then((kept) => kept ?? createIdentity())
    return this.#identity
  }

  async #kept(): Promise<Identity | undefined> {
    return isFounded(this.#roomUrl) ? existingIdentity(this.#folder) : undefined
  }
}

export interface MeetingPlace {
  /** A room URL. */
  readonly url: string
  /** A room of their own. */
  readonly isCrowded: boolean
}

/** A session, and the other one as it sees it. */
export interface Side {
  readonly network: Network
  readonly peer: Peer
}

export interface Pair {
  readonly here: Side
  readonly there: Side
  /** They meet in a room of their own, on the same host. */
  readonly isCrowded: boolean
  close(): Promise<void>
}

function met(network: Network, other: Network): Promise<Peer | undefined> {
  const known = network.peers.get(other.peerId)
  if (known) return Promise.resolve(known)
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(undefined), MEET_MS)
    network.on('peer', ({ peer }) => {
      if (peer.id !== other.peerId) return
      clearTimeout(giveUp)
      resolve(peer)
    })
  })
}
