/**
 * One ordered, exactly-once message channel between two link states, above all paths. A pure state machine: frames,
 * what happens to paths, and the time go in; frames and messages come out.
 *
 * Sequence numbers belong to the link, not to a path, so a path may change at any moment: the receiver reorders and
 * drops what it has, the sender keeps what the other side has not acknowledged. Moving up to the direct path, nothing is
 * sent again; moving down, or over a relay that began anew, the unacknowledged tail is. A path is judged by what comes
 * back over it, never by what its engine says of it.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { epochByte, FLAG_HELD, FLAG_TEXT, type Frame, type FrameType } from '../../protocol/frame.ts'
import { LINK_CREDIT_BYTES } from '../../protocol/limits.ts'
import { layout, uint } from '../../protocol/layout.ts'
import type { Data } from '../api.ts'
import type { BigMessageSlots } from './big-message-slots.ts'
import { PathChoice, type PathKind } from './path-choice.ts'
import type { PathMeter } from './path-meter.ts'
import { ReceiveQueue, type ReceiveEvents } from './receive-queue.ts'
import { costOf, SendQueue, type SendEvents } from './send-queue.ts'

export type { PathKind } from './path-choice.ts'

/** What the link asks of its shell. */
export interface LinkOutput extends SendEvents, ReceiveEvents {
  /**
   * Puts a frame on a path. For `data` false means that the path takes no more now: nothing was sent, and the shell calls
   * `pump` later. Other frames may get lost without a word.
   */
  send(path: PathKind, frame: Frame): boolean
  datagram(frame: Frame): void
  /** New data goes this way now. `undefined`: stalled. */
  moved(path: PathKind | undefined): void
  /** A round trip was measured on the current path; it took so long. */
  measured(sampleMs: number): void
  /** The direct path has been silent so long that another attempt beside it is worth it. */
  directDoubtful(): void
  /** The direct path has been silent for too long: to be closed. */
  directDead(): void
  /** The link is over. */
  ended(reason: 'left' | 'lost'): void
}

export interface LinkOptions {
  /** How long there may be no path. */
  readonly stalledMs: number
  readonly slots: BigMessageSlots
}

/** Unacknowledged bytes on a path: over a relay the room's memory is at stake, over a data channel only our own. */
export const RELAY_WINDOW_BYTES = 256 * 1024
export const DIRECT_WINDOW_BYTES = 1024 * 1024
/** An acknowledgement waits for company, but not longer than a person notices or than a part of the window fills. */
const ACK_DELAY_MS = 50
/** The host pays for each message through the room; a data channel spends as much on an acknowledgement as on a third of a frame. */
const ACK_BYTES = { relay: 64 * 1024, direct: 128 * 1024 }
/** A sender that was told less credit than this is told at once when there is twice as much. */
const LOW_CREDIT_BYTES = 128 * 1024
/** Without progress for this long the tail is sent again; doubled each time up to the maximum. */
const BACKSTOP_MS = 1_000
const BACKSTOP_MAX_MS = 8_000

/** While stalled the link asks by itself, in case that nobody tells it that the peer is back. */
const RESUME_MS = 1_000
const RESUME_MAX_MS = 8_000
/** What goodbye overtook is waited for. */
const BYE_WAIT_MS = 2_000
/** A big message that does not grow any more gives its memory up when others wait for it: its link ends. */
const STUCK_MESSAGE_MS = 30_000
/** Timers are seldom exact; one that is later than this slept, and silence meanwhile was our own. */
const LATE_MS = 250
const NOTHING = new Uint8Array(0)
/** With `FLAG_HELD`, the payload of an `ack`: the first sequence number that waits for the application. */
const HELD = layout<{ seq: number }>({ seq: uint(4) })

export class Link {
  readonly #output: LinkOutput
  readonly #options: LinkOptions
  readonly #epoch: number
  /** The peer's link state, once a frame of it has come. */
  #peerEpoch = 0
  readonly #outgoing: SendQueue
  readonly #incoming: ReceiveQueue
  /** Credit while the relay is in use: the room's memory is shared by everybody who sends to us. */
  relayCreditBytes = LINK_CREDIT_BYTES

