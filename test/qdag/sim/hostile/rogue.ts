/**
 * A hostile peer: the real parts, so that it gets deep into every exchange, and vices, so that what it says there is wrong.
 * When nobody listens to it any more, it comes back under another name.
 */
import { decodeBatch, encodeBatch } from '../../../../client/qdag/batch.ts'
import { NO_CHAIN } from '../../../../client/qdag/entry-fields.ts'
import type { Entry, EntryBody } from '../../../../client/qdag/entry.ts'
import { decodeMessage, encodeMessage } from '../../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../../protocol/bytes.ts'
import type { LinkEnd } from '../connection.ts'
import { Device, type Belongings, type DeviceTraits } from '../device.ts'
import { bytesOf, sha256 } from '../crypto.ts'
import { ascending, randomBytes, signedEntry } from '../pen.ts'
import type { World } from '../world.ts'
import type { Vice } from './vice.ts'

const COMES_BACK_MS = [5_000, 60_000] as const
/** A third of what it does is as an honest peer would: otherwise nobody would ever go on listening. */
const TWIST_CHANCE = 0.67

export class Rogue extends Device {
  override readonly isHonest = false
  readonly vices: readonly Vice[]
  /** How often it has done what. */
  readonly deeds = new Map<string, number>()
  #keys = 0

  constructor(name: string, world: World, traits: DeviceTraits, vices: readonly Vice[], belongings: Belongings) {
    super(name, world, traits, belongings)
    this.vices = vices
    for (const vice of vices) this.#keepActing(vice)
    if (vices.some(({ isShy }) => !isShy)) this.#keepComingBack()
  }

  get ends(): LinkEnd[] {
    return [...(this.session?.links.values() ?? [])]
  }

  override say(end: LinkEnd, bytes: Bytes): void {
    const { random } = this.world
    const vice = this.vices.find(({ twist }) => twist)
    const message = vice && random.chance(TWIST_CHANCE) ? decodeMessage(bytes) : undefined
    const twisted = message && vice?.twist?.(this, end, message, bytes)
    if (vice && twisted) this.#did(vice)
    for (const one of twisted ?? [bytes]) end.send(one)
  }

  override hears(end: LinkEnd, bytes: Bytes): boolean {
    const message = decodeMessage(bytes)
    return !message || this.vices.every(({ hear }) => !hear?.(this, end, message, bytes))
  }

  /** What one entry would have that builds on the present tips. */
  body(changes: Partial<EntryBody> = {}): EntryBody {
    const { random, networkId } = this.world
    const { session } = this
    const wallMs = Math.floor(session?.correctedWallMs ?? 1)
    const tips = (session?.ledger.tips() ?? []).slice(-2)
    const { ledger } = session ?? {}
    const times = tips.map((tip) => ledger?.tsOf(tip) ?? 0)
    return {
      contributor: this.contributor,
      writer: randomBytes(random, 16),
      seq: 0,
      prev: undefined,
      tsMs: Math.max(wallMs, ...times.map((tsMs) => tsMs + 1)),
      computeUnits: random.below(100_000),
      taskId: `of ${this.name}: ${random.below(1_000)}`,
      parents: tips.length > 0 ? ascending(tips.map((tip) => ledger?.idOf(tip) ?? networkId)) : [networkId],
      receipt: undefined,
      chain: NO_CHAIN,
      ...changes,
    }
  }

  entry(changes: Partial<EntryBody> = {}): Entry {
    return signedEntry(this.body(changes), this.world.networkId)
  }

  /** Keys are free. */
  newKey(): Bytes {
    return bytesOf(`${this.name} is also ${this.#keys++}`)
  }

  push(end: LinkEnd, ...entries: readonly Entry[]): void {
    if (entries.length > 0) end.send(encodeMessage('qdag_entries', { batch: encodeBatch(entries) }))
  }

  entriesOf(batch: Bytes): readonly Entry[] {
    return batch.length > 0 ? (decodeBatch(batch, sha256) ?? []) : []
  }

  #did({ name }: Vice): void {
    this.deeds.set(name, (this.deeds.get(name) ?? 0) + 1)
  }

  #keepActing(vice: Vice): void {
    const { agenda, random } = this.world
    const { everyMs, act, makesEntries } = vice
    if (!act || everyMs === undefined) return
    agenda.after(random.between(0, 2) * everyMs, () => {
      if (this.session?.isReady && !(makesEntries && this.world.isQuiet)) {
        this.#did(vice)
        act(this)
      }
      this.#keepActing(vice)
    })
  }

  #keepComingBack(): void {
    const { agenda, random } = this.world
    agenda.after(random.magnitude(...COMES_BACK_MS), () => {
      this.leave()
      this.start()
      this.#keepComingBack()
    })
  }
}
