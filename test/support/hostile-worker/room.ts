/**
 * A malicious room: it stands in front of the honest one, which does the work of a room, and holds both ends of every
 * member's socket. It writes down all that it sees, and tampers as the attack in force says.
 */
import { fromBase64Url, toBase64Url, utf8, type Bytes } from '../../../protocol/bytes.ts'
import { encodeEnvelope } from '../../../protocol/envelope.ts'
import { ENVELOPE_HEADER_BYTES, PEER_ID_BYTES } from '../../../protocol/limits.ts'
import { peerIdBytes, peerIdText, type PeerId } from '../../../protocol/peer-id.ts'
import { admissionOf } from '../../../worker/door.ts'
import { Room as HonestRoom } from '../../../worker/room.ts'
import type { Attack, Carried, Lair, Loot, Order, Told, Victim } from './attack.ts'
import { ATTACKS } from './attacks/index.ts'
import { seeded } from './seeded.ts'

interface Member extends Victim {
  /** Towards the member. */
  readonly outer: WebSocket
  /** Towards the honest room. */
  readonly inner: WebSocket
}

/** What the Worker asks of a room for a test. */
export interface HostileRoom {
  attack(order: Order): Promise<void>
  repent(): Promise<void>
  redeploy(): Promise<void>
  /** How often anything was tampered with since the last attack began. */
  tampered(): Promise<number>
  admitted(): Promise<number>
  /** All bytes and texts that members have sent here, in base64url; and who they are. */
  seen(): Promise<string[]>
  loot(): Promise<{ past: { kind: number; from: string; to: string; body: string }[]; announcements: string[] }>
}

export class Room extends HonestRoom implements HostileRoom {
  readonly #members = new Map<PeerId, Member>()
  readonly #past: Carried[] = []
  readonly #said: { readonly to: PeerId; readonly text: string }[] = []
  readonly #announcements: Bytes[] = []
  readonly #seen: Bytes[] = []
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #attack: Attack = {}
  #tampered = 0
  #random = seeded(1)

  override async fetch(request: Request): Promise<Response> {
    const { peerId: id, announcement } = admissionOf(request)
    const response = await super.fetch(request)
    const inner = response.webSocket
    if (!inner) return response
    const [client, outer] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    const member: Member = { id, announcement: fromBase64Url(announcement) ?? new Uint8Array(0), outer, inner }
    this.#announcements.push(member.announcement)
    // A superseded member's last words still go to its own socket.
    this.#members.delete(id)
    this.#members.set(id, member)
    this.#connect(member)
    return new Response(null, { status: 101, webSocket: client, headers: response.headers })
  }

  // ---- orders ------------------------------------------------------------------------------------------------------

  async attack({ name, seed, network }: Order): Promise<void> {
    const make = ATTACKS[name]
    if (!make) throw new Error(`no attack is called ${name}`)
    this.#end()
    this.#tampered = 0
    this.#random = seeded(seed)
    this.#attack = make(network ?? '')
    await this.#attack.begin?.(this.#lair())
  }

  async repent(): Promise<void> {
    this.#end()
  }

  /** Honest from now on, and everybody has to come again, as after a deploy. */
  async redeploy(): Promise<void> {
    this.#end()
    for (const { outer, inner } of this.#members.values()) {
      outer.close(1012)
      inner.close(1000)
    }
  }

