/**
 * Another client, written from PROTOCOL.md alone: it imports nothing of the project, so that what the document leaves out
 * or gets wrong shows. It meets one peer, talks to it over the relay, answers its offers, and goes on with its link after its
 * socket has changed. It never has more out than any window allows, and has no back-stop.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { RTCPeerConnection as NodePeerConnection } from 'node-datachannel/polyfill'

const KIND = { signal: 1, relay: 2, intro: 3, who: 4 } as const
const TYPE = {
  data: 1,
  ack: 2,
  ping: 3,
  pong: 4,
  resume: 5,
  bind: 6,
  datagram: 7,
  bye: 8,
  offer: 9,
  answer: 10,
  candidate: 11,
} as const
const FLAG = { first: 1, last: 2, text: 4, held: 8 } as const
const DATA_PAYLOAD_BYTES = 16_368
const INCARNATION = 1
const OWN_EPOCH = 2
const FLUSH_MS = 50
/** The same peer id soon after: what it is told of its place is part of the test. */
const RECONNECT_MS = 100
const CREDIT_BYTES = 1_048_576
const FRAME_COST_BYTES = 64
const NOTHING = Buffer.alloc(0)

/** How a frame travels. */
type Way = 'relay' | 'direct'

interface Message {
  readonly data: string | Buffer
  readonly costBytes: number
  /** Of its first frame. */
  readonly seq: number
}

interface Other {
  readonly peerId: Buffer
  readonly secret: Buffer
  readonly salt: Buffer
  counter: number
  epoch: number
  /** The next number to be given. */
  seq: number
  readonly unacknowledged: Frame[]
  expected: number
  readonly early: Map<number, Frame>
  fragments: Frame[]
}

interface RoomMessage {
  readonly type: string
  readonly peer?: { readonly announcement: string }
  readonly peers?: readonly { readonly announcement: string }[]
}

interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly seq: number
  readonly payload: Buffer
}

interface Connection {
  readonly pc: RTCPeerConnection
  /** Channel 0. */
  readonly frames: RTCDataChannel
  /** Channel 1. */
  readonly probes: RTCDataChannel
  readonly attempt: number
  readonly fingerprints: Buffer
  readonly answer: Buffer
}

export class SecondClient {
  readonly messages: (string | Buffer)[] = []
  readonly datagrams: (string | Buffer)[] = []
  readonly control: RoomMessage[] = []
  /** True once the other side's BIND is proved and ours sent; then data goes over the channel. */
  isDirect = false
  /** The application at the other side has had every message before this sequence number. */
  deliveredSeq = 0
  /** How often the other side asked where we are. */
  resumesHeard = 0
  /** The other side said goodbye, and everything before has arrived. */
  hasHeardBye = false
  readonly #identity = generateKeyPairSync('ed25519')
  readonly #session = generateKeyPairSync('x25519')
  readonly #url: URL
  readonly #network: Buffer
  readonly #core: Buffer
  readonly #announcement: Buffer
  #socket: WebSocket
  #ticketMs = 0
  #hasLeft = false
  #other: Other | undefined
  #connection: Connection | undefined
  #isBindProved = false
  #isBindSent = false
  /** What came before the proof: not read until then. */
  readonly #beforeBind: Buffer[] = []
  #byeSeq = Infinity
  #isHolding = false
  readonly #waiting: Message[] = []

  constructor(roomUrl: string, name: string) {
    this.#url = new URL(roomUrl)
    const network = this.#url.pathname.slice('/n/'.length)
    this.#network = sha256('edge-net/genesis/1\0', u(1, 0), sized(1, network), u(1, 0))
    this.#core = Buffer.concat([raw(this.#identity.publicKey), raw(this.#session.publicKey), this.#network])
    const now = Date.now()
    // Version, core, rank 0, rtc 1, issued, expires, name, no capabilities, no chain.
    const about = [
      u(1, 1),
      this.#core,
      u(1, 0),
      u(1, 1),
      u(6, now),
      u(6, now + 3_600_000),
      sized(1, name),
      u(1, 0),
      u(2, 0),
    ]
    this.#announcement = this.#signed('edge-net/announcement/1\0', ...about)
    this.#socket = this.#connect()
  }

