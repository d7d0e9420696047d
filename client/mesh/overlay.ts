/**
 * Whom to be connected to: a random overlay of bounded degree, after HyParView (Leitão, Pereira, Rodrigues 2007). Two who
 * want to be neighbours agree on it over any link; only then is a direct path worth its connection.
 *
 * Invariants: never more neighbours than the ceiling; who is in need finds a place with whoever it asks, or with those whom
 * it is referred to; nobody is dropped to below the floor; some neighbours are always one's own choice; and what others tell
 * is bounded by who tells it.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { Candidates } from './candidates.ts'
import { Budget } from './budget.ts'
import { Contact } from './contact.ts'
import { Contacts } from './contacts.ts'
import type { ToldMember } from './messages.ts'
import { NetworkSize } from './network-size.ts'
import { Neighbourhood } from './neighbourhood.ts'
import { jittered, type OverlayHost, type OverlayMessage } from './overlay-host.ts'
import type { OverlayPolicy, PassivePolicy } from './overlay-policy.ts'
import type { PassiveView, Source } from './passive-view.ts'
import { RoomSamples } from './room-samples.ts'
import { Shuffles } from './shuffles.ts'
import { alternatives, toldInShuffle, type Known } from './told.ts'

/** With fewer neighbours somebody is as good as alone: one of them may be silent. */
const ALONE = 2

export class Overlay {
  readonly contacts = new Contacts()
  readonly #policy: OverlayPolicy
  readonly #host: OverlayHost
  readonly #neighbours: Neighbourhood
  readonly #candidates: Candidates
  readonly #size: NetworkSize
  /** Engines allow only so many in a page's life, so that whoever is asked for one by everybody must at some time say no. */
  readonly #connections: Budget
  readonly #shuffles: Shuffles
  readonly #samples: RoomSamples
  /** Nobody introduces members to each other but those who told of them. */
  #isRoomAway = false
  #nextMs = 0
  #rotateAtMs = Infinity
  #trimAtMs = 0

  constructor(host: OverlayHost, policy: OverlayPolicy, passive: PassivePolicy) {
    this.#host = host
    this.#policy = policy
    this.#candidates = new Candidates(host, policy, passive, (id) => this.contacts.has(id))
    this.#size = new NetworkSize(policy.degrees)
    this.#connections = new Budget(policy.connections)
    this.#neighbours = new Neighbourhood(policy, host.random)
    this.#shuffles = new Shuffles(policy, host.random)
    this.#samples = new RoomSamples(policy, host.random)
  }

  get passive(): PassiveView {
    return this.#candidates.passive
  }

  get degree(): number {
    return this.#neighbours.size
  }

  get neighbours(): ReadonlyMap<PeerId, Contact> {
    return this.#neighbours.all
  }

  get nextMs(): number {
    return this.#nextMs
  }

  /** The network is so small that everybody is to be a neighbour. */
  get isComplete(): boolean {
    return this.#size.isComplete
  }

  isNeighbour(id: PeerId): boolean {
    return this.#neighbours.has(id)
  }

  /** The neighbour who told of somebody. */
  toldBy(id: PeerId): PeerId | undefined {
    const source = this.contacts.get(id)?.source ?? this.passive.get(id)?.source
    return source === 'room' ? undefined : source
  }

  // ---- what happens to links ---------------------------------------------------------------------------------------

