/**
 * Whose announcements are, and whether the application lets them in: found out once, remembered for a while, and never too
 * much at once.
 */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { nowMs } from '../clock.ts'
import { AgingMap } from './aging-map.ts'
import type { MeshHost, ProvenMember } from './api.ts'
import { idOf } from './message-id.ts'

/** Twice the members that a mesh knows of, and some who speak. */
const MAX_REMEMBERED = 256
/** Members are removed, and announcements end; who is a neighbour is judged anew by the links. */
const REMEMBERED_MS = 60_000
/** Two checks at 0.2 ms each, so that a crowd of strangers cannot keep the thread busy. What is beyond is not proven. */
const MAX_AT_ONCE = 320
/** Applications may ask people; nobody wants to be asked about somebody each minute. */
const MAX_AUTHORIZED = 1_024
const AUTHORIZED_MS = 3_600_000
/** A program decides sooner, and people may never. */
const DECISION_WAIT_MS = 2_000
/** Of those about whom it has not decided, at once. What is beyond is not let in, and asked about another time. */
const MAX_ASKING = 64
/** Members of whom something has been heard lately: how large a network is that no room counts. */
const MAX_COUNTED = 4_096
const COUNTED_MS = 600_000

export class Announcements {
  readonly #host: Pick<MeshHost, 'prove' | 'authorize' | 'peerId'>
  #proven = new AgingMap<string, Promise<ProvenMember | undefined>>(MAX_REMEMBERED, REMEMBERED_MS)
  readonly #authorized = new AgingMap<string, Promise<boolean>>(MAX_AUTHORIZED, AUTHORIZED_MS)
  /** Those of them who were not let in. */
  #refused = new AgingMap<string, Promise<boolean>>(MAX_AUTHORIZED, AUTHORIZED_MS)
  readonly #counted = new AgingMap<PeerId, true>(MAX_COUNTED, COUNTED_MS)
  #running = 0
  #asking = 0

  constructor(host: Pick<MeshHost, 'prove' | 'authorize' | 'peerId'>) {
    this.#host = host
  }

  /** Members of whom something has been heard lately. */
  get count(): number {
    return this.#counted.sizeAt(nowMs())
  }

  /** Somebody is no member any more: who was proven before that may be another one. */
  doubt(): void {
    this.#proven = new AgingMap(MAX_REMEMBERED, REMEMBERED_MS)
  }

  /** Who was not let in may be from now on. */
  unblock(): void {
    for (const [key, asked] of this.#refused.newestFirst(nowMs())) {
      if (this.#authorized.get(key, nowMs()) === asked) this.#authorized.delete(key)
    }
    this.#refused = new AgingMap(MAX_AUTHORIZED, AUTHORIZED_MS)
  }

  /** Whose it is; `undefined` when it proves nothing, or nobody has the time. Never rejects. */
  async prove(announcement: Bytes): Promise<ProvenMember | undefined> {
    const member = await this.#proof(announcement)
    if (member && member.id !== this.#host.peerId) this.#counted.set(member.id, true, nowMs())
    return member
  }

  /** The same, of those whom the application lets in. Whoever is not decided about is not waited for. */
  async admit(announcement: Bytes): Promise<ProvenMember | undefined> {
    const member = await this.prove(announcement)
    return member && (await soon(this.isAuthorized(member, announcement))) ? member : undefined
  }

  /** Whether the application lets a member be seen and heard, asked once for each announcement. */
  isAuthorized(member: ProvenMember, announcement: Bytes): Promise<boolean> {
    if (member.id === this.#host.peerId) return Promise.resolve(true)
    const key = keyOf(announcement)
    const known = this.#authorized.get(key, nowMs())
    if (known) return known
    if (this.#asking >= MAX_ASKING) return Promise.resolve(false)
    this.#asking++
    const asking = this.#host.authorize(member).finally(() => this.#asking--)
    void this.#authorized.set(key, asking, nowMs())
    void asking.then((isIn) => !isIn && this.#refused.set(key, asking, nowMs()))
    return asking
  }

  #proof(announcement: Bytes): Promise<ProvenMember | undefined> {
    const key = keyOf(announcement)
    const known = this.#proven.get(key, nowMs())
    if (known) return known
    if (this.#running >= MAX_AT_ONCE) return Promise.resolve(undefined)
    this.#running++
    const proving = this.#host.prove(announcement).finally(() => this.#running--)
    void this.#proven.set(key, proving, nowMs())
    return proving
  }
}

/** False when it takes longer: others wait for this, too. */
function soon(deciding: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), DECISION_WAIT_MS)
    void deciding.then((isIn) => {
      clearTimeout(timer)
      resolve(isIn)
    })
  })
}

function keyOf(announcement: Bytes): string {
  return toBase64Url(idOf(announcement))
}