  #connect(): WebSocket {
    const { host, origin, pathname } = this.#url
    this.#ticketMs = Math.max(Date.now(), this.#ticketMs + 1)
    const about = [sized(2, this.#announcement), u(1, 1), u(6, this.#ticketMs), sized(1, host)]
    const ticket = this.#signed('edge-net/ticket/1\0', ...about)
    const socket = new WebSocket(origin.replace('http', 'ws') + pathname, ['edge-net.1', ticket.toString('base64url')])
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#controlMessage(data)
      else this.#envelope(Buffer.from(data))
    })
    return socket
  }

  /** Loses the socket without a word, and comes back on another one. */
  async changeSocket(): Promise<void> {
    this.#socket.close()
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
    this.#socket = this.#connect()
  }

  get peerId(): string {
    return peerIdOf(this.#core).toString('base64url')
  }

  send(message: string | Buffer, stream = 0): void {
    const other = this.#met()
    const bytes = Buffer.from(message as string)
    const textFlag = typeof message === 'string' ? FLAG.text : 0
    for (let at = 0; at < bytes.length; at += DATA_PAYLOAD_BYTES) {
      const isLast = at + DATA_PAYLOAD_BYTES >= bytes.length
      const flags = textFlag | (at === 0 ? FLAG.first : 0) | (isLast ? FLAG.last : 0)
      const payload = bytes.subarray(at, at + DATA_PAYLOAD_BYTES)
      const frame = { type: TYPE.data, flags, stream, seq: other.seq++, payload }
      other.unacknowledged.push(frame)
      this.#transmit(frame)
    }
  }

  /** How many sequence numbers have been given, and how many of them are not acknowledged. */
  get sent(): { readonly seq: number; readonly unacknowledged: number } {
    const { seq, unacknowledged } = this.#met()
    return { seq, unacknowledged: unacknowledged.length }
  }

  datagram(text: string): void {
    this.#transmit({ type: TYPE.datagram, flags: FLAG.text, stream: 0, seq: 0, payload: Buffer.from(text) })
  }

  /** The application takes no messages, or takes them again. */
  hold(isHolding: boolean): void {
    this.#isHolding = isHolding
    if (isHolding) return
    this.messages.push(...this.#waiting.splice(0).map(({ data }) => data))
    this.#acknowledge()
  }

  /** Says goodbye to the peer, and nothing to the room. */
  bye(): void {
    const frame = { type: TYPE.bye, flags: 0, stream: 0, seq: this.#met().seq, payload: NOTHING }
    this.#transmit(frame, 'relay')
    if (this.isDirect) this.#transmit(frame, 'direct')
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return
    this.#hasLeft = true
    if (this.#other) this.bye()
    // Closing a connection discards what its channels have queued.
    if (this.isDirect) await new Promise((resolve) => setTimeout(resolve, FLUSH_MS))
    this.#socket.send('{"type":"bye"}')
    this.#socket.close(1000)
    this.#connection?.pc.close()
  }

  #signed(label: string, ...parts: Buffer[]): Buffer {
    const body = Buffer.concat(parts)
    return Buffer.concat([body, sign(null, Buffer.concat([Buffer.from(label), body]), this.#identity.privateKey)])
  }

  // ---- the room ----------------------------------------------------------------------------------------------------

  #controlMessage(text: string): void {
    if (text === 'pong') return
    const message = JSON.parse(text) as RoomMessage
    this.control.push(message)
    // Whatever was under way when the socket was lost may be lost with it.
    if (message.type === 'welcome' && this.#other) this.#resume()
    for (const { announcement } of [...(message.peers ?? []), ...(message.peer ? [message.peer] : [])]) {
      this.#meet(Buffer.from(announcement, 'base64url'))
    }
  }

  #envelope(bytes: Buffer): void {
    const kind = bytes[0] ?? 0
    let sealed = bytes.subarray(18)
    if (kind === KIND.who) return this.#introduce()
    if (kind === KIND.intro) {
      const length = sealed.readUInt16BE()
      this.#meet(sealed.subarray(2, 2 + length))
      sealed = sealed.subarray(2 + length)
    }
    this.#received(this.#open(kind, sealed), 'relay')
  }

  // ---- keys and sealing --------------------------------------------------------------------------------------------

  /** Trusts the announcement: that others refuse a wrong one is tested elsewhere. */
  #meet(announcement: Buffer): void {
    if (this.#other) return
    const core = announcement.subarray(1, 97)
    const [mine, theirs] = [peerIdOf(this.#core), peerIdOf(core)]
    const [low, high] = mine.compare(theirs) < 0 ? [this.#core, core] : [core, this.#core]
    const key = { kty: 'OKP', crv: 'X25519', x: core.subarray(32, 64).toString('base64url') }
    const publicKey = createPublicKey({ key, format: 'jwk' })
    this.#other = {
      peerId: theirs,
      secret: diffieHellman({ privateKey: this.#session.privateKey, publicKey }),
      salt: sha256('edge-net/pair/1\0', low, high),
      counter: 0,
      epoch: 0,
      seq: 0,
      unacknowledged: [],
      expected: 0,
      early: new Map(),
      fragments: [],
    }
    this.#introduce()
  }

  #met(): Other {
    if (!this.#other) throw new Error('nobody has been met')
    return this.#other
  }

  #key(label: string, ...parts: Buffer[]): Buffer {
    const { secret, salt } = this.#met()
    return Buffer.from(hkdfSync('sha256', secret, salt, Buffer.concat([Buffer.from(label), ...parts]), 32))
  }

  #cipher(kind: number, from: Buffer, to: Buffer, incarnation: number, counter: number) {
    const generation = Math.floor(counter / 2 ** 20)
    return {
      key: this.#key('edge-net/seal/1\0', from, to, u(4, incarnation), u(4, generation)),
      nonce: Buffer.concat([u(4, 0), u(8, counter)]),
      bound: Buffer.concat([this.#network, u(1, kind), from, to, u(4, incarnation), u(8, counter)]),
    }
  }

  #introduce(): void {
    this.#seal(KIND.intro, this.#encode({ type: TYPE.ack, flags: 0, stream: 0, seq: 0, payload: NOTHING }))
  }

  #seal(kind: number, frame: Buffer): void {
    const other = this.#met()
    const counter = other.counter++
    const { key, nonce, bound } = this.#cipher(kind, peerIdOf(this.#core), other.peerId, INCARNATION, counter)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound)
    const ciphertext = Buffer.concat([cipher.update(frame), cipher.final(), cipher.getAuthTag()])
    const sealed = Buffer.concat([u(4, INCARNATION), u(8, counter), ciphertext])
    const body = kind === KIND.intro ? Buffer.concat([sized(2, this.#announcement), sealed]) : sealed
    this.#socket.send(Buffer.concat([u(1, kind), u(1, 0), other.peerId, body]))
  }

  #open(kind: number, sealed: Buffer): Buffer {
    const incarnation = sealed.readUInt32BE()
    const counter = Number(sealed.readBigUInt64BE(4))
    const { key, nonce, bound } = this.#cipher(kind, this.#met().peerId, peerIdOf(this.#core), incarnation, counter)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(bound).setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  }

  // ---- frames ------------------------------------------------------------------------------------------------------

  #encode({ type, flags, stream, seq, payload }: Frame): Buffer {
    const { expected, epoch, fragments } = this.#met()
    const heldBytes = [...fragments.map(costOf), ...this.#waiting.map(({ costBytes }) => costBytes)]
    const creditKiB = Math.max(0, CREDIT_BYTES - heldBytes.reduce((sum, bytes) => sum + bytes, 0)) >> 10
    const heldFlag = this.#waiting.length > 0 ? FLAG.held : 0
    const header = [
      u(1, type),
      u(1, flags | heldFlag),
      u(2, stream),
      u(4, seq),
      u(4, expected),
      u(2, creditKiB),
      u(1, OWN_EPOCH),
      u(1, epoch),
    ]
    return Buffer.concat([...header, payload])
  }

  #transmit(frame: Frame, way: Way = this.isDirect ? 'direct' : 'relay'): void {
    const bytes = this.#encode(frame)
    const { type } = frame
    if (way === 'direct') {
      const isProbe = type === TYPE.ack || type === TYPE.ping || type === TYPE.pong || type === TYPE.datagram
      this.#connection?.[isProbe ? 'probes' : 'frames'].send(Uint8Array.from(bytes))
    } else this.#seal(type === TYPE.data || type === TYPE.datagram ? KIND.relay : KIND.signal, bytes)
  }

  #acknowledge(way?: Way): void {
    const [first] = this.#waiting
    this.#transmit({ type: TYPE.ack, flags: 0, stream: 0, seq: 0, payload: first ? u(4, first.seq) : NOTHING }, way)
  }

  #resume(): void {
    this.#transmit({ type: TYPE.resume, flags: 0, stream: 0, seq: 0, payload: NOTHING }, 'relay')
    this.#sendAgain()
  }

  #sendAgain(): void {
    if (!this.isDirect) for (const frame of this.#met().unacknowledged) this.#transmit(frame)
  }

  #received(bytes: Buffer, way: Way): void {
    const other = this.#met()
    const forEpoch = bytes[15] ?? 0
    if (forEpoch !== 0 && forEpoch !== OWN_EPOCH) return
    other.epoch = bytes[14] ?? 0
    const frame: Frame = {
      type: bytes[0] ?? 0,
      flags: bytes[1] ?? 0,
      stream: bytes.readUInt16BE(2),
      seq: bytes.readUInt32BE(4),
      payload: bytes.subarray(16),
    }
    this.#acknowledged(other, frame, bytes.readUInt32BE(8))
    const { type, payload, seq, flags } = frame
    if (type === TYPE.data) this.#data(other, frame, way)
    if (type === TYPE.ping) this.#transmit({ ...frame, type: TYPE.pong, flags: 0 }, way)
    if (type === TYPE.datagram) this.datagrams.push(flags & FLAG.text ? payload.toString() : payload)
    if (type === TYPE.bye) this.#byeSeq = seq
    if (type === TYPE.resume) {
      this.resumesHeard++
      this.#acknowledge(way)
      this.#sendAgain()
    }
    if (type === TYPE.offer) void this.#answer(payload)
    if (type === TYPE.candidate && payload.readUInt32BE() === this.#connection?.attempt) {
      this.#addCandidates(payload.subarray(4))
    }
    if (!this.hasHeardBye && other.expected >= this.#byeSeq) {
      this.hasHeardBye = true
      this.#acknowledge(way)
    }
  }

  #acknowledged(other: Other, { type, flags, payload }: Frame, ack: number): void {
    while (other.unacknowledged[0] && other.unacknowledged[0].seq < ack) other.unacknowledged.shift()
    const isHeld = (flags & FLAG.held) !== 0
    if (isHeld && type !== TYPE.ack) return
    this.deliveredSeq = Math.max(this.deliveredSeq, isHeld ? payload.readUInt32BE() : ack)
  }

  #data(other: Other, frame: Frame, way: Way): void {
    if (frame.seq >= other.expected) other.early.set(frame.seq, frame)
    let next: Frame | undefined
    while ((next = other.early.get(other.expected))) {
      other.early.delete(other.expected++)
      other.fragments.push(next)
      if (next.flags & FLAG.last) this.#deliver(other.fragments.splice(0))
    }
    this.#acknowledge(way)
  }

  #deliver(fragments: Frame[]): void {
    const [first] = fragments
    // Nobody here takes other channels: dropped.
    if (!first || first.stream !== 0) return
    const bytes = Buffer.concat(fragments.map(({ payload }) => payload))
    const data = first.flags & FLAG.text ? bytes.toString() : bytes
    const costBytes = fragments.reduce((sum, frame) => sum + costOf(frame), 0)
    if (this.#isHolding) this.#waiting.push({ data, costBytes, seq: first.seq })
    else this.messages.push(data)
  }

  // ---- the direct path ---------------------------------------------------------------------------------------------

  async #answer(payload: Buffer): Promise<void> {
    const attempt = payload.readUInt32BE()
    if (this.#connection?.attempt === attempt) return this.#signal(TYPE.answer, this.#connection.answer)
    if (this.#connection) return
    const setup = ['actpass', 'active', 'passive'][payload[4] ?? 0] ?? ''
    const maxBytes = payload.readUInt32BE(5)
    const offered = payload.subarray(9, 41)
    const [ufrag, afterUfrag] = takeSized(1, payload.subarray(41))
    const [password, candidates] = takeSized(1, afterUfrag)
    const pc = new NodePeerConnection() as unknown as RTCPeerConnection
    const frames = pc.createDataChannel('', { negotiated: true, id: 0 })
    const probes = pc.createDataChannel('', { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 })
    frames.binaryType = probes.binaryType = 'arraybuffer'
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (!candidate?.candidate) return
      const line = sized(2, candidate.candidate.replace(/^a=/, ''))
      this.#signal(TYPE.candidate, Buffer.concat([u(4, attempt), u(1, 1), line]))
    })
    const hex = offered
      .toString('hex')
      .toUpperCase()
      .replaceAll(/..(?=.)/g, '$&:')
    await pc.setRemoteDescription({
      type: 'offer',
      sdp: sdp(ufrag.toString(), password.toString(), hex, setup, maxBytes),
    })
    const answer = await pc.createAnswer()
    await pc.setLocalDescription(answer)
    const attribute = (name: string) =>
      new RegExp(`^a=${name}:(.*?)\\s*$`, 'im').exec(pc.localDescription?.sdp ?? '')?.[1] ?? ''
    const answered = Buffer.from(
      attribute('fingerprint')
        .replace(/^sha-256 /i, '')
        .replaceAll(':', ''),
      'hex',
    )
    const mySetup = ['actpass', 'active', 'passive'].indexOf(attribute('setup'))
    const fields = [u(4, attempt), u(1, mySetup), u(4, Number(attribute('max-message-size'))), answered]
    const description = [...fields, sized(1, attribute('ice-ufrag')), sized(1, attribute('ice-pwd')), u(1, 0)]
    const encoded = Buffer.concat(description)
    const fingerprints = Buffer.concat([offered, answered])
    this.#connection = { pc, frames, probes, attempt, fingerprints, answer: encoded }
    this.#signal(TYPE.answer, encoded)
    this.#addCandidates(candidates)
    frames.addEventListener('open', () => {
      frames.send(Uint8Array.from(this.#bind(0)))
      this.#isBindSent = true
      this.#openIfBound()
    })
    for (const channel of [frames, probes]) {
      channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => this.#onChannel(Buffer.from(data)))
    }
  }

  #bind(role: 0 | 1): Buffer {
    const { attempt = 0, fingerprints = Buffer.alloc(0) } = this.#connection ?? {}
    const mac = createHmac('sha256', this.#key('edge-net/bind/1\0'))
    const proof = mac.update(Buffer.concat([u(4, attempt), u(1, role), fingerprints])).digest()
    return this.#encode({
      type: TYPE.bind,
      flags: 0,
      stream: 0,
      seq: 0,
      payload: Buffer.concat([u(4, attempt), proof]),
    })
  }

  #signal(type: number, payload: Buffer): void {
    this.#transmit({ type, flags: 0, stream: 0, seq: 0, payload }, 'relay')
  }

  #onChannel(bytes: Buffer): void {
    if (bytes[0] === TYPE.bind) {
      if (!bytes.subarray(16).equals(this.#bind(1).subarray(16))) return
      this.#isBindProved = true
      const pong = this.#encode({ type: TYPE.pong, flags: 0, stream: 0, seq: 0, payload: NOTHING })
      this.#connection?.frames.send(Uint8Array.from(pong))
      this.#openIfBound()
    } else if (this.isDirect) this.#received(bytes, 'direct')
    else this.#beforeBind.push(bytes)
  }

  #openIfBound(): void {
    this.isDirect = this.#isBindProved && this.#isBindSent
    if (this.isDirect) for (const bytes of this.#beforeBind.splice(0)) this.#received(bytes, 'direct')
  }

  #addCandidates(list: Buffer): void {
    let rest = list.subarray(1)
    for (let left = list[0] ?? 0; left > 0; left--) {
      const [line, after] = takeSized(2, rest)
      rest = after
      // An address that this machine cannot use is none of the test's business.
      this.#connection?.pc.addIceCandidate({ candidate: line.toString(), sdpMid: '0' }).catch(() => undefined)
    }
  }
}

function costOf({ payload }: Frame): number {
  return payload.length + FRAME_COST_BYTES
}

function u(byteLength: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes.subarray(8 - byteLength)
}

function sized(lengthBytes: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([u(lengthBytes, bytes.length), bytes])
}

function takeSized(lengthBytes: number, bytes: Buffer): [Buffer, Buffer] {
  const end = lengthBytes + bytes.readUIntBE(0, lengthBytes)
  return [bytes.subarray(lengthBytes, end), bytes.subarray(end)]
}

function sha256(label: string, ...parts: Buffer[]): Buffer {
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from(label), ...parts]))
    .digest()
}

function peerIdOf(core: Buffer): Buffer {
  return sha256('edge-net/peer/1', core).subarray(0, 16)
}

/** The 32 bytes of a public key: the last ones of its DER. */
function raw(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32)
}

function sdp(ufrag: string, password: string, fingerprint: string, setup: string, maxBytes: number): string {
  return `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:${ufrag}
a=ice-pwd:${password}
a=ice-options:trickle
a=fingerprint:sha-256 ${fingerprint}
a=setup:${setup}
a=mid:0
a=sctp-port:5000
a=max-message-size:${maxBytes}
`.replaceAll('\n', '\r\n')
}
