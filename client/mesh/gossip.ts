/**
 * How everybody hears of something: Plumtree (Leitão, Pereira, Rodrigues 2007, "Epidemic Broadcast Trees"), with a floor
 * under its trees. A message is pushed along eager links and told of along lazy ones; who is told of it and does not get it
 * asks for it, and makes that link eager. Each direction of a link is eager or lazy for itself, and the receiver says which:
 * it asks those to stop whose messages came too late, as long as three others push.
 *
 * Invariants: a message is delivered once, and only after a verdict; what is relayed has been judged valid here; and what a
 * neighbour makes us hold or do is bounded by its own rates.
 */
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { peerIdBytes, type PeerId } from '../../protocol/peer-id.ts'
import { AgingMap } from './aging-map.ts'
import { Budget } from './budget.ts'
import { GossipLink } from './gossip-link.ts'
import type { GossipPolicy } from './gossip-policy.ts'
import { LAST_COMMON_TOPIC, MAX_HOPS, MAX_IDS, SEEK_TOPIC } from './limits.ts'
import { MessageStore } from './message-store.ts'
import { encodeMessage, identified, withHops, type Bodies, type Gossip as Message, type Kind } from './messages.ts'
import { Missing } from './missing.ts'
import type { Fault } from './reputation.ts'

/** `ignore`: valid perhaps, but not to be told on; nobody is to blame. */
export type Verdict = 'accept' | 'reject' | 'ignore'

/** What gossip needs of its mesh. */
export interface GossipHost {
  /** 16 bytes of our own peer id. */
  readonly origin: Bytes
  readonly nowMs: number
  readonly random: () => number
  /** The first 16 bytes of SHA-256. */
  readonly idOf: (bytes: Bytes) => Bytes
  send<K extends Kind>(peer: PeerId, kind: K, body: Bodies[K]): void
  sendBytes(peer: PeerId, bytes: Bytes): void
  /** Answers later with `judged`. */
  validate(ticket: number, message: Message, from: PeerId): void
  /** Once, after it was judged valid. `from` is the neighbour that pushed it. */
  deliver(message: Message, from: PeerId): void
  isGood(peer: PeerId): boolean
  blame(peer: PeerId, fault: Fault): void
}

type GossipKind = 'mesh_gossip' | 'mesh_have' | 'mesh_graft' | 'mesh_prune'
export type GossipMessage = { readonly [K in GossipKind]: { readonly kind: K; readonly body: Bodies[K] } }[GossipKind]

/** A message that waits for its verdict. */
interface Pending {
  readonly key: string
  readonly id: Bytes
  readonly message: Message
  readonly bytes: Bytes
  /** Who pushed it; they answer for it. */
  readonly pushers: GossipLink[]
  /** Who has it besides. */
  readonly tellers: readonly GossipLink[]
}

const ORIGIN_MS = 60_000
/** Former neighbours, whose rates are remembered for so long. */
const MAX_FORMER = 128
const FORMER_MS = 600_000

export class Gossip {
  readonly #policy: GossipPolicy
  readonly #host: GossipHost
  readonly #links = new Map<PeerId, GossipLink>()
  readonly #seen: AgingMap<string, Pending | undefined>
  readonly #store: MessageStore
  readonly #missing: Missing
  readonly #pending = new Map<number, Pending>()
  readonly #origins: AgingMap<string, Budget>
  readonly #former = new AgingMap<PeerId, GossipLink>(MAX_FORMER, FORMER_MS)
  #ticket = 0
  #number = 0
  /** Messages that have come, each once. */
  #count = 0
  #tellAtMs = Infinity
  #auditAtMs = Infinity

