/**
 * The charter of one founded network on this host: its genesis, whom it has removed, who has come in with which invite, and
 * who waits to be let in. It believes nothing of its own: the Worker proves whatever it is given, and whoever asks it can
 * check what it answers. It is asked when somebody new comes, and otherwise at most once a minute by each isolate.
 *
 * Anybody may found networks, so a charter that nobody uses ends itself; whoever holds the genesis can register it again.
 */
import { DurableObject } from 'cloudflare:workers'
import { compareBytes, type Bytes } from '../protocol/bytes.ts'
import type { Genesis } from '../protocol/genesis.ts'
import type { Applicant } from '../protocol/http.ts'
import { networkIdText } from '../protocol/network.ts'
import { InviteUses, type InviteUse } from './invite-uses.ts'
import { errorKind, log } from './log.ts'
import { registryOf } from './registry.ts'
import type { Settings } from './settings.ts'
import { StoredMap } from './stored-map.ts'
import { WaitingRoom, type Rule } from './waiting-room.ts'

/** What the charter is read for. */
export type Visit = 'join' | 'other'

export interface CharterPage {
  readonly genesis: Genesis
  /** Only if there is a newer list than the reader knows. */
  readonly revocations?: Bytes
}

interface StoredRevocations {
  readonly number: number
  readonly bytes: Bytes
}

/** What a founder leaves behind and nobody looks at is gone after a month. */
export const UNUSED_FOR_MS = 30 * 86_400_000
/** That somebody was here is written down once in this time. */
const SEEN_AGAIN_MS = 86_400_000
/** The room is told of a list again when no door can let anybody in by an older one: REVOCATIONS_FRESH_MS, and the way. */
export const TELL_ROOM_AGAIN_MS = 65_000

const GENESIS = 'genesis'
const REVOCATIONS = 'revocations'
const SEEN = 'seen'
const LISTED = 'listed'
const TELL_ROOM_AT = 'tell-room-at'

export function charterOf(settings: Settings, network: string): DurableObjectStub<Charter> {
  return settings.CHARTER.getByName(network)
}

export class Charter extends DurableObject<Settings> {
  readonly #network: string
  readonly #kv: SyncKvStorage
  /** Only when they are needed: most visits are for the genesis. */
  #uses: InviteUses | undefined
  #waitingRoom: WaitingRoom | undefined

  constructor(ctx: DurableObjectState, settings: Settings) {
    super(ctx, settings)
    this.#network = ctx.id.name ?? ''
    this.#kv = ctx.storage.kv
  }

  /** Takes a proven genesis; returns whether it is new here. The charter is named by its hash, so there is only one. */
  register(genesis: Genesis): boolean {
    if (networkIdText(genesis.id) !== this.#network) throw new Error('a genesis belongs to the charter of its own id')
    const isNew = this.#genesis === undefined
    if (isNew) this.#kv.put(GENESIS, genesis)
    this.#seen()
    return isNew
  }

  /** The genesis, if one is registered, and the revocations, if they are newer than `knownNumber`. */
  read(visit: Visit, knownNumber: number): CharterPage | undefined {
    const genesis = this.#genesis
    if (!genesis) return undefined
    this.#seen()
    if (visit === 'join') this.#list(genesis)
    const revocations = this.#revocations
    const isNews = revocations && revocations.number > knownNumber
    return { genesis, ...(isNews && { revocations: revocations.bytes }) }
  }

  /** Whether the identity may come in with the invite, which counts it. */
  takeUse(use: InviteUse): boolean {
    if (!this.#genesis) return false
    this.#uses ??= new InviteUses(new StoredMap(this.#kv, 'invite/'))
    return this.#uses.take(use, Date.now())
  }

  /** Takes a proven list if it is the newest, and has the room remove whom it names. The same list again is no fault. */
  async revoke(number: number, bytes: Bytes): Promise<'taken' | 'stale'> {
    const latest = this.#revocations
    if (latest && compareBytes(latest.bytes, bytes) === 0) return 'taken'
    if (!this.#genesis || (latest && latest.number >= number)) return 'stale'
    this.#kv.put(REVOCATIONS, { number, bytes } satisfies StoredRevocations)
    this.#kv.put(TELL_ROOM_AT, Date.now() + TELL_ROOM_AGAIN_MS)
    this.#seen()
    this.#wakeAt()
    try {
      await this.#tellRoom()
    } catch (error) {
      // It is told again in any case.
      log({ event: 'room-not-told', reason: errorKind(error) })
    }
    return 'taken'
  }

  /** A proven petition to be let in. */
  wait(applicant: Parameters<WaitingRoom['ask']>[0], rule: Rule) {
    if (!this.#genesis) return 'waiting-full'
    this.#seen()
    return this.#waiting.ask(applicant, rule, Date.now())
  }

  waiting(rule: Rule): Applicant[] {
    return this.#genesis ? this.#waiting.waiting(rule, Date.now()) : []
  }

  approve(approval: Parameters<WaitingRoom['approve']>[0], rule: Rule): void {
    if (this.#genesis) this.#waiting.approve(approval, rule, Date.now())
  }

  decline(member: string): void {
    if (this.#genesis) this.#waiting.decline(member, Date.now())
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    if ((this.#kv.get<number>(TELL_ROOM_AT) ?? Infinity) <= nowMs) {
      // When the room cannot be reached this throws, and the platform rings again.
      await this.#tellRoom()
      this.#kv.delete(TELL_ROOM_AT)
    }
    if (this.#endsAtMs > nowMs) return this.#wakeAt()
    await registryOf(this.env).unlist(this.#network)
    await this.ctx.storage.deleteAll()
    this.#uses = undefined
    this.#waitingRoom = undefined
  }

  get #genesis(): Genesis | undefined {
    return this.#kv.get<Genesis>(GENESIS)
  }

  get #revocations(): StoredRevocations | undefined {
    return this.#kv.get<StoredRevocations>(REVOCATIONS)
  }

  get #waiting(): WaitingRoom {
    this.#waitingRoom ??= new WaitingRoom({
      applicants: new StoredMap(this.#kv, 'applicant/'),
      approvals: new StoredMap(this.#kv, 'approval/'),
      declines: new StoredMap(this.#kv, 'decline/'),
    })
    return this.#waitingRoom
  }

  get #endsAtMs(): number {
    return (this.#kv.get<number>(SEEN) ?? 0) + UNUSED_FOR_MS
  }

  /** Somebody uses this network: it stays for another month. */
  #seen(): void {
    const nowMs = Date.now()
    if (nowMs - (this.#kv.get<number>(SEEN) ?? -Infinity) < SEEN_AGAIN_MS) return
    this.#kv.put(SEEN, nowMs)
    this.#wakeAt()
  }

  /** The registry forgets networks that nobody is in; whoever comes back finds it listed again. */
  #list(genesis: Genesis): void {
    if (genesis.policy !== 'public') return
    const nowMs = Date.now()
    if (nowMs - (this.#kv.get<number>(LISTED) ?? -Infinity) < SEEN_AGAIN_MS) return
    this.#kv.put(LISTED, nowMs)
    this.ctx.waitUntil(registryOf(this.env).list(this.#network, genesis, ''))
  }

  async #tellRoom(): Promise<void> {
    const [genesis, stored] = [this.#genesis, this.#revocations]
    if (!genesis || !stored || genesis.policy === 'public') return
    await this.env.ROOM.getByName(this.#network).removeMembers(genesis, stored.bytes)
  }

  #wakeAt(): void {
    const atMs = Math.min(this.#kv.get<number>(TELL_ROOM_AT) ?? Infinity, this.#endsAtMs)
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs))
  }
}
