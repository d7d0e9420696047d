/**
 * A room that does as it is told: it speaks the room's side of the wire through `protocol/` and behaves, until a test
 * replaces one of its hooks. Real SDK clients join it over real WebSockets; scripted peers sit in it without one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope, type EnvelopeKind } from '../../protocol/envelope.ts'
import { PING_TEXT, PONG_TEXT, SUBPROTOCOL } from '../../protocol/limits.ts'
import { peerIdOf, type PeerId } from '../../protocol/peer-id.ts'
import {
  CLOSE_CODES,
  encodeRoomMessage,
  type Refusal,
  type RefusalCode,
  type WireRoomMessage,
} from '../../protocol/room-messages.ts'
import { decodeTicket, type Ticket } from '../../protocol/ticket.ts'

/** Somebody in the room: a client's socket, or a scripted peer. */
export interface Member {
  readonly peerId: PeerId
  /** As the room lists it. */
  announcement: Bytes
  /** Takes an envelope as it comes down, with the sender in `peer`. */
  receive(envelope: Envelope): void
}

export interface HttpRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly body: string
}

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** One socket of a client, from the room's side. */
export class Seat implements Member {
  readonly peerId: PeerId
  announcement: Bytes
  readonly ticket: Ticket
  /** Control texts that came up, pings left out. */
  readonly texts: string[] = []
  readonly envelopes: Envelope[] = []
  pings = 0
  closed: { readonly code: number } | undefined
  readonly #socket: ServerSocket

  constructor(peerId: PeerId, ticket: Ticket, socket: ServerSocket) {
    this.peerId = peerId
    this.ticket = ticket
    this.announcement = ticket.announcement.bytes
    this.#socket = socket
  }

  say(message: WireRoomMessage): void {
    this.raw(encodeRoomMessage(message))
  }

  /** Sends whatever a test likes, as a text or as binary. */
  raw(data: string | Bytes): void {
    this.#socket.send(data)
  }

  receive(envelope: Envelope): void {
    this.raw(encodeEnvelope(envelope))
  }

  /** Hands down sealed bytes in somebody's name. */
  deliver(from: PeerId, kind: EnvelopeKind, body: Bytes): void {
    this.receive({ kind, home: 0, peer: from, body })
  }

  close(code: number): void {
    this.#socket.close(code)
  }

  /** From now on reads nothing, as behind a cut cable: no pong, no close handshake, no end. */
  freeze(): void {
    this.#socket.pause()
  }

  thaw(): void {
    this.#socket.resume()
  }

  /** Cuts the connection without a close frame: the client sees 1006. */
  cut(): void {
    this.#socket.terminate()
  }
}

export class ScriptedRoom {
  readonly roomUrl: string
  readonly host: string
  /** Who is in the room now. */
  readonly members = new Map<PeerId, Member>()
  /** Every socket that was ever accepted, oldest first. */
  readonly seats: Seat[] = []
  /** Every ticket that came to the door, oldest first. */
  readonly tickets: Ticket[] = []
  answersPings = true
  /** Decides at the door: a refusal, or nothing for welcome. */
  door: (ticket: Ticket) => Refusal | undefined = () => undefined
  /** What an accepted client hears first. */
  greet: (seat: Seat) => void = (seat) => this.welcome(seat)
  /** What becomes of an envelope on its way up; `envelope.peer` is the receiver. */
  carry: (from: Seat, envelope: Envelope) => void = (from, envelope) => this.pass(from, envelope)
  /** What becomes of HTTP upgrades before anything else: true when the test has dealt with the socket. */
  upgrade: (socket: Duplex) => boolean = () => false
  /** Answers HTTP requests; without an answer they are taken for questions about ICE servers. */
  answer: (request: HttpRequest) => HttpAnswer | undefined | Promise<HttpAnswer | undefined> = () => undefined
  readonly #server: Server
  readonly #webSockets: SocketServer
  readonly #connections = new Set<Duplex>()

