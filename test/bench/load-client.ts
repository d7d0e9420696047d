/** Members of a room without the SDK: real announcements and tickets over a load socket, and their bare counterparts. */
import { randomBytes, randomUUID } from 'node:crypto'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import { signAnnouncement } from '../../protocol/announcement.ts'
import { encodeEnvelope } from '../../protocol/envelope.ts'
import { ENVELOPE_HEADER_BYTES, KEY_BYTES, MAX_ANNOUNCEMENT_AGE_MS, SUBPROTOCOL } from '../../protocol/limits.ts'
import { networkIdOfKey } from '../../protocol/network.ts'
import { peerIdOf, type PeerId } from '../../protocol/peer-id.ts'
import { parseRoomMessage, type RoomMessage } from '../../protocol/room-messages.ts'
import { signTicket, type Purpose } from '../../protocol/ticket.ts'
import { clientFrame, LoadSocket } from './websocket.ts'

/** A seat in some room, ours or bare: what the benchmarks drive. */
export interface Seat {
  readonly id: string
  readonly socket: LoadSocket
}

/** One kind of room. Candidates are prepared before the clock starts: signing is the client's work, not the room's. */
export interface RoomKind<Ready, Taken extends Seat = Seat> {
  readonly name: string
  prepare(): Promise<Ready>
  /** Resolves when the first message has arrived. */
  enter(ready: Ready): Promise<Taken>
  /** A frame of `bodyBytes` to a seat, as a client of this room sends it. */
  frameTo(id: string, bodyBytes: number): Buffer
}

/** What a peer needs to join once. */
export interface Candidate {
  readonly peerId: PeerId
  readonly ticket: string
}

/** @param chain what somebody who comes to a closed network shows */
export async function newCandidate(
  network: string,
  port: number,
  { identity: given, chain = new Uint8Array(0) }: { readonly identity?: Identity; readonly chain?: Bytes } = {},
): Promise<Candidate> {
  const identity = given ?? (await createIdentity())
  const sign = (message: Bytes) => identity.sign(message)
  // The room cannot tell a session key from 32 random bytes, and nothing here is ever opened.
  const session = new Uint8Array(randomBytes(KEY_BYTES))
  const core = { identity: identity.publicKey, session, network: await networkIdOfKey(network) }
  const issuedAtMs = Date.now()
  const expiresAtMs = issuedAtMs + MAX_ANNOUNCEMENT_AGE_MS
  const profile = { rank: 1, rtc: true, issuedAtMs, expiresAtMs, name: '', capabilities: [], chain }
  const announcement = await signAnnouncement(core, profile, sign)
  const ticket = (purpose: Purpose) =>
    signTicket({ announcement, purpose, issuedAtMs, host: `127.0.0.1:${port}` }, sign)
  return { peerId: await peerIdOf(core), ticket: await ticket('join') }
}

export interface EdgeNetSeat extends Seat {
  readonly welcome: RoomMessage & { type: 'welcome' }
}

/** A room of the Worker on this port. `onText` hears everything the room says to any seat, from the first word on. */
export function edgeNetRoom(
  port: number,
  network: string,
  onText: (seat: string, text: string) => void = () => {},
): RoomKind<Candidate, EdgeNetSeat> {
  return {
    name: 'Edge-Net',
    prepare: () => newCandidate(network, port),
    enter: async ({ peerId, ticket }) => {
      const socket = await LoadSocket.open(port, `/n/${network}`, [SUBPROTOCOL, ticket])
      const first = await firstText(socket, (text) => onText(peerId, text))
      const welcome = parseRoomMessage(first)
      if (welcome?.type !== 'welcome') throw new Error(`The room did not welcome a peer: ${first}`)
      return { id: peerId, socket, welcome }
    },
    frameTo: (id, bodyBytes) => {
      const body = new Uint8Array(randomBytes(bodyBytes - ENVELOPE_HEADER_BYTES))
      return clientFrame(encodeEnvelope({ kind: 'relay', home: 0, peer: id as PeerId, body }))
    },
  }
}

/** A bare room on this port; with `tell` everybody hears of every join. */
export function bareRoom(
  port: number,
  name: string,
  tell = false,
  onText: (seat: string, text: string) => void = () => {},
): RoomKind<string> {
  return {
    name: 'bare Durable Object',
    prepare: () => Promise.resolve(randomUUID()),
    enter: async (id) => {
      const socket = await LoadSocket.open(port, `/${name}?id=${id}${tell ? '&tell' : ''}`)
      await firstText(socket, (text) => onText(id, text))
      return { id, socket }
    },
    frameTo: (to, bodyBytes) => clientFrame(JSON.stringify({ to, body: 'x'.repeat(bodyBytes) })),
  }
}

function firstText(socket: LoadSocket, onText: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.onText = (text) => {
      onText(text)
      resolve(text)
    }
    socket.onClose = (code, reason) =>
      reject(new Error(`The room closed a socket before its first word: ${code} ${reason}`))
  })
}
