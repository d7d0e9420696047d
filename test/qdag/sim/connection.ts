/**
 * A link between two devices, as the ledger sees links: messages arrive whole, once and in order as long as it lives. It is
 * slow or fast, stalls, breaks, and each side learns of that when it learns of it.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Agenda } from '../../sim/agenda.ts'
import { OrderedPipe, type PipeTraits } from '../../sim/pipes.ts'

/** Who has an end of a connection. */
export interface Owner {
  linkUp(end: LinkEnd): void
  linkDown(end: LinkEnd): void
  heard(end: LinkEnd, message: Bytes): void
  said(end: LinkEnd, message: Bytes): void
  /** The link has taken a message off the queue. */
  taken(end: LinkEnd): void
}

export class LinkEnd {
  /** Whom it leads to, as the owner knows them. */
  readonly peer: string
  readonly owner: Owner
  isUp = false
  isOver = false
  /** There is nothing at the other end any more, whether the owner knows or not. */
  isCut = false
  queuedBytes = 0
  #pipe: OrderedPipe<Bytes> | undefined
  readonly #queue: Bytes[] = []
  /** What came before the owner knew of the link. */
  readonly #early: Bytes[] = []

  constructor(owner: Owner, peer: string) {
    this.owner = owner
    this.peer = peer
  }

  attach(pipe: OrderedPipe<Bytes>): void {
    this.#pipe = pipe
  }

  send(message: Bytes): void {
    if (this.isOver) return
    this.#queue.push(message)
    this.queuedBytes += message.length
    this.owner.said(this, message)
    this.pump()
  }

  pump(): void {
    let message: Bytes | undefined
    while (!this.isOver && this.#pipe && !this.#pipe.isFull && (message = this.#queue.shift())) {
      this.queuedBytes -= message.length
      this.#pipe.put(message, message.length)
      this.owner.taken(this)
    }
  }

  open(): void {
    // Another one may be open by now.
    if (this.isCut || this.isOver) return
    this.isUp = true
    this.owner.linkUp(this)
    for (const message of this.#early.splice(0)) this.arrive(message)
  }

  arrive(message: Bytes): void {
    if (this.isOver) return
    if (this.isUp) this.owner.heard(this, message)
    else this.#early.push(message)
  }

  /** This side learns that it is over. */
  end(): void {
    if (this.isOver) return
    this.close()
    if (this.isUp) this.owner.linkDown(this)
  }

  /** Takes and hands over nothing more. */
  close(): void {
    this.isOver = true
    this.#queue.length = 0
    this.queuedBytes = 0
  }
}

export class Connection {
  readonly ends: readonly [LinkEnd, LinkEnd]
  readonly traits: PipeTraits
  isCut = false
  readonly #agenda: Agenda
  readonly #pipes: readonly [OrderedPipe<Bytes>, OrderedPipe<Bytes>]

  /** @param names how the second knows the first, and the first the second */
  constructor(
    agenda: Agenda,
    traits: PipeTraits,
    owners: readonly [Owner, Owner],
    names: readonly [string, string],
    knownAfterMs: readonly [number, number],
  ) {
    this.#agenda = agenda
    this.traits = traits
    const ends = [new LinkEnd(owners[0], names[1]), new LinkEnd(owners[1], names[0])] as const
    const pipe = (from: LinkEnd, to: LinkEnd): OrderedPipe<Bytes> =>
      new OrderedPipe(
        agenda,
        traits,
        (message) => to.arrive(message),
        () => from.pump(),
      )
    this.ends = ends
    this.#pipes = [pipe(ends[0], ends[1]), pipe(ends[1], ends[0])]
    for (const side of [0, 1] as const) {
      ends[side].attach(this.#pipes[side])
      agenda.after(knownAfterMs[side], () => ends[side].open())
    }
  }

  /** Nothing gets through of what these sides say. */
  freeze(sides: readonly (0 | 1)[]): void {
    for (const side of sides) this.#pipes[side].freeze()
  }

  thaw(): void {
    for (const pipe of this.#pipes) pipe.thaw()
    for (const end of this.ends) end.pump()
  }

  /** Whatever is under way is lost. Each side learns of it this much later. */
  cut(noticedAfterMs: readonly [number, number]): void {
    if (this.isCut) return
    this.isCut = true
    for (const side of [0, 1] as const) {
      this.#pipes[side].cut()
      this.ends[side].isCut = true
      this.#agenda.after(noticedAfterMs[side], () => this.ends[side].end())
    }
  }
}