  private constructor(network: string, server: Server) {
    this.#server = server
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    this.roomUrl = `http://${this.host}/n/${network}`
    this.#webSockets = new SocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL })
    server.on('connection', (connection: Duplex) => {
      this.#connections.add(connection)
      connection.on('close', () => this.#connections.delete(connection))
    })
    server.on('request', (request, response) => void this.#asked(request, response))
    server.on('upgrade', (request, connection, head) => void this.#enter(request, connection, head))
  }

  static async open(network: string): Promise<ScriptedRoom> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ScriptedRoom(network, server)
  }

  /** The newest socket of a client. */
  seat(peerId: PeerId): Seat {
    const seat = this.seats.findLast((candidate) => candidate.peerId === peerId)
    if (!seat) throw new Error(`${peerId} never joined`)
    return seat
  }

  /** Seats a peer that has no socket, and tells everybody. */
  admit(member: Member): void {
    this.members.set(member.peerId, member)
    const peer = { announcement: toBase64Url(member.announcement) }
    this.tell(member.peerId, { type: 'peer-joined', peer, total: this.members.size, resumed: false })
  }

  /** Tells all clients but one. */
  tell(except: PeerId, message: WireRoomMessage): void {
    for (const member of this.members.values()) {
      if (member instanceof Seat && member.peerId !== except) member.say(message)
    }
  }

  welcome(seat: Seat, change: { total?: number; serverTimeMs?: number; peers?: readonly Member[] } = {}): void {
    const { total = this.members.size, serverTimeMs = Date.now() } = change
    const others = change.peers ?? [...this.members.values()].filter(({ peerId }) => peerId !== seat.peerId)
    const peers = others.map(({ announcement }) => ({ announcement: toBase64Url(announcement) }))
    seat.say({ type: 'welcome', peerId: seat.peerId, serverTimeMs, total, peers, resumed: false })
  }

  /** Routes an envelope as an honest room does. */
  pass(from: Seat, envelope: Envelope): void {
    const to = this.members.get(envelope.peer)
    if (to) to.receive({ ...envelope, peer: from.peerId })
    else from.say({ type: 'gone', peerId: envelope.peer })
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #enter(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    if (this.upgrade(connection)) return
    const ticket = decodeTicket(request.headers['sec-websocket-protocol']?.split(/, ?/)[1] ?? '')
    if (!ticket) throw new Error('the client came without a ticket')
    this.tickets.push(ticket)
    const peerId = await peerIdOf(ticket.announcement.core)
    this.#webSockets.handleUpgrade(request, connection, head, (socket) => {
      const refused = this.door(ticket)
      if (refused) {
        socket.send(encodeRoomMessage({ type: 'error', ...refused }))
        socket.close(CLOSE_CODES.forbidden)
        return
      }
      this.#sit(new Seat(peerId, ticket, socket), socket)
    })
  }

  async #asked(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request
    const answer = await this.answer({ method, path, body: await textOf(request) })
    response.setHeader('access-control-allow-origin', '*')
    response.statusCode = answer?.status ?? 200
    response.end(answer ? answer.body : '{"iceServers":[]}')
  }

  #sit(seat: Seat, socket: ServerSocket): void {
    const resumed = this.members.has(seat.peerId)
    this.members.set(seat.peerId, seat)
    this.seats.push(seat)
    socket.on('message', (data, isBinary) => this.#heard(seat, data, isBinary))
    socket.on('close', (code) => {
      seat.closed = { code }
    })
    this.greet(seat)
    const peer = { announcement: toBase64Url(seat.announcement) }
    this.tell(seat.peerId, { type: 'peer-joined', peer, total: this.members.size, resumed })
  }

  #heard(seat: Seat, data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      const envelope = decodeEnvelope(new Uint8Array(data))
      if (typeof envelope === 'string') throw new Error(`the client sent a bad envelope: ${envelope}`)
      seat.envelopes.push(envelope)
      return this.carry(seat, envelope)
    }
    const text = data.toString()
    if (text === PING_TEXT) {
      seat.pings++
      if (this.answersPings) seat.raw(PONG_TEXT)
      return
    }
    seat.texts.push(text)
    if (text !== '{"type":"bye"}') return
    this.members.delete(seat.peerId)
    this.tell(seat.peerId, { type: 'peer-left', peerId: seat.peerId, total: this.members.size })
  }
}

/** A refusal as the door words it. */
export function refusal(code: RefusalCode, change: Partial<Refusal> = {}): Refusal {
  return { code, message: `Refused: ${code}.`, hint: `What to do about ${code}.`, serverTimeMs: Date.now(), ...change }
}

// ---- the WebSocket server that Miniflare brings along --------------------------------------------------------------

interface ServerSocket {
  send(data: string | Bytes): void
  close(code: number): void
  terminate(): void
  pause(): void
  resume(): void
  on(type: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
  on(type: 'close', listener: (code: number) => void): void
}

interface SocketServer {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: ServerSocket) => void): void
}

/** `ws` comes with Miniflare, so it is asked for from there; it is no dependency of this package. */
const requireFromMiniflare = createRequire(createRequire(import.meta.url).resolve('miniflare'))
const { WebSocketServer: SocketServer } = requireFromMiniflare('ws') as {
  WebSocketServer: new (options: { noServer: true; handleProtocols: () => string }) => SocketServer
}
