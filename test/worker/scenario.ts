/**
 * A small peer for tests of the service: real keys, announcements and tickets through `protocol/`, a real WebSocket
 * through the Worker's front door, and a record of whatever came.
 */
import { env, exports } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import { signAnnouncement, type Profile } from '../../protocol/announcement.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import { decodeEnvelope, encodeEnvelope, type Envelope, type EnvelopeKind } from '../../protocol/envelope.ts'
import { SUBPROTOCOL } from '../../protocol/limits.ts'
import { networkIdOfKey } from '../../protocol/network.ts'
import { peerIdOf, type Core, type PeerId } from '../../protocol/peer-id.ts'
import { parseRoomMessage, type RoomMessage } from '../../protocol/room-messages.ts'
import { signTicket, type Purpose } from '../../protocol/ticket.ts'
import type { Room } from '../../worker/room.ts'

export const HOST = 'edge.test'

/** A session with its keys: what a client is before it joins. */
export interface Session {
  readonly network: string
  readonly core: Core
  readonly peerId: PeerId
  readonly sign: (message: Bytes) => Promise<Bytes>
  announce(change?: Partial<Profile>): Promise<Bytes>
  ticket(change?: TicketChange): Promise<string>
}

export interface TicketChange {
  readonly announcement?: Bytes
  readonly purpose?: Purpose
  readonly issuedAtMs?: number
  readonly host?: string
  readonly sign?: (message: Bytes) => Promise<Bytes>
}

/** A key pair that signs: a contributor, or an invite. */
export interface Signer {
  readonly key: Bytes
  readonly sign: (message: Bytes) => Promise<Bytes>
}

export async function newSigner(): Promise<Signer> {
  const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('publicKey' in keys)) throw new Error('Ed25519 keys come in pairs')
  const raw = await crypto.subtle.exportKey('raw', keys.publicKey)
  if (!(raw instanceof ArrayBuffer)) throw new Error('raw keys are bytes')
  const sign = async (message: Bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', keys.privateKey, message))
  return { key: new Uint8Array(raw), sign }
}

/** @param profile what its announcements say unless a test says otherwise */
export async function newSession(
  network: string,
  {
    coreNetwork = network,
    who,
    profile: usualProfile,
  }: { readonly coreNetwork?: string; readonly who?: Signer; readonly profile?: Partial<Profile> } = {},
): Promise<Session> {
  const { key: identity, sign } = who ?? (await newSigner())
  const session = crypto.getRandomValues(new Uint8Array(32))
  const core: Core = { identity, session, network: await networkIdOfKey(coreNetwork) }
  const announce = (change: Partial<Profile> = {}) => {
    const nowMs = Date.now()
    const chain = new Uint8Array(0)
    const profile = {
      rank: 0,
      rtc: true,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + 3_600_000,
      name: '',
      capabilities: [],
      chain,
    }
    return signAnnouncement(core, { ...profile, ...usualProfile, ...change }, sign)
  }
  let lastTicketMs = 0
  const ticket = async (change: TicketChange = {}) => {
    // As clients do: two tickets in one millisecond must still be in order.
    lastTicketMs = Math.max(lastTicketMs + 1, Date.now())
    const usual = { announcement: change.announcement ?? (await announce()), purpose: 'join' as const, host: HOST }
    return signTicket({ ...usual, issuedAtMs: lastTicketMs, ...change }, change.sign ?? sign)
  }
  return { network, core, peerId: await peerIdOf(core), sign, announce, ticket }
}

/** A WebSocket through the front door, recording. */
export class TestPeer {
  readonly messages: RoomMessage[] = []
  readonly texts: string[] = []
  readonly envelopes: Envelope[] = []
  readonly protocol: string
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly socket: WebSocket
  readonly peerId: PeerId

  constructor(socket: WebSocket, protocol: string, peerId: PeerId) {
    this.socket = socket
    this.protocol = protocol
    this.peerId = peerId
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => this.#receive(data as string | ArrayBuffer))
    socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
    })
    socket.accept()
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data === 'string') {
      this.texts.push(data)
      const message = parseRoomMessage(data)
      if (message) this.messages.push(message)
      return
    }
    const envelope = decodeEnvelope(new Uint8Array(data))
    if (typeof envelope === 'string') throw new Error(`the room sent a bad envelope: ${envelope}`)
    this.envelopes.push(envelope)
  }

  /** Messages of one type, so far. */
  all<Type extends RoomMessage['type']>(type: Type): Extract<RoomMessage, { type: Type }>[] {
    return this.messages.filter((message): message is Extract<RoomMessage, { type: Type }> => message.type === type)
  }

  /** The `nth` message of a type, waited for. */
  async next<Type extends RoomMessage['type']>(type: Type, nth = 0): Promise<Extract<RoomMessage, { type: Type }>> {
    return vi.waitFor(() => present(this.all(type)[nth]), WAIT)
  }

  async nextEnvelope(nth = 0): Promise<Envelope> {
    return vi.waitFor(() => present(this.envelopes[nth]), WAIT)
  }

  async nextClose(): Promise<{ readonly code: number; readonly reason: string }> {
    return vi.waitFor(() => present(this.closed), WAIT)
  }

  send(kind: EnvelopeKind, to: PeerId, body: Bytes = new Uint8Array([1, 2, 3])): void {
    this.socket.send(encodeEnvelope({ kind, home: 0, peer: to, body }))
  }

  /** Resolves when the room has handled everything that was sent so far. */
  async settled(): Promise<void> {
    const before = this.all('peer-list').length
    this.socket.send('{"type":"peers","sample":1}')
    await this.next('peer-list', before)
  }
}

const WAIT = { timeout: 20_000, interval: 2 }

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there yet')
  return value
}

/** The Worker's answer to a request, as from outside. */
export function request(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(new Request(`https://${HOST}${path}`, init))
}

/** Opens a WebSocket with these subprotocols, whatever they are. */
export async function connect(
  network: string,
  protocols: readonly string[],
  headers: Record<string, string> = {},
  peerId = '' as PeerId,
): Promise<TestPeer> {
  const offered = protocols.length > 0 ? { 'Sec-WebSocket-Protocol': protocols.join(', ') } : {}
  const response = await request(`/n/${network}`, { headers: { Upgrade: 'websocket', ...offered, ...headers } })
  expect(response.status).toBe(101)
  return new TestPeer(
    present(response.webSocket ?? undefined),
    response.headers.get('Sec-WebSocket-Protocol') ?? '',
    peerId,
  )
}

/** Joins and waits for the welcome. */
export async function join(who: string | Session, change: TicketChange = {}): Promise<TestPeer & { session: Session }> {
  const session = typeof who === 'string' ? await newSession(who) : who
  const ticket = await session.ticket(change)
  const peer = await connect(session.network, [SUBPROTOCOL, ticket], {}, session.peerId)
  await peer.next('welcome')
  return Object.assign(peer, { session })
}

export function joinMany(network: string, count: number) {
  return Promise.all(Array.from({ length: count }, () => join(network)))
}

export function roomOf(network: string): DurableObjectStub<Room> {
  return env.ROOM.getByName(network)
}
