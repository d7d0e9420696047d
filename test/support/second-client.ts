/**
 * Another client, written from PROTOCOL.md alone: it imports nothing of the project, so that what the document leaves out
 * or gets wrong shows. It meets one peer, talks to it over the relay, and answers its offers.
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
const TYPE = { data: 1, ack: 2, ping: 3, pong: 4, bind: 6, bye: 8, offer: 9, answer: 10, candidate: 11 } as const
const DATA_PAYLOAD_BYTES = 16_368
const INCARNATION = 1
const OWN_EPOCH = 2
const FLUSH_MS = 50

interface Other {
  readonly peerId: Buffer
  readonly secret: Buffer
  readonly salt: Buffer
  counter: number
  epoch: number
  seq: number
  expected: number
  fragments: Buffer[]
}

interface RoomMessage {
  readonly type: string
  readonly peer?: { readonly announcement: string }
  readonly peers?: readonly { readonly announcement: string }[]
}

interface Frame {
  readonly type: number
  readonly flags: number
  readonly seq: number
  readonly payload: Buffer
}

export class SecondClient {
  readonly messages: (string | Buffer)[] = []
  readonly control: RoomMessage[] = []
  /** True once both BINDs are proved; then data goes over the channel. */
  isDirect = false
  readonly #identity = generateKeyPairSync('ed25519')
  readonly #session = generateKeyPairSync('x25519')
  readonly #network: Buffer
  readonly #core: Buffer
  readonly #announcement: Buffer
  readonly #socket: WebSocket
  #other: Other | undefined
  #connection: { pc: RTCPeerConnection; frames: RTCDataChannel; attempt: number; fingerprints: Buffer } | undefined
  #isBindProved = false
  #isPonged = false

  constructor(roomUrl: string, name: string) {
    const { host, origin, pathname } = new URL(roomUrl)
    const network = pathname.slice('/n/'.length)
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
    const ticket = this.#signed('edge-net/ticket/1\0', sized(2, this.#announcement), u(1, 1), u(6, now), sized(1, host))
    this.#socket = new WebSocket(origin.replace('http', 'ws') + pathname, ['edge-net.1', ticket.toString('base64url')])
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#controlMessage(data)
      else this.#envelope(Buffer.from(data))
    })
  }

  get peerId(): string {
    return peerIdOf(this.#core).toString('base64url')
  }

  send(message: string | Buffer): void {
    const other = this.#met()
    const bytes = Buffer.from(message as string)
    const textFlag = typeof message === 'string' ? 4 : 0
    for (let at = 0; at < bytes.length; at += DATA_PAYLOAD_BYTES) {
      const isLast = at + DATA_PAYLOAD_BYTES >= bytes.length
      const flags = textFlag | (at === 0 ? 1 : 0) | (isLast ? 2 : 0)
      const frame = this.#frame(TYPE.data, bytes.subarray(at, at + DATA_PAYLOAD_BYTES), flags, other.seq++)
      if (this.isDirect) this.#connection?.frames.send(Uint8Array.from(frame))
      else this.#seal(KIND.relay, frame)
    }
  }

  async leave(): Promise<void> {
    if (this.isDirect) {
      this.#connection?.frames.send(Uint8Array.from(this.#frame(TYPE.bye)))
      // Closing a connection discards what its channels have queued.
      await new Promise((resolve) => setTimeout(resolve, FLUSH_MS))
    }
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
    this.#received(this.#open(kind, sealed))
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
      expected: 0,
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
    this.#seal(KIND.intro, this.#frame(TYPE.ack))
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

  #frame(type: number, payload: Buffer = Buffer.alloc(0), flags = 0, seq = 0): Buffer {
    const { expected, epoch } = this.#met()
    const header = [
      u(1, type),
      u(1, flags),
      u(2, 0),
      u(4, seq),
      u(4, expected),
      u(2, 1_024),
      u(1, OWN_EPOCH),
      u(1, epoch),
    ]
    return Buffer.concat([...header, payload])
  }

  #received(bytes: Buffer): void {
    const other = this.#met()
    const frame = { type: bytes[0] ?? 0, flags: bytes[1] ?? 0, seq: bytes.readUInt32BE(4), payload: bytes.subarray(16) }
    other.epoch = bytes[14] ?? 0
    if (frame.type === TYPE.data) this.#data(other, frame)
    if (frame.type === TYPE.ping) this.#seal(KIND.signal, this.#frame(TYPE.pong, frame.payload))
    if (frame.type === TYPE.offer) void this.#answer(frame.payload)
    if (frame.type === TYPE.candidate && frame.payload.readUInt32BE() === this.#connection?.attempt) {
      this.#addCandidates(frame.payload.subarray(4))
    }
  }

  #data(other: Other, { flags, seq, payload }: Frame): void {
    if (seq !== other.expected) return
    other.expected++
    other.fragments.push(payload)
    if (flags & 2) {
      const message = Buffer.concat(other.fragments.splice(0))
      this.messages.push(flags & 4 ? message.toString() : message)
    }
    this.#seal(KIND.signal, this.#frame(TYPE.ack))
  }

  // ---- the direct path ---------------------------------------------------------------------------------------------

  async #answer(payload: Buffer): Promise<void> {
    const attempt = payload.readUInt32BE()
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
      this.#seal(KIND.signal, this.#frame(TYPE.candidate, Buffer.concat([u(4, attempt), u(1, 1), line])))
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
    this.#connection = { pc, frames, attempt, fingerprints: Buffer.concat([offered, answered]) }
    const mySetup = ['actpass', 'active', 'passive'].indexOf(attribute('setup'))
    const fields = [u(4, attempt), u(1, mySetup), u(4, Number(attribute('max-message-size'))), answered]
    const description = [...fields, sized(1, attribute('ice-ufrag')), sized(1, attribute('ice-pwd')), u(1, 0)]
    this.#seal(KIND.signal, this.#frame(TYPE.answer, Buffer.concat(description)))
    this.#addCandidates(candidates)
    frames.addEventListener('open', () => frames.send(Uint8Array.from(this.#bind(0))))
    for (const channel of [frames, probes]) {
      channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => this.#onChannel(Buffer.from(data)))
    }
  }

  #bind(role: 0 | 1): Buffer {
    const { attempt = 0, fingerprints = Buffer.alloc(0) } = this.#connection ?? {}
    const mac = createHmac('sha256', this.#key('edge-net/bind/1\0'))
    const proof = mac.update(Buffer.concat([u(4, attempt), u(1, role), fingerprints])).digest()
    return this.#frame(TYPE.bind, Buffer.concat([u(4, attempt), proof]))
  }

  #onChannel(bytes: Buffer): void {
    const isBind = bytes[0] === TYPE.bind
    if (isBind && bytes.subarray(16).equals(this.#bind(1).subarray(16))) {
      this.#isBindProved = true
      this.#connection?.frames.send(Uint8Array.from(this.#frame(TYPE.pong)))
    }
    if (bytes[0] === TYPE.pong) this.#isPonged = true
    this.isDirect = this.#isBindProved && this.#isPonged
    if (this.isDirect && !isBind) this.#received(bytes)
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