  /** Where new data goes; `undefined` when nowhere. */
  path: PathKind | undefined
  readonly #paths = new PathChoice()
  /** Since when there has been no path. */
  #stalledAtMs = Infinity
  #resumeAtMs = Infinity
  #resumeMs = RESUME_MS
  /** What is in flight did not arrive on a path that is not silent: it is sent again with every move. */
  #isAllInDoubt = false
  /** Frames before this one may have gone over the relay before the link moved up. */
  #relayedSeq = 0

  #backstopMs = BACKSTOP_MS
  #progressAtMs = 0
  #unacknowledgedBytes = 0
  #ackAtMs = Infinity
  #acknowledgedAtMs = -Infinity
  #toldCreditBytes = LINK_CREDIT_BYTES
  #grownAtMs = 0
  /** How many frames the peer had sent when it said goodbye. */
  #byeSeq: number | undefined
  #byeAtMs = Infinity
  #isOver = false
  /** For which time the shell has set its timer. */
  #plannedAtMs = Infinity
  /** The last time that was told. */
  #nowMs = 0

  constructor(incarnation: number, output: LinkOutput, options: LinkOptions) {
    this.#epoch = epochByte(incarnation)
    this.#output = output
    this.#options = options
    this.#outgoing = new SendQueue(output)
    this.#incoming = new ReceiveQueue(options.slots, this, output)
  }

  // ---- what the application does -----------------------------------------------------------------------------------

  /** Queues a message and sends what the window allows. The bytes belong to the link from now on. */
  post(id: number, channel: number, bytes: Bytes, isText: boolean, nowMs: number): void {
    this.#enter(nowMs)
    this.#paths.activeAtMs = nowMs
    this.#outgoing.post(id, channel, bytes, isText)
    this.pump(nowMs)
  }

  /** Takes a message back. False when it was accepted already, or some of it sent. */
  cancel(id: number): boolean {
    return this.#outgoing.cancel(id)
  }

  /** Sends what may be lost. False when there is no path, or it is full. */
  datagram(payload: Bytes, isText: boolean, nowMs: number): boolean {
    this.#enter(nowMs)
    this.#paths.activeAtMs = nowMs
    const frame = this.frame('datagram', payload, { flags: isText ? FLAG_TEXT : 0 })
    return this.path !== undefined && this.#output.send(this.path, frame)
  }

  /** The application takes messages again. */
  drain(nowMs: number): void {
    this.#enter(nowMs)
    const before = this.#incoming.deliveredSeq
    this.#incoming.drain()
    this.#taken(before)
  }

  /** The next message that waits, for an application that asks for it. */
  take(nowMs: number): Data | undefined {
    this.#enter(nowMs)
    const before = this.#incoming.deliveredSeq
    const data = this.#incoming.next()
    this.#taken(before)
    return data
  }

  /** Says goodbye on every path there is. What was sent before is still delivered. */
  bye(): void {
    this.#sendBoth('bye', this.#outgoing.nextSeq)
  }

  /** Everything that was posted has been acknowledged. */
  get isSettled(): boolean {
    return this.#outgoing.isEmpty
  }
  get unacknowledgedBytes(): number {
    return this.#outgoing.unacknowledgedBytes
  }
  /** Cost of all that was acknowledged so far. */
  get acknowledgedBytes(): number {
    return this.#outgoing.acknowledgedBytes
  }
  get isSuspect(): boolean {
    return this.#paths.isSuspect
  }
  /** Anything of the peer's arrived, on either path. */
  get heardAtMs(): number {
    return this.#paths.heardAtMs
  }
  /** Of the path in use. */
  get meter(): PathMeter | undefined {
    return this.path && this.#paths.meterOf(this.path)
  }