  linkUp(id: PeerId, announcement: Bytes): void {
    const contact = this.contacts.get(id) ?? this.#meet(id, announcement)
    if (!contact) return this.#host.release(id)
    const { nowMs } = this.#host
    contact.announcement = announcement
    if (contact.source !== undefined) this.passive.found(contact.source, true, nowMs)
    contact.state = 'linked'
    contact.isDirect = false
    contact.hasConnection = false
    contact.usedAtMs = nowMs
    contact.deadlineMs = Infinity
    if (contact.isDialled || this.#isWanted(contact)) this.#ask(contact)
    if (contact.isDemanded) this.#connect(contact)
  }

  linkDown(id: PeerId): void {
    const contact = this.contacts.get(id)
    if (!contact) return
    this.#forget(contact)
    // Those who are left tell of members, and lead to them.
    if (contact.state === 'neighbour' && this.#isRoomAway) this.#shuffles.by(this.#host.nowMs)
    // Whoever told of it told of somebody who was there.
    this.passive.remove(id)
    this.#soon()
  }

  /** No carrier leads to whoever was to be reached, or nobody answered. */
  unreachable(id: PeerId): void {
    const contact = this.contacts.get(id)
    if (contact?.state !== 'reaching') return
    this.contacts.delete(id)
    this.passive.remove(id)
    if (contact.source !== undefined) this.passive.found(contact.source, false, this.#host.nowMs)
    this.#soon()
  }

  /** An application wants a link to somebody. False when there are too many such already. */
  demand(id: PeerId): boolean {
    const known = this.contacts.get(id)
    if (known) known.isDemanded = true
    if (known?.state === 'linked') this.#connect(known)
    if (known || this.contacts.linkedCount >= this.#policy.maxDemanded) return known !== undefined
    const candidate = this.passive.get(id)
    const contact = new Contact(id, candidate?.announcement ?? new Uint8Array(0), this.#policy, this.#host.nowMs)
    contact.isDemanded = true
    this.#reach(contact, candidate?.source)
    return true
  }

  /** What an application says goes a direct path, as long as that can be afforded. */
  #connect(contact: Contact): void {
    if (this.#mayConnect(contact)) this.#makeDirect(contact)
  }

  #makeDirect(contact: Contact): void {
    if (!contact.hasConnection) this.#connections.spend(this.#host.nowMs)
    contact.hasConnection = true
    this.#host.direct(contact.id)
  }

  #mayConnect({ hasConnection }: Contact): boolean {
    return hasConnection || this.#canAfford
  }

  /** A last few are for whoever would have nobody: when a network falls apart, many are tried who are not there, or say nothing. */
  get #canAfford(): boolean {
    const { nowMs } = this.#host
    return this.#connections.allows(nowMs, this.degree < ALONE ? 0 : this.#policy.reservedConnections)
  }

  /** It says nothing, and may be asleep: a link to it may be worth keeping, and ends by itself when it does not come back. */
  #shun(contact: Contact): void {
    // In a small network there is nobody instead of it.
    if (!this.isComplete) this.#candidates.ban(contact.id)
    this.passive.remove(contact.id)
    this.#part(contact)
  }

  /** It is no neighbour and no candidate for some time, and has no link. */
  ban(id: PeerId): void {
    this.#candidates.ban(id)
    const contact = this.contacts.get(id)
    if (contact?.state === 'neighbour') this.#part(contact)
    if (contact) this.#end(contact)
  }

  // ---- who is there ------------------------------------------------------------------------------------------------

  /** The room says who is there; announcements are proven. */
  members(members: readonly { readonly id: PeerId; readonly announcement: Bytes }[]): void {
    for (const { id, announcement } of members) this.#candidates.hear(id, announcement, 'room')
    this.#soon()
  }

  /** So many are in the network, oneself included. */
  size(total: number): void {
    this.#size.told(total)
    this.#measure()
    this.#soon()
  }

  /** Of so many members something was heard lately, oneself included, and no room counts them. */
  heardOf(members: number): void {
    this.#size.heardOf(members)
    this.#measure()
  }

  /** There are fewer neighbours than a network of this size has for everybody. */
  get isLacking(): boolean {
    return this.#size.isTooFew(this.degree)
  }

  #measure(): void {
    this.#size.measure(1 + this.degree + this.passive.size)
  }

  /** Whether somebody is missing whom no room brings: then neighbours are asked at once, and ever more seldom. */
  seek(isMissingSomebody: boolean): void {
    this.#shuffles.seek(isMissingSomebody, this.#host.nowMs)
    if (isMissingSomebody) this.#soon()
  }

  /** The room cannot be asked. */
  away(): void {
    this.#isRoomAway = true
  }

  /** We are in a room again, after having been apart: somebody there may lead where nobody here does. */
  returned(): void {
    this.#isRoomAway = false
    this.#samples.begin()
    this.#rotateAtMs = Math.min(this.#rotateAtMs, this.#host.nowMs + this.#jittered(this.#policy.shuffleMs))
  }

  // ---- messages ----------------------------------------------------------------------------------------------------