  constructor(host: GossipHost, policy: GossipPolicy) {
    this.#host = host
    this.#policy = policy
    this.#seen = new AgingMap(policy.maxSeen, policy.seenMs)
    this.#store = new MessageStore(policy)
    this.#origins = new AgingMap(policy.maxOrigins, ORIGIN_MS)
    this.#missing = new Missing(policy, {
      get nowMs() {
        return host.nowMs
      },
      isTrusted: (link) => this.#links.get(link.id) === link && host.isGood(link.id),
      graft: (link, ids) => this.#graft(link, ids),
      promiseBroken: ({ id }) => host.blame(id, 'broken-promise'),
    })
  }

  get nextMs(): number {
    return Math.min(this.#tellAtMs, this.#missing.nextMs, this.#auditAtMs)
  }

  /** What is held, for those who watch bounds. */
  get held(): { seen: number; stored: number; storedBytes: number; missing: number; pending: number } {
    const { size: stored, byteLength: storedBytes } = this.#store
    return { seen: this.#seen.size, stored, storedBytes, missing: this.#missing.size, pending: this.#pending.size }
  }

  // ---- neighbours --------------------------------------------------------------------------------------------------

  /** Both directions begin eager, as long as few push to us: which of them are late shows by itself. */
  neighbourUp(id: PeerId): void {
    const { nowMs } = this.#host
    const auditAtMs = nowMs + this.#policy.auditMs * (0.5 + this.#host.random())
    const link = this.#former.get(id, nowMs) ?? new GossipLink(id, this.#policy, auditAtMs, nowMs)
    link.audit = undefined
    this.#begin(link)
  }

  /** It has become a neighbour again, and was none meanwhile for itself only. What it was asked for is to come all the same. */
  neighbourAnew(id: PeerId): void {
    const link = this.#links.get(id)
    if (!link) return
    this.#links.delete(id)
    const { dueSinceMs } = link
    this.#begin(link)
    // Whoever says so again and again would never have had the time to get what it could be asked for.
    if (this.#host.nowMs - dueSinceMs < this.#policy.auditMs) link.dueSinceMs = dueSinceMs
  }

  #begin(link: GossipLink): void {
    const { nowMs } = this.#host
    const { id, auditAtMs } = link
    link.begin(nowMs)
    const isOneTooMany = this.#pushingCount() >= this.#policy.eagerFloor
    this.#links.set(id, link)
    this.#auditAtMs = Math.min(this.#auditAtMs, auditAtMs)
    // Where neighbours change often and little is said, most copies would be those that show who is late.
    if (isOneTooMany) this.#prune(link)
    for (const [key, message, atMs] of this.#store.newestFirst(nowMs)) {
      if (nowMs - atMs > this.#policy.recentMs || link.untold.size >= MAX_IDS) break
      // Whoever still seeks says so again.
      if (message.topic === SEEK_TOPIC) continue
      // Or something could go from newcomer to newcomer until the first have forgotten that they have heard it.
      if (message.isNew) this.#tell(link, key, message.id)
    }
  }

  neighbourDown(id: PeerId): void {
    const link = this.#links.get(id)
    if (link) void this.#former.set(id, link, this.#host.nowMs)
    if (link) this.#missing.left(link)
    this.#links.delete(id)
  }

  // ---- saying something --------------------------------------------------------------------------------------------

  /** Says something to everybody. It is valid: who says what is not pays for it at every neighbour. */
  publish(topic: number, payload: Bytes): void {
    const message = { topic, hops: 0, origin: this.#host.origin, number: this.#number++, payload }
    const bytes = encodeMessage('mesh_gossip', message)
    const id = this.#host.idOf(identified(bytes))
    const key = keyOf(id)
    this.#seen.set(key, undefined, this.#host.nowMs)
    this.#spread({ key, id, message, bytes, pushers: [], tellers: [] }, bytes)
  }

  // ---- hearing something -------------------------------------------------------------------------------------------

  receive(from: PeerId, message: GossipMessage, bytes: Bytes): void {
    const link = this.#links.get(from)
    if (!link) return
    switch (message.kind) {
      case 'mesh_gossip':
        return this.#pushed(link, message.body, bytes)
      case 'mesh_have':
        return this.#told(link, message.body.ids)
      case 'mesh_graft':
        return this.#grafted(link, message.body)
      case 'mesh_prune':
        link.isPushedTo = false
        return
    }
  }

  judged(ticket: number, verdict: Verdict): void {
    const pending = this.#pending.get(ticket)
    if (!pending) return
    this.#pending.delete(ticket)
    const { key, message, bytes, pushers } = pending
    for (const link of pushers) link.pending--
    this.#seen.set(key, undefined, this.#host.nowMs)
    if (verdict === 'reject') for (const link of pushers) this.#broughtGarbage(link, message.topic)
    // Origins are claims: what somebody else says in his name costs nobody his voice.
    if (verdict !== 'accept') return this.#paceOf(message)?.giveBack()
    const [first] = pushers
    if (first) this.#host.deliver(message, first.id)
    this.#spread(pending, withHops(bytes, message.hops + 1))
  }

  #pushed(link: GossipLink, message: Message, bytes: Bytes): void {
    const { nowMs } = this.#host
    if (!link.messages.take(nowMs)) return this.#host.blame(link.id, 'flood')
    const id = this.#host.idOf(identified(bytes))
    const key = keyOf(id)
    const isAnswer = link.audit?.keys.has(key) ?? false
    if (link.audit && isAnswer) link.audit.isAnswered = true
    link.untold.delete(key)
    if (this.#seen.has(key, nowMs)) {
      if (!isAnswer) this.#repeated(link, key, compareBytes(message.origin, peerIdBytes(link.id)) === 0)
      return
    }
    const tellers = this.#missing.came(key)
    const isTooMuch = message.hops >= MAX_HOPS || link.pending >= this.#policy.maxPending
    if (isTooMuch || link.isDoubted(message.topic, nowMs)) {
      // Others may bring it as it should be.
      for (const teller of tellers) if (teller !== link) this.#missing.told(key, id, teller)
      return
    }
    const mayBeSaid = this.#paceOf(message)?.allows(nowMs) ?? true
    if (!mayBeSaid) {
      this.#seen.set(key, undefined, nowMs)
      return
    }
    this.#paceOf(message)?.spend(nowMs)
    this.#counts(link)
    this.#count++
    link.pending++
    const pending: Pending = { key, id, message, bytes, pushers: [link], tellers }
    const ticket = this.#ticket++
    this.#seen.set(key, pending, nowMs)
    this.#pending.set(ticket, pending)
    this.#host.validate(ticket, message, link.id)
  }

  /** It has come already: this link is slower than another. What its peer says itself it pushes to all, asked not to or not. */
  #repeated(link: GossipLink, key: string, isOwn: boolean): void {
    const { nowMs } = this.#host
    const pending = this.#seen.get(key, nowMs)
    if (pending && !pending.pushers.includes(link) && link.pending < this.#policy.maxPending) {
      pending.pushers.push(link)
      link.pending++
    }
    if (isOwn) return
    const { prunedAtMs } = link
    if (prunedAtMs !== undefined) {
      if (nowMs - prunedAtMs > this.#policy.pruneGraceMs) this.#host.blame(link.id, 'flood')
      return
    }
    this.#counts(link)
    if (this.#pushingCount() > this.#policy.eagerFloor) this.#prune(link)
  }

  #prune(link: GossipLink): void {
    link.prunedAtMs = this.#host.nowMs
    this.#host.send(link.id, 'mesh_prune', {})
  }

  /** The link pushes what comes here: late or not, it is one of those that do. */
  #counts(link: GossipLink): void {
    link.pushedAtMs = this.#host.nowMs
    link.pushedAtCount = this.#count
  }

  /** How many push to us, as far as their messages show. Silent ones would otherwise take the places of others. */
  #pushingCount(): number {
    const { nowMs } = this.#host
    const { lastingMs, lastingMessages } = this.#policy
    let count = 0
    for (const { id, prunedAtMs, pushedAtMs, pushedAtCount } of this.#links.values()) {
      const isLasting = nowMs - pushedAtMs <= lastingMs && this.#count - pushedAtCount <= lastingMessages
      if (prunedAtMs === undefined && isLasting && this.#host.isGood(id)) count++
    }
    return count
  }

  /**
   * Whoever says much on a topic is heard less: what is over is not relayed, and that is nobody's fault but his. Seeking, which
   * nobody can judge, is rationed by neighbour.
   */
  #paceOf({ topic, origin }: Message): Budget | undefined {
    if (topic === SEEK_TOPIC) return undefined
    const { nowMs } = this.#host
    const key = `${topic} ${keyOf(origin)}`
    const pace = this.#origins.get(key, nowMs) ?? new Budget(this.#policy.perOrigin)
    void this.#origins.set(key, pace, nowMs)
    return pace
  }

  /** What everybody judges nobody honest passes on; of other topics a member may know nothing. */
  #broughtGarbage(link: GossipLink, topic: number): void {
    if (topic <= LAST_COMMON_TOPIC) this.#host.blame(link.id, 'garbage')
    else link.doubt(topic, this.#host.nowMs)
  }

  // ---- telling of it -----------------------------------------------------------------------------------------------

  #spread({ key, id, message, pushers, tellers }: Pending, onward: Bytes): void {
    const { nowMs } = this.#host
    const { topic, origin } = message
    const [first] = pushers
    const isNew = !first || nowMs - first.sinceMs >= this.#policy.recentMs
    this.#store.add(key, { id, topic, origin: keyOf(origin), isNew, bytes: onward, from: first?.id }, nowMs)
    if (message.hops + 1 >= MAX_HOPS) return
    for (const link of this.#links.values()) {
      if (pushers.includes(link) || tellers.includes(link)) continue
      // What others say must not make us say more than it takes.
      if (!link.onward.take(nowMs, 1, first ? this.#policy.reservedMessages : 0)) continue
      // One's own goes to everybody, as in GossipSub v1.1: nobody can withhold it, and it gains a hop where it matters most.
      const isEager = link.isPushedTo || (pushers.length === 0 && this.#policy.floodsOwn)
      if (isEager && this.#host.isGood(link.id)) this.#host.sendBytes(link.id, onward)
      else this.#tell(link, key, id)
    }
  }

  #tell(link: GossipLink, key: string, id: Bytes): void {
    link.untold.set(key, id)
    this.#tellAtMs = Math.min(this.#tellAtMs, this.#host.nowMs + this.#policy.haveMs)
  }

  #told(link: GossipLink, ids: readonly Bytes[]): void {
    const { nowMs } = this.#host
    if (!this.#host.isGood(link.id)) return
    for (const id of ids) {
      if (!link.ids.take(nowMs)) return this.#host.blame(link.id, 'flood')
      const key = keyOf(id)
      link.untold.delete(key)
      if (!this.#seen.has(key, nowMs)) this.#missing.told(key, id, link)
    }
  }

  #graft(link: GossipLink, ids: readonly Bytes[]): void {
    link.prunedAtMs = undefined
    for (let at = 0; at < ids.length; at += MAX_IDS) {
      this.#host.send(link.id, 'mesh_graft', { isPush: true, ids: ids.slice(at, at + MAX_IDS) })
    }
  }

  #grafted(link: GossipLink, { isPush, ids }: Bodies['mesh_graft']): void {
    const { nowMs } = this.#host
    if (isPush) link.isPushedTo = true
    for (const id of ids) {
      if (!link.grafts.take(nowMs)) return this.#host.blame(link.id, 'flood')
      const stored = this.#store.get(keyOf(id), nowMs)
      if (!stored) continue
      link.onward.spend(nowMs)
      this.#host.sendBytes(link.id, stored.bytes)
      // Who does not want to be pushed to wants to see that we have any of them.
      if (!isPush) return
    }
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  tick(): void {
    const { nowMs } = this.#host
    if (nowMs >= this.#tellAtMs) this.#tellAll()
    this.#missing.tick()
    if (nowMs >= this.#auditAtMs) this.#audit()
  }

  #tellAll(): void {
    this.#tellAtMs = Infinity
    for (const { id, untold } of this.#links.values()) {
      const ids = [...untold.values()]
      untold.clear()
      for (let at = 0; at < ids.length; at += MAX_IDS) {
        this.#host.send(id, 'mesh_have', { ids: ids.slice(at, at + MAX_IDS) })
      }
    }
  }

  /** Asks every neighbour now and then for something that everybody has. Who tells nobody anything would not be missed. */
  #audit(): void {
    const { nowMs } = this.#host
    const { auditMs, auditWaitMs } = this.#policy
    this.#auditAtMs = Infinity
    for (const link of this.#links.values()) {
      if (link.audit && nowMs >= link.audit.deadlineMs) {
        if (!link.audit.isAnswered) this.#host.blame(link.id, 'silent')
        link.audit = undefined
      }
      if (nowMs >= link.auditAtMs) {
        link.auditAtMs = nowMs + auditMs * (0.5 + this.#host.random())
        const ids = this.#dueAt(link)
        if (ids.length > 0) {
          link.audit = { keys: new Set(ids.map(keyOf)), isAnswered: false, deadlineMs: nowMs + auditWaitMs }
          this.#host.send(link.id, 'mesh_graft', { isPush: false, ids })
        }
      }
      this.#auditAtMs = Math.min(this.#auditAtMs, link.auditAtMs, link.audit?.deadlineMs ?? Infinity)
    }
  }

  /**
   * What a neighbour has had time to get, and did not give us: of several origins, as who says too much is not heard by all. Seeking
   * is rationed by whoever passes it on, so that nobody need have heard it.
   */
  #dueAt({ id, dueSinceMs }: GossipLink): Bytes[] {
    const { nowMs } = this.#host
    const { storeMs, auditAgeMs, auditedIds } = this.#policy
    const due = new Map<string, Bytes>()
    for (const [, message, atMs] of this.#store.newestFirst(nowMs)) {
      if (due.size >= auditedIds || atMs < dueSinceMs || nowMs - atMs > storeMs / 2) break
      const isOld = nowMs - atMs >= auditAgeMs
      if (isOld && message.from !== id && message.topic !== SEEK_TOPIC) due.set(message.origin, message.id)
    }
    return [...due.values()]
  }
}

/** Byte strings as keys of a `Map`, whose hash has a secret seed, so that nobody can choose bytes that make it slow. */
function keyOf(bytes: Bytes): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}