  /** Ids of the messages that the other side's application may not have had. */
  unconfirmed(): number[] {
    return this.#outgoing.unconfirmed()
  }

  // ---- what happens to paths ---------------------------------------------------------------------------------------

  /**
   * The carrier is open and the peer, as far as is known, there: the relay begins anew, and what was in flight may be lost.
   *
   * @param isHearsay the peer may have left long ago: it is to answer in the same time as one that was heard before
   */
  relayUp(nowMs: number, isHearsay?: boolean): void {
    this.#enter(nowMs)
    const wasRelay = this.path === 'relay'
    this.#paths.relayIsUp = true
    // Whatever it was asked before, nobody may have heard.
    this.#paths.relay.excuse()
    // It is greeted again and again.
    if (isHearsay && this.#peerEpoch === 0) this.#paths.relay.asked(nowMs)
    this.#resume(nowMs)
    this.#choose(nowMs)
    if (wasRelay) this.#resend(nowMs)
    else this.#recoverRelayed(nowMs)
  }

  /** The carrier is down, or the room does not reach the peer. */
  relayDown(nowMs: number): void {
    this.#enter(nowMs)
    this.#paths.relayIsUp = false
    this.#choose(nowMs)
    this.#recoverRelayed(nowMs)
  }

  /** A direct path carries frames. It may take the place of another one. */
  directOpened(nowMs: number): void {
    this.#enter(nowMs)
    const wasDirect = this.path === 'direct'
    this.#paths.directOpened(nowMs)
    this.#choose(nowMs)
    // The old one is closed soon, and what it has queued dies with it.
    if (wasDirect) this.#resend(nowMs)
  }

  /** There is no direct path any more; what was in flight on it may be lost. */
  directClosed(nowMs: number): void {
    this.#enter(nowMs)
    this.#paths.directClosed()
    this.#choose(nowMs)
  }

  /** Something may have changed: every path has to answer. */
  nudge(nowMs: number): void {
    this.#enter(nowMs)
    this.#paths.nudged(nowMs)
    this.#resumeMs = RESUME_MS
    this.#ping('direct', nowMs)
    if (this.path === 'relay') this.#ping('relay', nowMs)
    if (!this.path) this.#resume(nowMs)
  }

  /** Sends what window, credit and path allow. */
  pump(nowMs: number): void {
    this.#enter(nowMs)
    const { path } = this
    const windowBytes = path === 'direct' ? DIRECT_WINDOW_BYTES : RELAY_WINDOW_BYTES
    // Of the first that is out the back-stop counts; progress with others was long ago.
    if (!this.#outgoing.isWaiting) this.#progressAtMs = nowMs
    this.#outgoing.pump(windowBytes, (outgoing) => {
      if (!path || path !== this.path || this.#isOver) return false
      if (!this.#output.send(path, this.frame('data', outgoing.payload, outgoing))) return false
      // Only an `ack` tells how far the application has come while messages wait.
      if (!this.#incoming.isHolding) this.#told()
      this.meter?.asked(nowMs)
      return true
    })
  }

  // ---- frames ------------------------------------------------------------------------------------------------------

  /** A frame with this link's current acknowledgement, credit and epoch. */
  frame(type: FrameType, payload: Bytes, { seq = 0, flags = 0, stream = 0 } = {}): Frame {
    const { expected, isHolding } = this.#incoming
    if (type === 'ack') this.#told()
    const epoch = (this.#epoch << 8) | this.#peerEpoch
    const creditKiB = this.#creditBytes >> 10
    return { type, flags: flags | (isHolding ? FLAG_HELD : 0), stream, seq, ack: expected, creditKiB, epoch, payload }
  }

  /**
   * Takes a frame that the peer sent. The caller has checked that it is genuine.
   *
   * @returns false for a frame of other link states, or one that no honest peer sends; it has changed nothing
   */
  receive(frame: Frame, path: PathKind, nowMs: number): boolean {
    const forEpoch = frame.epoch & 0xff
    if (forEpoch !== 0 && forEpoch !== this.#epoch) return false
    const fromEpoch = frame.epoch >> 8
    if (this.#peerEpoch !== 0 && fromEpoch !== this.#peerEpoch) return false
    if (frame.ack > this.#outgoing.nextSeq) return false
    this.#enter(nowMs)
    const before = this.path
    if (this.#peerEpoch === 0) this.#paths.met(nowMs)
    this.#peerEpoch = fromEpoch
    this.#heard(path, frame, nowMs)
    this.#acknowledged(frame, nowMs)
    switch (frame.type) {
      case 'data':
        this.#paths.activeAtMs = nowMs
        this.#sort(frame, path)
        break
      case 'datagram':
        this.#paths.activeAtMs = nowMs
        this.#output.datagram(frame)
        break
      case 'ping':
        this.#output.send(path, this.frame('pong', frame.payload))
        break
      case 'pong':
        this.#ponged(path, frame.payload, nowMs)
        break
      case 'resume':
        // It lost what was under way to it, and may have lost what we said of what had arrived.
        if (before === 'relay') this.#outgoing.resend()
        this.#acknowledge(path)
        break
      case 'bye':
        this.#byeSeq = frame.seq
        this.#byeAtMs = nowMs + BYE_WAIT_MS
        break
      // An acknowledgement has been read; the others are about attempts.
      case 'ack':
      case 'bind':
      case 'offer':
      case 'answer':
      case 'ice-candidate':
      case 'want-offer':
    }
    this.pump(nowMs)
    if (this.#byeSeq !== undefined && this.#incoming.expected >= this.#byeSeq) this.#part()
    return true
  }

  /** When `tick` has something to do next, if nothing else happens. */
  deadlineMs(): number {
    // What is overdue already is nobody's sleep.
    this.#plannedAtMs = this.#isOver ? Infinity : Math.max(this.#nextMs(), this.#nowMs)
    return this.#plannedAtMs
  }

  tick(nowMs: number): void {
    this.#enter(nowMs)
    if (this.#isOver) return
    if (nowMs >= this.#ackAtMs) this.#acknowledge()
    if (nowMs >= this.#byeAtMs) return this.#part()
    if (nowMs >= this.#stuckMs()) return this.#end('lost')
    this.#tickDirect(nowMs)
    this.#tickRelay(nowMs)
    if (this.#outgoing.isWaiting && nowMs >= this.#progressAtMs + this.#backstop()) {
      this.#backstopMs = Math.min(this.#backstopMs * 2, BACKSTOP_MAX_MS)
      const { path } = this
      // It may be deaf in one direction, though it is not silent. Nor has the relay brought what it had.
      if (path === 'direct' && !this.#outgoing.isOverdrawn) this.#suspect(nowMs)
      this.#isAllInDoubt = path === 'direct'
      if (this.path === path) this.#resend(nowMs)
    }
  }

  /** A slot for a big message has become free. */
  granted(): void {
    this.#incoming.granted()
    this.#grownAtMs = this.#nowMs
    this.#acknowledge()
  }

  /** Ends the link at our side. */
  close(): void {
    this.#isOver = true
    this.#incoming.close()
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  /** The peer leaves: it is told what has arrived, so that it need not wait. */
  #part(): void {
    this.#acknowledge()
    this.#end('left')
  }

  #end(reason: 'left' | 'lost'): void {
    if (this.#isOver) return
    this.close()
    this.#output.ended(reason)
  }

  #choose(nowMs: number): void {
    const before = this.path
    const relayAnswers = this.#paths.relayAnswers(nowMs)
    const next = this.#paths.best(nowMs)
    if (next === before || this.#isOver) return
    this.path = next
    this.#stalledAtMs = next ? Infinity : nowMs
    if (next) this.#resumeAtMs = Infinity
    else this.#resumeLater(nowMs, RESUME_MS)
    this.#output.moved(next)
    if (before === 'relay') {
      // What is in flight on the relay may be answered over the direct path.
      if (next) this.#paths.relay.excuse()
      this.#relayedSeq = this.#outgoing.nextSeq
    }
    // Up: it arrives, and the receiver sorts it in.
    const mayBeLost = this.#isAllInDoubt
    this.#isAllInDoubt &&= next === 'relay'
    if (next === 'direct' && relayAnswers && !mayBeLost) this.pump(nowMs)
    else if (next) this.#resend(nowMs)
  }

  #heard(path: PathKind, { type }: Frame, nowMs: number): void {
    const wasAlive = path === 'direct' || this.#paths.relayAnswers(nowMs)
    this.#paths.meterOf(path)?.heard(nowMs)
    if (wasAlive) return
    this.#paths.relayIsUp = true
    if (type !== 'resume') this.#resume(nowMs)
    this.#choose(nowMs)
  }

  #acknowledged(frame: Frame, nowMs: number): void {
    const { ack, flags, type, payload } = frame
    if (this.#outgoing.acknowledge(ack, frame.creditKiB << 10)) {
      this.#backstopMs = BACKSTOP_MS
      this.#progressAtMs = nowMs
      // Whichever way the acknowledgement took: what we send arrives.
      this.meter?.excuse()
    }
    const deliveredSeq = flags & FLAG_HELD ? (type === 'ack' && HELD.decode(payload)?.seq) || 0 : ack
    this.#outgoing.confirm(Math.min(ack, deliveredSeq))
  }

  /** Puts a data frame in its place; delivers what has become complete. */
  #sort(frame: Frame, path: PathKind): void {
    const nowMs = this.#nowMs
    this.#unacknowledgedBytes += costOf(frame)
    const isNew = this.#incoming.take(frame)
    if (isNew) this.#grownAtMs = nowMs
    this.#ackAtMs = Math.min(this.#ackAtMs, nowMs + ACK_DELAY_MS)
    // A repeat means that our acknowledgement was lost or late, or on its way; a full buffer, that the sender waits for one.
    if (!isNew && nowMs >= this.#acknowledgedAtMs + ACK_DELAY_MS) this.#acknowledge(path)
    else if (this.#unacknowledgedBytes >= ACK_BYTES[path]) this.#acknowledge()
  }

  #taken(deliveredBefore: number): void {
    const { deliveredSeq } = this.#incoming
    const isNews = this.#toldCreditBytes < Math.min(LOW_CREDIT_BYTES, this.#creditBytes / 2)
    if (isNews) this.#acknowledge()
    else if (deliveredSeq !== deliveredBefore) this.#ackAtMs = Math.min(this.#ackAtMs, this.#nowMs + ACK_DELAY_MS)
  }

  /** What the peer may send. */
  get #creditBytes(): number {
    return Math.min(this.#incoming.creditBytes, this.path === 'direct' ? Infinity : this.relayCreditBytes)
  }

  #acknowledge(path = this.path ?? 'relay'): void {
    const { isHolding, deliveredSeq: seq } = this.#incoming
    this.#acknowledgedAtMs = this.#nowMs
    this.#output.send(path, this.frame('ack', isHolding ? HELD.encode({ seq }) : NOTHING))
  }

  /** The peer is being told what has arrived, and what there is room for. */
  #told(): void {
    this.#toldCreditBytes = this.#creditBytes
    this.#ackAtMs = Infinity
    this.#unacknowledgedBytes = 0
  }

  #sendBoth(type: FrameType, seq: number): void {
    if (this.#paths.hasDirect) this.#output.send('direct', this.frame(type, NOTHING, { seq }))
    if (this.#paths.relayIsUp) this.#output.send('relay', this.frame(type, NOTHING, { seq }))
  }

  #resend(nowMs: number): void {
    this.#progressAtMs = nowMs
    this.#outgoing.resend()
    this.pump(nowMs)
  }

  /** The relay broke after the link had moved up from it: what was in flight there goes over the direct path. */
  #recoverRelayed(nowMs: number): void {
    if (this.path !== 'direct' || this.#outgoing.firstSeq >= this.#relayedSeq) return
    this.#relayedSeq = 0
    this.#resend(nowMs)
  }

  /** Tells the other side over the relay what we have, and asks for what we have not. */
  #resume(nowMs: number): void {
    this.#resumeLater(nowMs, Math.min(this.#resumeMs * 2, RESUME_MAX_MS))
    // Who has never been heard does not know this link; and a healthy direct path needs no relay.
    if (this.#peerEpoch === 0 || (this.path === 'direct' && !this.isSuspect)) return
    this.#paths.relay.asked(nowMs)
    this.#output.send('relay', this.frame('resume', NOTHING))
  }

  #resumeLater(nowMs: number, delayMs: number): void {
    this.#resumeMs = delayMs
    this.#resumeAtMs = this.path ? Infinity : nowMs + delayMs
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  #backstop(): number {
    return Math.max(this.#backstopMs, this.meter?.patienceMs ?? 0)
  }

  #nextMs(): number {
    return Math.min(
      this.#ackAtMs,
      this.#byeAtMs,
      this.#stuckMs(),
      this.#outgoing.isWaiting ? this.#progressAtMs + this.#backstop() : Infinity,
      this.#paths.nextMs(this.path, this.#nowMs),
      this.#stalledAtMs + this.#options.stalledMs,
      this.#resumeAtMs,
    )
  }

  #tickDirect(nowMs: number): void {
    if (!this.#paths.hasDirect) return
    const silence = this.#paths.silence(nowMs)
    if (silence === 'dead') return this.#output.directDead()
    if (silence === 'suspect') this.#suspect(nowMs)
    if (silence === 'doubtful') this.#doubt()
    if (nowMs >= this.#paths.pingAtMs('direct', nowMs)) this.#ping('direct', nowMs)
    this.#choose(nowMs)
  }

  #suspect(nowMs: number): void {
    if (this.isSuspect) return
    this.#paths.suspect(nowMs)
    this.#ping('direct', nowMs)
    this.#choose(nowMs)
    if (this.#paths.isDoubtful) this.#doubt()
  }

  #doubt(): void {
    this.#paths.isDoubtful = true
    this.#output.directDoubtful()
  }

  #tickRelay(nowMs: number): void {
    if (this.path === 'relay' && nowMs >= this.#paths.pingAtMs('relay', nowMs)) this.#ping('relay', nowMs)
    this.#choose(nowMs)
    if (nowMs >= this.#stalledAtMs + this.#options.stalledMs) return this.#end('lost')
    if (nowMs >= this.#resumeAtMs) this.#resume(nowMs)
  }

  #ping(path: PathKind, nowMs: number): void {
    const meter = this.#paths.meterOf(path)
    if (meter) this.#output.send(path, this.frame('ping', meter.ping(nowMs)))
  }

  #ponged(path: PathKind, payload: Bytes, nowMs: number): void {
    const sampleMs = this.#paths.ponged(path, payload, nowMs)
    if (sampleMs === undefined) return
    this.#choose(nowMs)
    if (path === this.path) this.#output.measured(sampleMs)
  }

  #stuckMs(): number {
    const { hasSlot, isPartial } = this.#incoming
    return hasSlot && isPartial && this.#options.slots.areScarce ? this.#grownAtMs + STUCK_MESSAGE_MS : Infinity
  }

  /** Notes the time. After a sleep, what has arrived is often seen before the timer. */
  #enter(nowMs: number): void {
    const lateMs = nowMs - this.#plannedAtMs
    this.#plannedAtMs = Infinity
    this.#nowMs = nowMs
    if (lateMs > LATE_MS) this.#slept(lateMs)
  }

  /** The time that passed while we slept was nobody's fault. */
  #slept(lateMs: number): void {
    this.#paths.slept(lateMs, this.#nowMs)
    this.#progressAtMs += lateMs
    this.#grownAtMs += lateMs
    this.#stalledAtMs += lateMs
  }
}
