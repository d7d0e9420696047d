/**
 * Where a device keeps its ledger. What a write has told to be kept survives the process; what is more than a few seconds
 * old survives the machine, too; the segment that was being written may be torn. Own entries survive both as soon as they
 * are told to be kept. Losing the disk loses everything.
 */
import { storeFailed } from '../../../client/qdag/store-failure.ts'
import type { LedgerStore, OwnRecord } from '../../../client/qdag/store.ts'
import { MemoryPlace, MemoryStore } from '../../../client/qdag/stores/memory-store.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Random } from '../../sim/random.ts'
import { randomBytes } from './pen.ts'

/**
 * - `process`: killed; what the disk has been told stays.
 * - `power`: the machine's memory is gone, and with it what the disk was told lately.
 * - `loss`: of everything: an evicted origin, a new disk.
 */
export type Crash = 'process' | 'power' | 'loss'

/** How long an operating system may keep what it was given to write. */
const UNSAFE_MS = 5_000
const TEAR_CHANCE = 0.3

export class Disk {
  place: MemoryPlace
  readonly random: Random
  /** Takes nothing more. */
  isFull = false
  /** Gives only some of what is asked for. */
  isUnreadable = false
  /** Segments as they were at certain times, which ascend. */
  #history: { readonly segments: readonly Bytes[]; readonly atMs: number }[] = []

  constructor(random: Random) {
    this.random = random
    this.place = this.makePlace(undefined, true)
  }

  /** Segments were written. */
  changed(nowMs: number): void {
    this.#history.push({ segments: [...this.place.segments], atMs: nowMs })
    while (this.#history.length > 1 && (this.#history[1]?.atMs ?? 0) < nowMs - UNSAFE_MS) this.#history.shift()
  }

  /** Whatever is in segments now is as safe as own entries. */
  makeSafe(): void {
    this.changed(-Infinity)
    this.#history = this.#history.slice(-1)
  }

  /** The machine goes down; nobody has a store of this disk open any more. */
  crash(kind: 'power' | 'loss', nowMs: number): void {
    const { random } = this
    const before = this.place
    this.place = this.makePlace(before, kind === 'loss')
    if (kind === 'loss') {
      this.#history = []
      return
    }
    const oldest = this.#history.findLastIndex(({ atMs }) => atMs < nowMs - UNSAFE_MS)
    const survivors = oldest < 0 ? [{ segments: [], atMs: -Infinity }, ...this.#history] : this.#history.slice(oldest)
    const { segments, atMs } = random.pick(survivors)
    this.place.segments.push(...segments)
    const last = this.place.segments.at(-1)
    if (last && atMs >= nowMs - UNSAFE_MS && random.chance(TEAR_CHANCE))
      this.place.segments.splice(-1, 1, torn(last, random))
    this.#history = []
    this.makeSafe()
  }

  /** What outlives a crash of the machine besides segments. */
  protected makePlace(before: MemoryPlace | undefined, isLost: boolean): MemoryPlace {
    const place = new MemoryPlace(() => randomBytes(this.random, 16))
    if (isLost) return place
    for (const [contributor, writer] of before?.writers ?? []) place.writers.set(contributor, writer)
    for (const [writer, records] of before?.own ?? []) place.own.set(writer, records)
    return place
  }
}

/** Cut short, or with a sector that was never written. */
function torn(bytes: Bytes, random: Random): Bytes {
  const at = random.below(bytes.length)
  if (random.chance(0.5)) return bytes.slice(0, at)
  return bytes.slice().fill(random.below(256), at, at + 512)
}

/** What a store needs to know of whoever has opened it. */
export interface DiskUser {
  /** After so long, unless the user is over by then. */
  wait(ms: number): Promise<void>
  nowMs(): number
  /** Of an access to the disk. */
  accessMs(): number
  /** The disk says that this own entry is kept. */
  kept(record: OwnRecord): void
}

/** A disk as one session has it open: every access takes its time, and none is answered after the session's end. */
export class DiskStore implements LedgerStore {
  readonly #disk: Disk
  readonly #user: DiskUser
  readonly #place: MemoryPlace
  readonly #inner: MemoryStore
  readonly #underWay = new Set<() => Promise<void>>()
  #isOver = false
  #end: () => void = () => {}
  readonly #ended = new Promise<void>((resolve) => (this.#end = resolve))

  constructor(disk: Disk, user: DiskUser) {
    this.#disk = disk
    this.#user = user
    this.#place = disk.place
    this.#inner = new MemoryStore(disk.place)
  }

  writer(contributor: Bytes): Promise<Bytes> {
    return this.#read(() => this.#inner.writer(contributor))
  }
  renewWriter(contributor: Bytes): Promise<Bytes> {
    return this.#read(() => this.#inner.renewWriter(contributor))
  }
  segmentCount(): Promise<number> {
    return this.#read(() => this.#inner.segmentCount())
  }
  readSegment(number: number): Promise<Bytes | undefined> {
    return this.#read(() => this.#inner.readSegment(number))
  }
  lastOwn(writer: Bytes): Promise<OwnRecord | undefined> {
    return this.#read(() => this.#inner.lastOwn(writer))
  }
  allOwn(): Promise<readonly OwnRecord[]> {
    return this.#read(() => this.#inner.allOwn())
  }

  writeSegments(from: number, segments: readonly Bytes[]): Promise<void> {
    return this.#write(async () => {
      await this.#inner.writeSegments(from, segments)
      if (this.#isIntact) this.#disk.changed(this.#user.nowMs())
    })
  }

  writeOwn(contributor: Bytes, record: OwnRecord): Promise<void> {
    return this.#write(async () => {
      await this.#inner.writeOwn(contributor, record)
      if (this.#isIntact) this.#user.kept(record)
    })
  }

  forgetOwn(writer: Bytes, below: number): Promise<void> {
    return this.#write(async () => {
      this.#disk.makeSafe()
      await this.#inner.forgetOwn(writer, below)
    }, false)
  }

  exclusively<T>(act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // Whoever dies in it lets go of it.
      void this.#inner.exclusively(() =>
        Promise.race([this.#isOver ? undefined : act().then(resolve, reject), this.#ended]),
      )
    })
  }

  async becomeKeeper(): Promise<boolean> {
    return this.#inner.becomeKeeper()
  }

  resign(): void {
    this.#inner.resign()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** The session is over. What it was about to write is there, or not. */
  die(isClean: boolean): void {
    for (const write of this.#underWay)
      if (isClean || this.#disk.random.chance(0.5)) void write().catch(() => undefined)
    this.#isOver = true
    this.#inner.resign()
    this.#end()
  }

  /** The machine has not gone down since. */
  get #isIntact(): boolean {
    return this.#disk.place === this.#place
  }

  async #read<T>(act: () => Promise<T>): Promise<T> {
    await this.#user.wait(0)
    return this.#isOver ? new Promise(() => {}) : act()
  }

  async #write(act: () => Promise<void>, takesRoom = true): Promise<void> {
    this.#underWay.add(act)
    await this.#user.wait(this.#user.accessMs())
    this.#underWay.delete(act)
    if (this.#isOver) return new Promise(() => {})
    if (takesRoom && this.#disk.isFull) throw storeFailed('no-space', 'The simulated disk is full.')
    return act()
  }
}
