/** Links that lack one of their duties. Made from outside: the real one knows nothing of them. */
import { Link, type LinkOptions, type LinkOutput, type PathKind } from '../../client/peer/link.ts'
import { textOf } from '../../protocol/bytes.ts'
import { FLAG_FIRST, FLAG_HELD, FLAG_LAST, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import type { MakeLink } from './peer.ts'

type Send = LinkOutput['send']

/** A link whose frames pass through `sending` on their way out. */
class Mutant extends Link {
  protected readonly output: LinkOutput

  constructor(incarnation: number, output: LinkOutput, options: LinkOptions) {
    // A link sends nothing while it is made.
    const gate: { send: Send } = { send: (path, frame) => output.send(path, frame) }
    super(incarnation, { ...output, send: (path, frame) => gate.send(path, frame) }, options)
    this.output = output
    gate.send = (path, frame) => this.sending(path, frame)
  }

  protected sending(path: PathKind, frame: Frame): boolean {
    return this.output.send(path, frame)
  }
}

/** Believes, while it is forgetting, that whatever was sent once has arrived. */
class Forgetful extends Mutant {
  #nextSeq = 0
  #isForgetting = false

  protected forgetting<T>(action: () => T): T {
    const before = this.#isForgetting
    this.#isForgetting = true
    const result = action()
    this.#isForgetting = before
    return result
  }

  protected override sending(path: PathKind, frame: Frame): boolean {
    if (frame.type === 'data' && frame.seq < this.#nextSeq && this.#isForgetting) return true
    const isSent = super.sending(path, frame)
    if (frame.type === 'data' && isSent) this.#nextSeq = Math.max(this.#nextSeq, frame.seq + 1)
    return isSent
  }
}

/** Delivers a whole message again when its frame comes again. */
class WithoutDeduplication extends Mutant {
  readonly #seen = new Set<number>()

  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    const { type, flags, seq, stream, payload } = frame
    const isWhole = (flags & (FLAG_FIRST | FLAG_LAST)) === (FLAG_FIRST | FLAG_LAST)
    const isRepeat = type === 'data' && this.#seen.has(seq)
    if (type === 'data') this.#seen.add(seq)
    const isTaken = super.receive(frame, path, nowMs)
    if (isRepeat && isWhole) this.output.deliver(stream, flags & FLAG_TEXT ? (textOf(payload) ?? '') : payload)
    return isTaken
  }
}

/** Takes frames in the order in which they come. */
class WithoutReordering extends Mutant {
  readonly #places = new Map<number, number>()

  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    if (frame.type !== 'data') return super.receive(frame, path, nowMs)
    const place = this.#places.get(frame.seq) ?? this.#places.size
    this.#places.set(frame.seq, place)
    return super.receive({ ...frame, seq: place }, path, nowMs)
  }
}

/** Sends nothing again when the direct path has died: the back-stop has to do it. */
class WithoutResendingAfterDeath extends Forgetful {
  override directClosed(nowMs: number): void {
    this.forgetting(() => super.directClosed(nowMs))
  }
}

/** Sends nothing again when the relay has begun anew, at either side. */
class ResumingWithoutResending extends Forgetful {
  override relayUp(nowMs: number): void {
    this.forgetting(() => super.relayUp(nowMs))
  }
  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    if (frame.type !== 'resume') return super.receive(frame, path, nowMs)
    return this.forgetting(() => super.receive(frame, path, nowMs))
  }
}

/** Waits for ever for what was lost without a word. */
class WithoutBackstop extends Forgetful {
  override tick(nowMs: number): void {
    this.forgetting(() => super.tick(nowMs))
  }
}

