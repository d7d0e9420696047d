/**
 * The room of one network: a hibernating Durable Object around the {@link Roster}. It introduces members and carries
 * sealed envelopes between them.
 *
 * Whatever must survive an eviction lives in the sockets and their attachments; nothing is written, fetched or scheduled
 * per envelope. Handlers are synchronous, because the runtime interleaves asynchronous ones of the same socket.
 */
import { DurableObject } from 'cloudflare:workers'
import { proveAnnouncement } from '../protocol/announcement.ts'
import { toBase64Url, type Bytes } from '../protocol/bytes.ts'
import type { Genesis } from '../protocol/genesis.ts'
import type { IceAnswer } from '../protocol/http.ts'
import { MAX_CONTROL_CHARACTERS, PING_TEXT, PONG_TEXT, SUBPROTOCOL } from '../protocol/limits.ts'
import type { MembershipFault } from '../protocol/membership.ts'
import { networkIdOfKey } from '../protocol/network.ts'
import { proveRevocations } from '../protocol/revocations.ts'
import {
  CLOSE_CODES,
  encodeRoomMessage,
  parsePeerMessage,
  type LimitScope,
  type PeersWanted,
  type RefusalCode,
} from '../protocol/room-messages.ts'
import { admissionOf, iceOf } from './door.ts'
import { envelopeFault, receiverOf, RELAY_KIND, stampSender } from './envelope-check.ts'
import { log, loggedName } from './log.ts'
import { membershipFault, removalFault } from './membership.ts'
import type { Place } from './place.ts'
import { refuseHttp, refusalText } from './refusal.ts'
import { GHOST_AFTER_MS, SWEEP_INTERVAL_MS, type Verdict } from './room-limits.ts'
import { RoomReport } from './room-report.ts'
import { RoomSockets } from './room-sockets.ts'
import { Roster, type PlaceEnd, type RosterAction } from './roster.ts'
import type { Settings } from './settings.ts'

export class Room extends DurableObject<Settings> {
  /** Changes with every wake; tests tell an eviction by it. */
  readonly instance = crypto.randomUUID()
  readonly #network: string
  readonly #sockets: RoomSockets
  readonly #roster = new Roster(Math.random)
  readonly #report: RoomReport
  #sweepAtMs = 0
  /** `Infinity` when no alarm is known of, which at worst sets one again. */
  #alarmAtMs = Infinity

  constructor(ctx: DurableObjectState, settings: Settings) {
    super(ctx, settings)
    // The Worker addresses rooms by name, and alarms keep it.
    this.#network = ctx.id.name ?? ''
    this.#sockets = new RoomSockets(ctx)
    this.#report = new RoomReport(settings, this.#network)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_TEXT, PONG_TEXT))
  }

  /** A peer whom the door has admitted takes its place. A refusal is JSON; the Worker tells it in band. */
  override async fetch(request: Request): Promise<Response> {
    const nowMs = Date.now()
    const admission = admissionOf(request)
    const { peerId, ticketIssuedAtMs } = admission
    const earlier = this.#sockets.openOf(peerId)
    const presentTicketIssuedAtMs = earlier && this.#sockets.placeOf(earlier).record.ticketIssuedAtMs
    const outcome = this.#members().join({ peer: peerId, ticketIssuedAtMs, presentTicketIssuedAtMs }, nowMs)
    if (typeof outcome === 'string') return refuseHttp(outcome, nowMs)

    if (earlier) this.#sockets.expel(earlier, 'superseded')
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    this.#sockets.accept(server, { ...admission, joinedAtMs: nowMs, isVacated: false }, nowMs)
    this.#report.tally.joins++
    this.#perform(outcome, iceOf(request))
    this.#wakeAt(this.#report.membersChanged(nowMs))
    const headers = { 'Sec-WebSocket-Protocol': SUBPROTOCOL }
    return new Response(null, { status: 101, webSocket: client, headers })
  }