  receive(from: PeerId, message: OverlayMessage): void {
    const contact = this.contacts.get(from)
    if (!contact || contact.state === 'reaching') return
    if (!contact.messages.take(this.#host.nowMs)) return this.#host.blame(from, 'flood')
    switch (message.kind) {
      case 'mesh_neighbour':
        contact.degree = message.body.degree
        return this.#asked(contact, message.body.isUrgent)
      case 'mesh_accept':
        contact.degree = message.body.degree
        if (contact.state === 'asking' && this.degree < this.#size.ceiling) return this.#join(contact, true)
        // The answer came too late, or others' came first.
        if (contact.state !== 'neighbour') this.#host.send(from, 'mesh_part', { members: this.#alternatives(contact) })
        if (contact.state === 'asking') this.#turnedDown(contact)
        return
      case 'mesh_refuse':
        this.#candidates.hearFrom(from, message.body.members)
        if (contact.state === 'asking') this.#turnedDown(contact)
        return
      case 'mesh_part':
        this.#candidates.hearFrom(from, message.body.members)
        if (contact.state === 'neighbour') this.#parted(contact)
        return
      case 'mesh_shuffle':
        if (contact.state !== 'neighbour') return
        contact.degree = message.body.degree
        // Drawn before what is told is heard, or it would be told what it has told.
        this.#host.send(from, 'mesh_shuffle_reply', {
          degree: this.degree,
          members: toldInShuffle(contact, this.#host.announcement, this.#known),
        })
        return this.#candidates.hearFrom(from, message.body.members)
      case 'mesh_shuffle_reply':
        if (!contact.isShuffling) return
        this.#shuffles.answered(contact)
        contact.degree = message.body.degree
        return this.#candidates.hearFrom(from, message.body.members)
    }
  }

  /** Something that only neighbours say came from somebody who is none: it has not heard yet, or does not want to. */
  stray(from: PeerId): void {
    const { nowMs } = this.#host
    const contact = this.contacts.get(from)
    // What it said before it could hear that needs no answer each.
    if (contact?.state !== 'linked' || nowMs - contact.deniedAtMs < this.#policy.askMs) return
    contact.deniedAtMs = nowMs
    this.#host.send(from, 'mesh_part', { members: [] })
  }

  // ---- becoming neighbours -----------------------------------------------------------------------------------------

  /** Who is in need asks everybody whom it has a link to: they are no candidates, and where there is no room, members link to it. */
  #isWanted(contact: Contact): boolean {
    const isInNeed = this.isComplete || this.degree < this.#policy.degrees.floor
    return isInNeed && this.degree + this.contacts.askingCount < this.#size.ceiling && this.#mayAsk(contact)
  }

  /** Whoever is asked and accepts is worth a connection: what cannot be afforded is not asked for. */
  #mayAsk(contact: Contact): boolean {
    return !this.#candidates.isBanned(contact.id) && this.#mayConnect(contact)
  }

  #ask(contact: Contact): void {
    contact.state = 'asking'
    contact.askedAtMs = this.#host.nowMs
    contact.deadlineMs = this.#host.nowMs + this.#policy.askMs
    const isUrgent = this.degree < this.#policy.degrees.floor
    this.#host.send(contact.id, 'mesh_neighbour', { degree: this.degree, isUrgent })
    this.#soon()
  }

  #asked(contact: Contact, isUrgent: boolean): void {
    const { id, state } = contact
    // Both have asked, or the answer got lost with an earlier link.
    const isSettled = state === 'neighbour' || (state === 'asking' && this.degree < this.#size.ceiling)
    if (isSettled || this.#hasRoomFor(contact, isUrgent)) {
      this.#host.send(id, 'mesh_accept', { degree: Math.min(this.degree + 1, 255) })
      // It has parted, or lost its link, without our knowing, and knows nothing of what was agreed before.
      if (state === 'neighbour') this.#host.neighbourAnew(id)
      else this.#join(contact, state === 'asking')
      return
    }
    this.#host.send(id, 'mesh_refuse', { members: this.#candidates.isBanned(id) ? [] : this.#alternatives(contact) })
  }

  /** Whether somebody may become a neighbour; drops another one for it if it is in need. */
  #hasRoomFor(contact: Contact, isUrgent: boolean): boolean {
    const { nowMs } = this.#host
    if (!this.#mayAsk(contact)) return false
    const { ceiling, own } = this.#policy.degrees
    const chosenByOthers = this.degree - this.#neighbours.ownChoices
    const hasRoom = this.degree < this.#size.ceiling && (this.isComplete || chosenByOthers < ceiling - own)
    if (hasRoom || !isUrgent) return hasRoom
    const victim = this.#neighbours.forSomebodyInNeed(nowMs)
    if (!victim) return false
    this.#part(victim)
    return true
  }