/** Acknowledges what has overtaken what is missing. */
class AcknowledgingTooEarly extends Mutant {
  #highest = 0

  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    if (frame.type === 'data') this.#highest = Math.max(this.#highest, frame.seq + 1)
    return super.receive(frame, path, nowMs)
  }
  protected override sending(path: PathKind, frame: Frame): boolean {
    return super.sending(path, { ...frame, ack: Math.max(frame.ack, this.#highest) })
  }
}

/** Acknowledges the rest of a message when its first fragment has come. */
class AcknowledgingTheUnheard extends Mutant {
  #isPartial = false

  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    if (frame.type === 'data') this.#isPartial = (frame.flags & FLAG_LAST) === 0
    return super.receive(frame, path, nowMs)
  }
  protected override sending(path: PathKind, frame: Frame): boolean {
    return super.sending(path, this.#isPartial ? { ...frame, ack: frame.ack + 1 } : frame)
  }
}

/** Says that the application has had what still waits for it. */
class ConfirmingTooEarly extends Mutant {
  protected override sending(path: PathKind, frame: Frame): boolean {
    return super.sending(path, { ...frame, flags: frame.flags & ~FLAG_HELD })
  }
}

/** Counts from zero again after its first move. */
class CountingAnew extends Mutant {
  #firstPath: PathKind | undefined
  #base: number | undefined

  protected override sending(path: PathKind, frame: Frame): boolean {
    if (frame.type !== 'data') return super.sending(path, frame)
    this.#firstPath ??= path
    if (path !== this.#firstPath) this.#base ??= frame.seq
    return super.sending(path, { ...frame, seq: frame.seq - (this.#base ?? 0) })
  }
}

/** Sends whatever the path takes, whatever the other side has room for. */
class IgnoringCredit extends Mutant {
  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    return super.receive({ ...frame, creditKiB: 65_535 }, path, nowMs)
  }
}

/** Sends over the relay as much as over a direct path. */
class IgnoringTheRelayWindow extends Mutant {
  override relayUp(nowMs: number): void {
    super.relayUp(nowMs)
    super.directOpened(nowMs)
  }
  override directOpened(): void {}
  override directClosed(): void {}
  override tick(nowMs: number): void {
    if (this.isSuspect) super.directOpened(nowMs)
    super.tick(nowMs)
  }
  override receive(frame: Frame, _path: PathKind, nowMs: number): boolean {
    return super.receive(frame, 'direct', nowMs)
  }
  protected override sending(_path: PathKind, frame: Frame): boolean {
    return super.sending('relay', frame)
  }
}

/** Takes a goodbye at its word, whatever it overtook. */
class NotWaitingForWhatByeOvertook extends Mutant {
  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    return super.receive(frame.type === 'bye' ? { ...frame, seq: 0 } : frame, path, nowMs)
  }
}

/** Never trusts a path again that was silent once. */
class NeverTrustingAgain extends Mutant {
  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    const isProof = frame.type === 'pong' && path === 'direct' && this.isSuspect
    return super.receive(isProof ? { ...frame, type: 'ack' } : frame, path, nowMs)
  }
}

/** Takes any frame as proof that a path carries frames both ways. */
class TrustingAnyFrame extends Mutant {
  override receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    if (path === 'direct' && this.isSuspect) super.directOpened(nowMs)
    return super.receive(frame, path, nowMs)
  }
}

/** Tells nobody on the relay that the peer has come back. */
class NeverResuming extends Mutant {
  protected override sending(path: PathKind, frame: Frame): boolean {
    return frame.type === 'resume' || super.sending(path, frame)
  }
}

/** Waits for a path for ever. */
class NeverLost extends Mutant {
  constructor(incarnation: number, output: LinkOutput, options: LinkOptions) {
    super(incarnation, output, { ...options, stalledMs: Infinity })
  }
}

const classes = [
  WithoutDeduplication,
  WithoutReordering,
  WithoutResendingAfterDeath,
  WithoutBackstop,
  ResumingWithoutResending,
  NeverResuming,
  AcknowledgingTooEarly,
  AcknowledgingTheUnheard,
  ConfirmingTooEarly,
  CountingAnew,
  IgnoringCredit,
  IgnoringTheRelayWindow,
  NotWaitingForWhatByeOvertook,
  NeverTrustingAgain,
  TrustingAnyFrame,
  NeverLost,
]

export const MUTANTS: readonly (readonly [name: string, make: MakeLink])[] = classes.map((Class) => [
  Class.name.replaceAll(/(?<!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`),
  (incarnation, output, options) => new Class(incarnation, output, options),
])
