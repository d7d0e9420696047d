/**
 * The room of one network: a hibernating Durable Object around the {@link Roster}. It introduces members and carries
 * sealed envelopes between them.
 *
 * Whatever must survive an eviction lives in the sockets and their attachments; nothing is written, fetched or scheduled
 * per message. Handlers are synchronous, because the runtime interleaves asynchronous ones of the same socket.
 */
import { DurableObject } from 'cloudflare:workers'
import { proveAnnouncement } from '../protocol/announcement.ts'
import { toBase64Url, type Bytes } from '../protocol/bytes.ts'
import { MAX_CONTROL_CHARACTERS, PING_TEXT, PONG_TEXT, SUBPROTOCOL } from '../protocol/limits.ts'
import { networkIdOfName } from '../protocol/network.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import {
  CLOSE_CODES,
  encodeRoomMessage,
  parsePeerMessage,
  type LimitScope,
  type PeersWanted,
  type RefusalCode,
} from '../protocol/room-messages.ts'
import { admissionOf } from './door.ts'
import { envelopeFault, receiverOf, RELAY_KIND, stampSender } from './envelope-check.ts'
import { errorKind, log } from './log.ts'
import { Places, type Place } from './place.ts'
import { closeCodeOf, refuseHttp, refusalText } from './refusal.ts'
import {
  FIRST_REPORT_DELAY_MS,
  GHOST_AFTER_MS,
  REPORT_DELAY_MS,
  SWEEP_INTERVAL_MS,
  type Verdict,
} from './room-limits.ts'
import { Roster, type RosterAction } from './roster.ts'
import { registryOf } from './registry.ts'
import type { Settings } from './settings.ts'
import { emptyTally } from './tally.ts'

export class Room extends DurableObject<Settings> {
  /** Changes with every wake; tests tell an eviction by it. */
  readonly instance = crypto.randomUUID()
  readonly #places = new Places()
  readonly #roster = new Roster(Math.random)
  #tally = emptyTally()
  /** What the registry was last told; `undefined` after a wake. */
  #reportedMembers: number | undefined
  #sweepAtMs = 0
  #reportAtMs: number | undefined
  /** `Infinity` when no alarm is known of, which at worst sets one again. */
  #alarmAtMs = Infinity

