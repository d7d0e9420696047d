/**
 * One peer's part in the mesh of its network: a pure state machine. Links that come and go, what neighbours say, what the
 * room knows and the time go in; messages, wishes for links and what was said to everybody come out.
 *
 * It is three machines that know each other by narrow interfaces: the overlay (whom to be connected to), gossip (how
 * everybody hears of something) and the router (how an envelope reaches somebody without a link).
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { peerIdBytes, peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import { Gossip, type GossipHost, type Verdict } from './gossip.ts'
import { GOSSIP_POLICY } from './gossip-policy.ts'
import { SEEK_TOPIC } from './limits.ts'
import { decodeMessage, encodeMessage, type Gossip as GossipMessage } from './messages.ts'
import { Overlay } from './overlay.ts'
import type { OverlayHost } from './overlay-host.ts'
import { degreesOf, OVERLAY_POLICY, PASSIVE_POLICY } from './overlay-policy.ts'
import type { MeshOptions, MeshOutput, MeshPolicy } from './output.ts'
import { Reputation, type Fault } from './reputation.ts'
import { ROUTE_POLICY } from './route-policy.ts'
import { Router, type RouterHost } from './router.ts'

export type { Verdict } from './gossip.ts'
export type { Gossip as GossipMessage } from './messages.ts'
export type { MeshOptions, MeshOutput, MeshPolicy } from './output.ts'
export type { Fault } from './reputation.ts'

/** Shuffles whose announcements are being checked: two of each neighbour, and some refusals. What is beyond is not heard. */
const MAX_PROOFS = 32

type PartsHost = OverlayHost & GossipHost & RouterHost

/** @param degree what the network's policy says, 3 to 32 */
export function meshPolicy(degree: number): MeshPolicy {
  const overlay = { ...OVERLAY_POLICY, degrees: degreesOf(degree) }
  return { overlay, passive: PASSIVE_POLICY, gossip: GOSSIP_POLICY, route: ROUTE_POLICY }
}

export class Mesh {
  readonly #output: MeshOutput
  readonly #overlay: Overlay
  readonly #gossip: Gossip
  readonly #router: Router
  readonly #reputation = new Reputation()
  readonly #proofs = new Map<number, (ids: readonly (PeerId | undefined)[]) => void>()
  /** Verdicts on our own topic, which are given at once but not before the question has been asked. */
  readonly #verdicts: [ticket: number, verdict: Verdict][] = []
  readonly #dropped: PeerId[] = []
  #ticket = 0
  #nowMs = 0
  #wakeAtMs = Infinity

  constructor(output: MeshOutput, options: MeshOptions) {
    const { overlay, passive, gossip, route } = options.policy
    this.#output = output
    const host = this.#makeHost(options)
    this.#overlay = new Overlay(host, overlay, passive)
    this.#gossip = new Gossip(host, gossip)
    this.#router = new Router(host, route)
  }

  /** Members with whom we gossip. */
  get neighbours(): Iterable<PeerId> {
    return this.#overlay.neighbours.keys()
  }

  get degree(): number {
    return this.#overlay.degree
  }

  /** Somebody with a link has a mesh, too. */
  hasSpoken(peer: PeerId): boolean {
    return this.#overlay.contacts.hasSpoken(peer)
  }

  hasLink(peer: PeerId): boolean {
    return this.#overlay.contacts.hasLink(peer)
  }

  isNeighbour(peer: PeerId): boolean {
    return this.#overlay.isNeighbour(peer)
  }

  /** The network is so small that everybody is to be a neighbour: the shell links to everybody that it is told of. */
  get isComplete(): boolean {
    return this.#overlay.isComplete
  }

  /** There are too few neighbours: whoever else can look for members is to do so. */
  get isLacking(): boolean {
    return this.#overlay.isLacking
  }

  /** When envelopes of kind `relay` can be carried again without flooding; in the past, if they can now. */
  get bulkAtMs(): number {
    return this.#router.bulkAtMs
  }