  #end(): void {
    const { end } = this.#attack
    this.#attack = {}
    for (const timer of this.#timers) clearTimeout(timer)
    end?.(this.#lair())
  }

  async tampered(): Promise<number> {
    return this.#tampered
  }

  async admitted(): Promise<number> {
    return this.#announcements.length
  }

  async seen(): Promise<string[]> {
    return this.#seen.map((bytes) => toBase64Url(bytes))
  }

  async loot(): ReturnType<HostileRoom['loot']> {
    return {
      past: this.#past.map(({ kind, from, to, body }) => ({ kind, from, to, body: toBase64Url(body) })),
      announcements: this.#announcements.map(toBase64Url),
    }
  }

  // ---- between the member and the honest room ----------------------------------------------------------------------

  #connect(member: Member): void {
    const { id, inner, outer } = member
    for (const socket of [inner, outer]) {
      socket.binaryType = 'arraybuffer'
      socket.accept()
    }
    outer.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#seen.push(utf8(data))
      else this.#sent(id, new Uint8Array(data as ArrayBuffer))
      if (inner.readyState === WebSocket.OPEN) inner.send(data as string | ArrayBuffer)
    })
    inner.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#told(member, data)
      else this.#carried(member, new Uint8Array(data as ArrayBuffer))
    })
    for (const [from, to] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      from.addEventListener('close', ({ code, reason }) => {
        if (this.#members.get(id) === member) this.#members.delete(id)
        // 1005 and 1006 say how a socket ended; nobody can close one with them.
        const canBeSaid = code === 1000 || (code >= 3000 && code <= 4999)
        for (const socket of [to, from]) {
          if (socket.readyState === WebSocket.OPEN) socket.close(canBeSaid ? code : 1000, reason)
        }
      })
    }
  }

  #sent(from: PeerId, bytes: Bytes): void {
    this.#seen.push(bytes)
    if (bytes.length < ENVELOPE_HEADER_BYTES) return
    const to = peerIdText(bytes.slice(2, 2 + PEER_ID_BYTES))
    this.#past.push({ kind: bytes[0] ?? 0, from, to, body: bytes.slice(ENVELOPE_HEADER_BYTES) })
  }

  #carried(member: Member, bytes: Bytes): void {
    const from = peerIdText(bytes.slice(2, 2 + PEER_ID_BYTES))
    const honest = { kind: bytes[0] ?? 0, from, to: member.id, body: bytes.slice(ENVELOPE_HEADER_BYTES) }
    const instead = this.#attack.envelope?.(honest, this.#lair()) ?? [honest]
    if (instead.length !== 1 || instead[0] !== honest) this.#tampered++
    for (const envelope of instead) this.#deliver(envelope)
  }

  #told(member: Member, text: string): void {
    const { control } = this.#attack
    if (text !== 'pong') this.#said.push({ to: member.id, text })
    if (!control || text === 'pong') return this.#send(member, text)
    const honest = JSON.parse(text) as Told
    const instead = control(honest, member.id, this.#lair())
    if (instead.length !== 1 || instead[0] !== honest) this.#tampered++
    for (const message of instead) this.#send(member, typeof message === 'string' ? message : JSON.stringify(message))
  }

  #deliver({ kind, from, to, body }: Carried): void {
    const header = encodeEnvelope({ kind: 'who', home: 0, peer: from, body: new Uint8Array(0) })
    const bytes = new Uint8Array(header.length + body.length)
    bytes.set(header)
    bytes.set(body, header.length)
    bytes[0] = kind
    this.#send(this.#members.get(to), bytes)
  }

  #send(member: Member | undefined, data: string | Bytes): void {
    if (member?.outer.readyState === WebSocket.OPEN) member.outer.send(data)
  }

  #lair(): Lair {
    const tampering = () => void this.#tampered++
    const { ROOM } = this.env
    return {
      network: this.ctx.id.name ?? '',
      victims: [...this.#members.values()],
      past: this.#past,
      said: this.#said,
      announcements: this.#announcements,
      random: this.#random,
      loot: async (network) => {
        const { past, announcements } = await (ROOM.getByName(network) as unknown as HostileRoom).loot()
        return { past: past.map(carriedOf), announcements: announcements.map(bytesOf) } satisfies Loot
      },
      deliver: (envelope) => {
        tampering()
        this.#deliver(envelope)
      },
      say: (to, message) => {
        tampering()
        this.#send(this.#members.get(to), JSON.stringify(message))
      },
      raw: (to, data) => {
        tampering()
        this.#send(this.#members.get(to), data)
      },
      cut: (to, code) => {
        tampering()
        this.#members.get(to)?.outer.close(code)
        this.#members.get(to)?.inner.close(1000)
      },
      later: (delayMs, action) => {
        const timer = setTimeout(() => {
          this.#timers.delete(timer)
          action()
        }, delayMs)
        this.#timers.add(timer)
      },
    }
  }
}

function bytesOf(text: string): Bytes {
  return fromBase64Url(text) ?? new Uint8Array(0)
}

function carriedOf({ kind, from, to, body }: Awaited<ReturnType<HostileRoom['loot']>>['past'][number]): Carried {
  return { kind, from: peerIdText(peerIdBytes(from as PeerId)), to: to as PeerId, body: bytesOf(body) }
}