  #join(contact: Contact, isOwnChoice: boolean): void {
    const { nowMs } = this.#host
    contact.state = 'neighbour'
    contact.isDialled = false
    contact.isOwnChoice = isOwnChoice
    contact.sinceMs = nowMs
    contact.deadlineMs = Infinity
    contact.unanswered = 0
    contact.isShuffling = false
    contact.shuffledAtMs = -Infinity
    // As a neighbour it has some time, and nothing tells once more that it is poor.
    if (contact.poorSinceMs !== undefined) contact.poorSinceMs = nowMs
    this.#neighbours.add(contact)
    this.passive.remove(contact.id)
    this.#samples.begin()
    if (this.#rotateAtMs === Infinity) this.#rotateAtMs = nowMs + this.#jittered(this.#policy.rotateMs)
    this.#makeDirect(contact)
    this.#host.neighbourUp(contact.id)
    // Whom else it knows is wanted soon, or at once.
    const waitMs = this.degree <= this.#policy.degrees.floor ? 0 : this.#policy.busyMs
    this.#shuffles.by(nowMs + waitMs)
    this.#soon()
  }

  /** It does not want us. */
  #turnedDown(contact: Contact): void {
    this.#keepAsItIs(contact)
    this.#release(contact)
    this.#soon()
  }

  #keepAsItIs(contact: Contact): void {
    contact.state = 'linked'
    contact.isDialled = false
    contact.deadlineMs = Infinity
  }

  /** It does not want us any more. */
  #parted(contact: Contact): void {
    this.#leave(contact)
    this.#soon()
  }

  /** We do not want it any more. */
  #part(contact: Contact): void {
    this.#host.send(contact.id, 'mesh_part', { members: this.#alternatives(contact) })
    this.#parted(contact)
  }

  #leave(contact: Contact): void {
    this.#neighbours.remove(contact.id)
    contact.state = 'linked'
    contact.usedAtMs = this.#host.nowMs
    this.#host.neighbourDown(contact.id)
    this.#release(contact)
  }

  /** The link is not needed any more, unless an application wants it. */
  #release(contact: Contact): void {
    if (contact.isDemanded || contact.hasBeenUsed) return
    const { idleMs, lingerMs } = this.#policy
    // Not at once: the other side may be about to use it, or to ask again.
    contact.usedAtMs = Math.min(contact.usedAtMs, this.#host.nowMs - idleMs + lingerMs)
  }

  #end(contact: Contact): void {
    if (contact.isDemanded || contact.state === 'neighbour') return
    this.contacts.delete(contact.id)
    this.#host.release(contact.id)
  }

  #forget(contact: Contact): void {
    this.contacts.delete(contact.id)
    if (!this.#neighbours.remove(contact.id)) return
    this.#host.neighbourDown(contact.id)
  }

  // ---- what is told ------------------------------------------------------------------------------------------------

  get #known(): Known {
    const { nowMs, random } = this.#host
    return { nowMs, random, neighbours: this.#neighbours, passive: this.passive }
  }

  #alternatives(to: Contact): readonly ToldMember[] {
    return alternatives(to, this.#policy.degrees.target, this.#known)
  }

  // ---- looking after things ----------------------------------------------------------------------------------------

  tick(): void {
    const { nowMs } = this.#host
    if (nowMs < this.#nextMs) return
    this.#measure()
    this.#giveUpOnTheSilent()
    if (this.#shuffles.isDue(nowMs)) this.#shuffle()
    this.#replaceThePoor()
    this.#trim()
    const isLacking = this.#dialWhatIsMissing()
    this.#rotate()
    const { busyMs, calmMs } = this.#policy
    this.#nextMs = nowMs + this.#jittered(isLacking || this.#neighbours.isShuffling ? busyMs : calmMs)
    for (const { deadlineMs } of this.contacts) this.#nextMs = Math.min(this.#nextMs, deadlineMs)
  }

  #giveUpOnTheSilent(): void {
    const { nowMs } = this.#host
    const { idleMs, shuffleMs } = this.#policy
    for (const contact of this.contacts) {
      const { id, state } = contact
      if (state === 'reaching' && nowMs >= contact.deadlineMs) {
        this.#host.release(id)
        this.unreachable(id)
      } else if (state === 'asking' && nowMs >= contact.deadlineMs) {
        // In a small network there is a link to everybody all the same: clients without a mesh answer nothing, nor do sleepers.
        if (!this.isComplete) this.#candidates.ban(id)
        if (this.isComplete) this.#keepAsItIs(contact)
        else this.#turnedDown(contact)
      } else if (state === 'neighbour' && this.#shuffles.isOverdue(contact, nowMs)) {
        if (this.#shuffles.unanswered(contact, nowMs)) this.#shun(contact)
      } else if (state === 'linked' && nowMs - contact.usedAtMs >= idleMs && !this.isComplete) {
        contact.isDemanded = false
        // A message may wait for a path, or for the other side, for longer than that.
        if (this.#host.isSettled(id)) this.#end(contact)
      } else if (state === 'linked' && contact.mayBeAsked(nowMs - shuffleMs) && this.#isWanted(contact))
        this.#ask(contact)
    }
  }

  /** Exchanges members with a neighbour. */
  #shuffle(): void {
    const next = this.#neighbours.nextToAsk()
    this.#shuffles.begin(next, this.#host.nowMs)
    if (!next) return
    const members = toldInShuffle(next, this.#host.announcement, this.#known)
    this.#host.send(next.id, 'mesh_shuffle', { degree: this.degree, members })
  }

  /** A poor neighbour stays until its place can be taken. */
  #replaceThePoor(): void {
    if (this.isComplete || this.degree <= this.#policy.degrees.floor) return
    const poor = this.#neighbours.poor(this.#host.nowMs)
    if (poor && this.passive.size > 0) this.#part(poor)
  }

  /** Whoever has more neighbours than it wants parts with one who has, too. Nobody is the poorer. */
  #trim(): void {
    const { nowMs } = this.#host
    const { target } = this.#policy.degrees
    if (this.isComplete || nowMs < this.#trimAtMs || this.degree <= target + 1) return
    this.#trimAtMs = nowMs + this.#jittered(this.#policy.calmMs)
    const victim = this.#neighbours.withTooMany()
    if (victim) this.#part(victim)
  }

  /** @returns whether there are fewer neighbours than there should be */
  #dialWhatIsMissing(): boolean {
    const { own } = this.#policy.degrees
    const dialling = this.contacts.dialledCount
    const missing = this.#size.wanted - this.degree
    const ownMissing = this.isComplete ? 0 : own - this.#neighbours.ownChoices
    const lacking = Math.max(missing, Math.min(ownMissing, this.#size.ceiling - this.degree))
    let count = Math.min(lacking, this.#policy.maxDials) - dialling
    while (count-- > 0 && this.#dialOne()) continue
    if (count >= 0) this.#askTheRoom()
    return lacking > 0
  }

  /** Dials somebody who could become a neighbour; false when there is nobody. */
  #dialOne(): boolean {
    const { nowMs } = this.#host
    if (!this.#canAfford) return false
    const candidate = this.#candidates.take((source) => this.#leads(source), this.#maySeek)
    if (!candidate) return false
    const { id, announcement, source } = candidate
    const contact = new Contact(id, announcement, this.#policy, nowMs)
    contact.isDialled = true
    this.#reach(contact, source)
    return true
  }

  /** The room leads to everybody; without it, whoever told of somebody does. */
  #leads(source: Source): boolean {
    return !this.#isRoomAway || (source !== 'room' && this.contacts.isDirect(source))
  }

  /** Whoever nobody leads to is sought by asking everybody: only when in need, and when neighbours tell of nobody else. */
  get #maySeek(): boolean {
    return this.#isRoomAway && this.degree < this.#policy.degrees.floor && !this.#neighbours.isShuffling
  }

  #reach(contact: Contact, source: Source | undefined): void {
    const { nowMs } = this.#host
    contact.state = 'reaching'
    contact.source = source
    contact.deadlineMs = nowMs + this.#policy.reachMs
    this.contacts.add(contact)
    this.#host.reach(contact.id, contact.announcement.length > 0 ? contact.announcement : undefined)
  }

  #askTheRoom(): void {
    const { sampleSize } = this.#policy
    if (this.passive.size <= sampleSize && this.#samples.take(this.#host.nowMs)) this.#host.sample(sampleSize)
  }

  /** Makes a new neighbour now and then, of those whom the room draws. Another one goes for it, at once or by trimming. */
  #rotate(): void {
    const { nowMs } = this.#host
    if (this.isComplete || nowMs < this.#rotateAtMs) return
    this.#rotateAtMs = nowMs + this.#jittered(this.#policy.rotateMs)
    if (this.degree < this.#policy.degrees.target) return
    this.#host.sample(this.#policy.sampleSize)
    if (this.degree >= this.#size.ceiling) {
      const victim = this.#neighbours.forAFreshOne(nowMs)
      if (victim) this.#part(victim)
    }
    this.#dialOne()
  }

  /** Somebody has made a link to us. */
  #meet(id: PeerId, announcement: Bytes): Contact | undefined {
    if (this.contacts.linkedCount >= this.#policy.maxDemanded) return undefined
    const contact = new Contact(id, announcement, this.#policy, this.#host.nowMs)
    this.contacts.add(contact)
    return contact
  }

  #jittered(ms: number): number {
    return jittered(ms, this.#host.random)
  }

  #soon(): void {
    this.#nextMs = this.#host.nowMs
  }
}