  constructor(ctx: DurableObjectState, settings: Settings) {
    super(ctx, settings)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_TEXT, PONG_TEXT))
  }

  /** A peer whom the door has admitted takes its place. A refusal is JSON; the Worker tells it in band. */
  override async fetch(request: Request): Promise<Response> {
    const nowMs = Date.now()
    const admission = admissionOf(request)
    const { peerId, ticketIssuedAtMs } = admission
    const earlier = this.#openSocket(peerId)
    const presentTicketIssuedAtMs = earlier && this.#places.of(earlier).record.ticketIssuedAtMs
    const outcome = this.#members().join({ peer: peerId, ticketIssuedAtMs, presentTicketIssuedAtMs }, nowMs)
    if (typeof outcome === 'string') return refuseHttp(outcome, nowMs)

    if (earlier) this.#expel(earlier, 'superseded')
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    this.ctx.acceptWebSocket(server, [peerId])
    this.#places.assign(server, { ...admission, joinedAtMs: nowMs, isVacated: false }, nowMs)
    this.#tally.joins++
    this.#perform(outcome)
    this.#membersChanged(nowMs)
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { 'Sec-WebSocket-Protocol': SUBPROTOCOL },
    })
  }

  override webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): void | Promise<void> {
    const place = this.#places.of(ws)
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
        return this.#bye(ws, place, nowMs)
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
    if (roster.total > 0) {
      this.#wakeAt(Math.min(this.#sweepAtMs, roster.nextExpiryMs ?? Infinity))
    }
    await this.#report(roster.total)
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
    const target = this.#openSocket(receiver)
    if (!target) {
      const type = this.#roster.isInGrace(receiver, nowMs) ? 'away' : 'gone'
      return ws.send(encodeRoomMessage({ type, peerId: receiver }))
    }
    const wait = this.#places.of(target).receiving.take(envelope.length, nowMs, () => this.#heardAtMs(target))
    if (wait === 'away') return ws.send(encodeRoomMessage({ type: 'away', peerId: receiver }))
    if (wait > 0 && !this.#within('target', place.sending.judge('target', wait, nowMs), ws)) return
    stampSender(envelope, place.stamp)
    target.send(message)
    this.#tally.envelopes++
    if (isRelay) this.#tally.relayedBytes += envelope.length
  }

  /** The open socket of a peer. While an older one is closing, or a supersede is under way, the newest ticket counts. */
  #openSocket(peer: PeerId): WebSocket | undefined {
    let newest: WebSocket | undefined
    for (const ws of this.ctx.getWebSockets(peer)) {
      if (ws.readyState !== WebSocket.OPEN) continue
      if (!newest || this.#ticketMs(ws) > this.#ticketMs(newest)) newest = ws
    }
    return newest
  }

  #ticketMs(ws: WebSocket): number {
    return this.#places.of(ws).record.ticketIssuedAtMs
  }

  #heardAtMs(ws: WebSocket): number {
    const pingedAtMs = this.ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0
    return Math.max(pingedAtMs, this.#places.of(ws).heardAtMs)
  }

  // ---- control messages --------------------------------------------------------------------------------------------

  #list(ws: WebSocket, place: Place, want: PeersWanted): void {
    const roster = this.#members()
    const { peers, cursor } = roster.list(want, place.peerId)
    const listed = this.#listed(peers)
    ws.send(encodeRoomMessage({ type: 'peer-list', total: roster.total, peers: listed, ...(cursor && { cursor }) }))
  }

  async #renew(ws: WebSocket, place: Place, announcement: Bytes): Promise<void> {
    const network = await networkIdOfName(this.#network)
    const proven = await proveAnnouncement(announcement, network, Date.now())
    if (ws.readyState !== WebSocket.OPEN || place.record.isVacated) return
    if (typeof proven === 'string') return this.#fault(ws, proven)
    if (proven.peerId !== place.peerId) return this.#fault(ws, 'announcement-signature')
    const { expiresAtMs } = proven.profile
    // Renewals may overtake each other; the longer-lived one stays.
    if (expiresAtMs <= place.record.announcementExpiresAtMs) return
    this.#places.update(ws, { announcement: toBase64Url(proven.bytes), announcementExpiresAtMs: expiresAtMs })
  }

  #bye(ws: WebSocket, place: Place, nowMs: number): void {
    this.#vacate(ws, 1000, 'bye')
    this.#perform(this.#members().leave(place.peerId))
    this.#membersChanged(nowMs)
  }

  // ---- answers to what should not have been sent -------------------------------------------------------------------

  #fault(ws: WebSocket, code: RefusalCode): void {
    this.#tally.faults++
    ws.send(refusalText(code, Date.now()))
  }

  /** Whether a message is within the limits; otherwise tells its sender, or throws it out if it goes on. */
  #within(scope: LimitScope, verdict: Verdict, ws: WebSocket): boolean {
    if (verdict === 'pass') return true
    this.#tally.limited[scope]++
    if (typeof verdict === 'number') {
      ws.send(encodeRoomMessage({ type: 'limited', scope, retryAfterMs: verdict }))
    } else if (verdict === 'flooding') {
      this.#tally.floodsClosed++
      log({ event: 'flood-closed', network: this.#network, scope })
      this.#expel(ws, 'flooding')
      this.#perform(this.#members().leave(this.#places.of(ws).peerId))
      this.#membersChanged(Date.now())
    }
    return false
  }

  #expel(ws: WebSocket, code: RefusalCode): void {
    ws.send(refusalText(code, Date.now()))
    this.#vacate(ws, closeCodeOf(code), code)
  }

  #vacate(ws: WebSocket, closeCode: number, reason: string): void {
    this.#places.update(ws, { isVacated: true })
    ws.close(closeCode, reason)
  }

  // ---- coming and going --------------------------------------------------------------------------------------------

  /** The roster, told who is here if it does not know: the one iteration over all sockets, once per wake. */
  #members(): Roster {
    if (!this.#roster.knowsMembers) this.#roster.learnMembers(this.#presentIds())
    return this.#roster
  }

  *#presentIds(): Generator<PeerId> {
    for (const ws of this.ctx.getWebSockets()) {
      const [peerId] = this.ctx.getTags(ws)
      if (peerId && ws.readyState === WebSocket.OPEN) yield peerId as PeerId
    }
  }

  #socketEnded(ws: WebSocket, forGood: boolean): void {
    const { record, peerId } = this.#places.of(ws)
    // Its place may have gone to a newer socket.
    if (record.isVacated || this.#openSocket(peerId)) return
    this.#places.update(ws, { isVacated: true })
    const nowMs = Date.now()
    if (forGood) this.#perform(this.#members().leave(peerId))
    else {
      this.#roster.drop(peerId, record.ticketIssuedAtMs, nowMs)
      this.#wakeAt(this.#roster.nextExpiryMs ?? nowMs)
    }
    this.#membersChanged(nowMs)
  }

  #perform(actions: readonly RosterAction[]): void {
    for (const action of actions) {
      switch (action.type) {
        case 'welcome': {
          const { to: peerId, peers, resumed } = action
          const listed = this.#listed(peers)
          const { total } = this.#roster
          const serverTimeMs = Date.now()
          this.#tell(
            [peerId],
            encodeRoomMessage({ type: 'welcome', peerId, serverTimeMs, total, peers: listed, resumed }),
          )
          break
        }
        case 'tell-joined': {
          const [peer] = this.#listed([action.peer])
          const { total, resumed } = action
          if (peer) this.#tell(action.to, encodeRoomMessage({ type: 'peer-joined', peer, total, resumed }))
          break
        }
        case 'tell-left':
          this.#tell(action.to, encodeRoomMessage({ type: 'peer-left', peerId: action.peer, total: action.total }))
          break
      }
    }
  }

  #listed(peers: readonly PeerId[]): { announcement: string }[] {
    const listed: { announcement: string }[] = []
    for (const peer of peers) {
      const ws = this.#openSocket(peer)
      if (ws) listed.push({ announcement: this.#places.of(ws).record.announcement })
    }
    return listed
  }

  #tell(peers: readonly PeerId[], text: string): void {
    for (const peer of peers) this.#openSocket(peer)?.send(text)
  }

  // ---- housekeeping ------------------------------------------------------------------------------------------------

  get #network(): string {
    return this.ctx.id.name ?? ''
  }

  /** Closes sockets that have not been heard of for too long, or whose announcement has run out. */
  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS
    let reaped = 0
    for (const ws of this.ctx.getWebSockets()) {
      if (ws.readyState !== WebSocket.OPEN) continue
      const place = this.#places.of(ws)
      const isExpired = place.record.announcementExpiresAtMs <= nowMs
      if (!isExpired && nowMs - this.#heardAtMs(ws) <= GHOST_AFTER_MS) continue
      if (isExpired) this.#expel(ws, 'announcement-expired')
      else this.#vacate(ws, CLOSE_CODES.ghost, 'ghost')
      this.#perform(this.#roster.leave(place.peerId))
      reaped++
    }
    if (reaped === 0) return
    this.#tally.ghostsReaped += reaped
    log({ event: 'reaped', network: this.#network, sockets: reaped })
  }

  /** The registry is told by the alarm, so that neither joins nor messages wait for it. */
  #membersChanged(nowMs: number): void {
    const delayMs = this.#reportedMembers === undefined ? FIRST_REPORT_DELAY_MS : REPORT_DELAY_MS
    this.#reportAtMs ??= nowMs + delayMs
    this.#wakeAt(this.#reportAtMs)
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#alarmAtMs) return
    this.#alarmAtMs = atMs
    // Nobody waits for the disk: a lost alarm costs a ghost some minutes.
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs, { allowUnconfirmed: true }))
  }

  async #report(members: number): Promise<void> {
    const tally = this.#tally
    this.#tally = emptyTally()
    this.#reportAtMs = undefined
    this.#reportedMembers = members
    log({ event: 'room-report', network: this.#network, members, tally })
    try {
      await registryOf(this.env).report(this.#network, members, tally)
    } catch (error) {
      // The next report tells the members again; what was counted in this one is lost.
      log({ event: 'report-failed', reason: errorKind(error) })
    }
  }
}