  /** Removes whoever is no member any more by the network's list of revocations, which comes from its charter. */
  async removeMembers(genesis: Genesis, list: Bytes): Promise<void> {
    const revocations = await proveRevocations(genesis, list)
    if (typeof revocations === 'string') throw new Error(`a charter keeps a list that is none: ${revocations}`)
    for (const ws of this.#sockets.allOpen()) {
      const fault = removalFault(genesis, this.#sockets.placeOf(ws).record.announcement, revocations)
      if (fault) this.#remove(ws, fault)
    }
  }

  override webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): void | Promise<void> {
    const place = this.#sockets.placeOf(ws)
    // Frames that were under way when the room closed the socket.
    if (place.record.isVacated) return
    const nowMs = Date.now()
    place.heardAtMs = nowMs
    if (typeof message !== 'string') return this.#route(ws, place, message, nowMs)
    if (!this.#within('control', place.sending.control(nowMs), ws)) return
    if (message.length > MAX_CONTROL_CHARACTERS) return this.#fault(ws, 'control-too-large')
    const request = parsePeerMessage(message)
    if (typeof request === 'string') return this.#fault(ws, request)
    switch (request.type) {
      case 'peers':
        return this.#list(ws, place, request.want)
      case 'renew':
        return this.#renew(ws, place, request.announcement)
      case 'bye':
        this.#sockets.vacate(ws, 1000, 'bye')
        return this.#ended(place, 'left', nowMs)
    }
  }

  /**
   * Answers the close handshake, which the runtime leaves to us: 1005 is a close frame without a code, 1006 and 1015
   * have nobody left to answer.
   */
  override webSocketClose(ws: WebSocket, code: number, reason: string): void {
    if (code === 1005) ws.close()
    else if (code !== 1006 && code !== 1015) ws.close(code, reason)
    // 1001 is a page that navigates away, and takes its session key with it; scripts cannot send this code.
    this.#socketEnded(ws, code === 1001)
  }

  override webSocketError(ws: WebSocket): void {
    this.#socketEnded(ws, false)
  }

  /** Ends graces, reaps ghosts, reports to the registry; comes again as long as there is anybody. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    this.#alarmAtMs = Infinity
    const roster = this.#members()
    this.#perform(roster.expire(nowMs))
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs)
    if (roster.total > 0) this.#wakeAt(Math.min(this.#sweepAtMs, roster.nextExpiryMs ?? Infinity))
    await this.#report.send(roster.total)
  }

  // ---- envelopes ---------------------------------------------------------------------------------------------------

  #route(ws: WebSocket, place: Place, message: ArrayBuffer, nowMs: number): void {
    const envelope = new Uint8Array(message)
    const fault = envelopeFault(envelope)
    if (fault) {
      if (this.#within('control', place.sending.control(nowMs), ws)) this.#fault(ws, fault)
      return
    }
    const isRelay = envelope[0] === RELAY_KIND
    const verdict = isRelay ? place.sending.relay(envelope.length, nowMs) : place.sending.signal(nowMs)
    if (verdict !== 'pass' && !this.#within(isRelay ? 'relay' : 'signal', verdict, ws)) return

    const receiver = receiverOf(envelope)
    const target = this.#sockets.openOf(receiver)
    if (!target) {
      const type = this.#roster.isInGrace(receiver, nowMs) ? 'away' : 'gone'
      return ws.send(encodeRoomMessage({ type, peerId: receiver }))
    }
    const { receiving } = this.#sockets.placeOf(target)
    const wait = receiving.take(envelope.length, nowMs, () => this.#sockets.heardAtMs(target))
    if (wait === 'away') return ws.send(encodeRoomMessage({ type: 'away', peerId: receiver }))
    if (wait > 0 && !this.#within('target', place.sending.judge('target', wait, nowMs), ws)) return
    stampSender(envelope, place.stamp)
    target.send(message)
    const { tally } = this.#report
    tally.envelopes++
    if (isRelay) tally.relayedBytes += envelope.length
  }

  // ---- control messages --------------------------------------------------------------------------------------------

  #list(ws: WebSocket, place: Place, want: PeersWanted): void {
    const roster = this.#members()
    const { peers, cursor } = roster.list(want, place.peerId)
    const listed = this.#sockets.listed(peers)
    ws.send(encodeRoomMessage({ type: 'peer-list', total: roster.total, peers: listed, ...(cursor && { cursor }) }))
  }

  async #renew(ws: WebSocket, place: Place, announcement: Bytes): Promise<void> {
    const network = await networkIdOfKey(this.#network)
    const proven = await proveAnnouncement(announcement, network, Date.now())
    // Whatever the charter has to be asked for, it is asked once a minute at most, however often somebody renews.
    const fault = typeof proven === 'string' ? proven : await membershipFault(this.#network, proven, 'join', this.env)
    if (ws.readyState !== WebSocket.OPEN || place.record.isVacated) return
    if (typeof proven === 'string') return this.#fault(ws, proven)
    if (proven.peerId !== place.peerId) return this.#fault(ws, 'announcement-signature')
    if (fault === 'membership-revoked') return this.#remove(ws, fault)
    if (fault) return this.#fault(ws, fault)
    const { expiresAtMs } = proven.profile
    // Renewals may overtake each other; the longer-lived one stays.
    if (expiresAtMs <= place.record.announcementExpiresAtMs) return
    this.#sockets.update(ws, { announcement: toBase64Url(proven.bytes), announcementExpiresAtMs: expiresAtMs })
  }

  // ---- answers to what should not have been sent -------------------------------------------------------------------

  #fault(ws: WebSocket, code: RefusalCode): void {
    this.#report.tally.faults++
    ws.send(refusalText(code, Date.now()))
  }

  /** Whether a message is within the limits; otherwise tells its sender, or throws it out if it goes on. */
  #within(scope: LimitScope, verdict: Verdict, ws: WebSocket): boolean {
    if (verdict === 'pass') return true
    const { tally } = this.#report
    tally.limited[scope]++
    if (typeof verdict === 'number') {
      ws.send(encodeRoomMessage({ type: 'limited', scope, retryAfterMs: verdict }))
    } else if (verdict === 'flooding') {
      tally.floodsClosed++
      log({ event: 'flood-closed', network: loggedName(this.#network), scope })
      this.#sockets.expel(ws, 'flooding')
      this.#ended(this.#sockets.placeOf(ws), 'lost', Date.now())
    }
    return false
  }

  // ---- coming and going --------------------------------------------------------------------------------------------

  /** The roster, told who is here if it does not know: the one iteration over all sockets, once per wake. */
  #members(): Roster {
    if (!this.#roster.knowsMembers) this.#roster.learnMembers(this.#sockets.presentIds())
    return this.#roster
  }

  #socketEnded(ws: WebSocket, isForGood: boolean): void {
    const place = this.#sockets.placeOf(ws)
    // Its place may have gone to a newer socket.
    if (place.record.isVacated || this.#sockets.openOf(place.peerId)) return
    // The same socket can fail and close.
    place.record = { ...place.record, isVacated: true }
    const nowMs = Date.now()
    if (isForGood) return this.#ended(place, 'left', nowMs)
    this.#roster.drop(place.peerId, place.record.ticketIssuedAtMs, nowMs)
    this.#wakeAt(this.#roster.nextExpiryMs ?? nowMs)
    this.#wakeAt(this.#report.membersChanged(nowMs))
  }

  #remove(ws: WebSocket, fault: MembershipFault): void {
    this.#sockets.expel(ws, fault)
    this.#ended(this.#sockets.placeOf(ws), 'left', Date.now())
  }

  #ended({ peerId }: Place, end: PlaceEnd, nowMs: number): void {
    this.#perform(this.#members().leave(peerId, end))
    this.#wakeAt(this.#report.membersChanged(nowMs))
  }

  /** `ice` goes into the welcome, if there is one. */
  #perform(actions: readonly RosterAction[], ice?: IceAnswer): void {
    for (const action of actions) {
      switch (action.type) {
        case 'welcome': {
          const { to: peerId, total, resumed } = action
          const peers = this.#sockets.listed(action.peers)
          const welcome = { type: 'welcome', peerId, serverTimeMs: Date.now(), total, peers, resumed } as const
          this.#sockets.tell([peerId], { ...welcome, ...(ice && { ice }) })
          break
        }
        case 'tell-joined': {
          const { to, total, resumed } = action
          const [peer] = this.#sockets.listed([action.peer])
          if (peer) this.#sockets.tell(to, { type: 'peer-joined', peer, total, resumed })
          break
        }
        case 'tell-left': {
          const { to, peer: peerId, total, end } = action
          this.#sockets.tell(to, { type: 'peer-left', peerId, total, ...(end === 'lost' && { lost: true }) })
          break
        }
      }
    }
  }

  // ---- housekeeping ------------------------------------------------------------------------------------------------

  /** Closes sockets that have not been heard of for too long, or whose announcement has run out. */
  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS
    let reaped = 0
    for (const ws of this.#sockets.allOpen()) {
      const { record, peerId } = this.#sockets.placeOf(ws)
      if (record.announcementExpiresAtMs <= nowMs) this.#sockets.expel(ws, 'announcement-expired')
      else if (nowMs - this.#sockets.heardAtMs(ws) > GHOST_AFTER_MS) {
        this.#sockets.vacate(ws, CLOSE_CODES.ghost, 'ghost')
      } else continue
      this.#perform(this.#roster.leave(peerId, 'lost'))
      reaped++
    }
    if (reaped === 0) return
    this.#report.tally.ghostsReaped += reaped
    log({ event: 'reaped', network: loggedName(this.#network), sockets: reaped })
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#alarmAtMs) return
    this.#alarmAtMs = atMs
    // Nobody waits for the disk: a lost alarm costs a ghost some minutes.
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs, { allowUnconfirmed: true }))
  }
}