  /** What is held, for those who watch bounds. */
  get held(): Readonly<Record<string, number>> {
    const { passive } = this.#overlay
    return { ...this.#gossip.held, ...this.#router.held, passive: passive.size, proofs: this.#proofs.size }
  }

  /** How many of the members whom we could turn to somebody told of. */
  toldOf(source: PeerId | 'room'): number {
    return this.#overlay.passive.countOf(source)
  }

  // ---- links -------------------------------------------------------------------------------------------------------

  /** There is a link to a verified peer, whoever wanted it. */
  linkUp(peer: PeerId, announcement: Bytes, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.linkUp(peer, announcement))
  }

  renewed(peer: PeerId, announcement: Bytes, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.contacts.renewed(peer, announcement))
  }

  linkDown(peer: PeerId, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.linkDown(peer))
  }

  unreachable(peer: PeerId, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.unreachable(peer))
  }

  message(peer: PeerId, bytes: Bytes, nowMs: number): void {
    this.#turn(nowMs, () => this.#receive(peer, bytes))
  }

  /** The path of a link is a direct one, or is so no more. At first it is none. */
  path(peer: PeerId, isDirect: boolean, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.contacts.path(peer, isDirect))
  }

  quality(peer: PeerId, isPoor: boolean, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.contacts.quality(peer, isPoor, nowMs))
  }

  // ---- the room ----------------------------------------------------------------------------------------------------

  /** The room named these; their announcements are proven. */
  members(members: readonly { readonly id: PeerId; readonly announcement: Bytes }[], nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.members(members))
  }

  size(total: number, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.size(total))
  }

  /** Of so many members something was heard lately, oneself included, and no room counts them. */
  heardOf(members: number, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.heardOf(members))
  }

  /** Whether somebody is missing whom no room brings. */
  seek(isMissingSomebody: boolean, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.seek(isMissingSomebody))
  }

  /** The room cannot be asked. At first it can. */
  away(nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.away())
  }

  /** The room is there again after it was not. */
  returned(nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.returned())
  }

  // ---- the application ---------------------------------------------------------------------------------------------

  /** Says something to everybody; topics are 1 to 255. */
  publish(topic: number, payload: Bytes, nowMs: number): void {
    this.#turn(nowMs, () => this.#gossip.publish(topic, payload))
  }

  /** An application wants a link to somebody. False when it has too many. */
  demand(peer: PeerId, nowMs: number): boolean {
    return this.#turn(nowMs, () => this.#overlay.demand(peer))
  }

  used(peer: PeerId, nowMs: number): void {
    this.#turn(nowMs, () => this.#overlay.contacts.used(peer, nowMs))
  }

  /** Has neighbours carry an envelope to a member. False when it was dropped. */
  carry(to: PeerId, kind: EnvelopeKind, body: Bytes, nowMs: number): boolean {
    return this.#turn(nowMs, () => this.#router.carry(to, kind, body))
  }

  // ---- answers and time --------------------------------------------------------------------------------------------

  proven(ticket: number, ids: readonly (PeerId | undefined)[], nowMs: number): void {
    const take = this.#proofs.get(ticket)
    this.#proofs.delete(ticket)
    if (take) this.#turn(nowMs, () => take(ids))
  }

  judged(ticket: number, verdict: Verdict, nowMs: number): void {
    this.#turn(nowMs, () => this.#gossip.judged(ticket, verdict))
  }

  tick(nowMs: number): void {
    this.#wakeAtMs = Infinity
    this.#turn(nowMs, () => undefined)
  }

  #turn<T>(nowMs: number, action: () => T): T {
    this.#nowMs = nowMs
    const result = action()
    for (let verdict = this.#verdicts.shift(); verdict; verdict = this.#verdicts.shift())
      this.#gossip.judged(...verdict)
    this.#overlay.tick()
    this.#gossip.tick()
    this.#router.tick()
    for (let peer = this.#dropped.pop(); peer !== undefined; peer = this.#dropped.pop()) this.#overlay.ban(peer)
    const atMs = Math.min(this.#overlay.nextMs, this.#gossip.nextMs, this.#router.nextMs)
    if (atMs < this.#wakeAtMs) this.#output.wake((this.#wakeAtMs = atMs))
    return result
  }

  #receive(peer: PeerId, bytes: Bytes): void {
    const message = decodeMessage(bytes)
    if (!message) return this.#blame(peer, 'malformed')
    this.#overlay.contacts.spoke(peer)
    switch (message.kind) {
      case 'mesh_gossip':
      case 'mesh_have':
      case 'mesh_graft':
      case 'mesh_prune':
        if (!this.#overlay.isNeighbour(peer)) return this.#overlay.stray(peer)
        return this.#gossip.receive(peer, message, bytes)
      case 'mesh_carry':
        return this.#router.receive(peer, message.body)
      case 'mesh_lost':
        return this.#router.lost(peer, message.body)
      case 'mesh_neighbour':
      case 'mesh_accept':
      case 'mesh_refuse':
      case 'mesh_part':
      case 'mesh_shuffle':
      case 'mesh_shuffle_reply':
        return this.#overlay.receive(peer, message)
    }
  }

  #blame(peer: PeerId, fault: Fault): void {
    this.#output.blamed(peer, fault)
    // Not at once: whoever blames may be in the middle of its neighbours.
    if (this.#reputation.blame(peer, fault, this.#nowMs) === 'dropped') this.#dropped.push(peer)
  }

  // ---- what the parts ask for --------------------------------------------------------------------------------------

  #makeHost({ self, announcement, random, idOf }: MeshOptions): PartsHost {
    const output = this.#output
    const now = () => this.#nowMs
    return {
      self,
      origin: peerIdBytes(self),
      random,
      idOf,
      get announcement() {
        return announcement()
      },
      get nowMs() {
        return now()
      },
      send: (peer, kind, body) => output.send(peer, encodeMessage(kind, body)),
      sendBytes: (peer, bytes) => output.send(peer, bytes),
      blame: (peer, fault) => this.#blame(peer, fault),
      // Of the overlay.
      reach: (peer, bytes) => (bytes ? output.reach(peer, bytes) : this.#router.seekByName(peer)),
      direct: (peer) => output.direct(peer),
      release: (peer) => output.release(peer),
      isSettled: (peer) => output.isSettled(peer),
      sample: (count) => output.sample(count),
      prove: (announcements, take) => this.#prove(announcements, take),
      neighbourUp: (peer) => {
        this.#gossip.neighbourUp(peer)
        this.#router.neighbourUp(peer)
      },
      neighbourDown: (peer) => {
        this.#gossip.neighbourDown(peer)
        this.#router.neighbourDown(peer)
      },
      neighbourAnew: (peer) => this.#gossip.neighbourAnew(peer),
      // Of gossip.
      validate: (ticket, message, from) => this.#validate(ticket, message, from),
      deliver: (message, from) => this.#deliver(message, from),
      isGood: (peer) => this.#reputation.standingOf(peer, this.#nowMs) === 'good',
      // Of the router.
      seek: (payload) => this.#gossip.publish(SEEK_TOPIC, payload),
      isDirect: (peer) => this.#overlay.contacts.isDirect(peer),
      hasLink: (peer) => this.#overlay.contacts.hasLink(peer),
      toldBy: (peer) => this.#overlay.toldBy(peer),
      envelope: (from, kind, body) => output.envelope(from, kind, body),
      met: (bytes, from) => output.met(bytes, from),
      lost: (to) => output.lost(to),
    }
  }

  #prove(announcements: readonly Bytes[], take: (ids: readonly (PeerId | undefined)[]) => void): void {
    if (this.#proofs.size >= MAX_PROOFS) return
    const ticket = this.#ticket++
    this.#proofs.set(ticket, take)
    this.#output.prove(ticket, announcements)
  }

  #validate(ticket: number, message: GossipMessage, from: PeerId): void {
    if (message.topic !== SEEK_TOPIC) return this.#output.validate(ticket, message, from)
    this.#verdicts.push([ticket, this.#router.mayTell(from, message.payload) ? 'accept' : 'ignore'])
  }

  #deliver(message: GossipMessage, from: PeerId): void {
    if (message.topic !== SEEK_TOPIC) return this.#output.deliver(message)
    this.#router.soughtBy(peerIdText(message.origin), message.payload, from)
  }
}
