/**
 * A peer made by hand: real keys, real announcements, the real seal; so a test can say anything in its name, or in
 * somebody else's. It does nothing by itself.
 */
import { signAnnouncement, type Profile } from '../../protocol/announcement.ts'
import { toBase64Url, utf8, type Bytes } from '../../protocol/bytes.ts'
import { encodeIntro, type Envelope } from '../../protocol/envelope.ts'
import { encodeFrame, epochByte, FLAG_FIRST, FLAG_LAST, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import { networkIdOfKey } from '../../protocol/network.ts'
import { peerIdOf, type Core, type PeerId } from '../../protocol/peer-id.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import { PairKeys, type Party } from '../../client/identity/pair-keys.ts'
import { Opener, Sealer } from '../../client/identity/seal.ts'
import type { Member } from './scripted-room.ts'

export class ScriptedPeer implements Member {
  readonly core: Core
  readonly peerId: PeerId
  readonly identity: Identity
  readonly privateKey: CryptoKey
  announcement: Bytes = new Uint8Array(0)
  /** Whatever the room handed down to it. */
  readonly envelopes: Envelope[] = []

  private constructor(core: Core, peerId: PeerId, identity: Identity, privateKey: CryptoKey) {
    this.core = core
    this.peerId = peerId
    this.identity = identity
    this.privateKey = privateKey
  }

  /** @param session a session key to claim instead of its own */
  static async create(
    network: string,
    { session, identity: own }: { session?: Bytes; identity?: Identity } = {},
  ): Promise<ScriptedPeer> {
    const identity = own ?? (await createIdentity())
    const keys = await crypto.subtle.generateKey('X25519', false, ['deriveBits'])
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
    const core = { identity: identity.publicKey, session: session ?? publicKey, network: await networkIdOfKey(network) }
    const peer = new ScriptedPeer(core, await peerIdOf(core), identity, keys.privateKey)
    peer.announcement = await peer.announce()
    return peer
  }

  get siteId(): string {
    return toBase64Url(this.core.identity)
  }

  /** An announcement with changes to its profile or core, signed by this peer unless told otherwise. */
  announce(change: Partial<Profile> = {}, { core = this.core, signer = this.identity } = {}): Promise<Bytes> {
    const issuedAtMs = Date.now()
    const usual = { rank: 0, rtc: false, name: '', capabilities: [], chain: new Uint8Array(0) }
    const profile = { ...usual, issuedAtMs, expiresAtMs: issuedAtMs + 3_600_000, ...change }
    return signAnnouncement(core, profile, (body) => signer.sign(body))
  }

  receive(envelope: Envelope): void {
    this.envelopes.push(envelope)
  }

  /** This peer's end of a link with another. `network` is what it binds its envelopes to. */
  async linkTo(other: Party, { incarnation = 1, network = this.core.network } = {}): Promise<ScriptedLink> {
    const keys = await PairKeys.agree(this, this.privateKey, other)
    if (!keys) throw new Error('no secret can be shared with that peer')
    return new ScriptedLink(this, other, keys, incarnation, network)
  }
}

/** One end of a link, whose frames are made one by one. */
export class ScriptedLink {
  readonly incarnation: number
  readonly #peer: ScriptedPeer
  readonly #sealer: Sealer
  readonly #opener: Opener
  #seq = 0

  constructor(peer: ScriptedPeer, other: Party, keys: PairKeys, incarnation: number, network: Bytes) {
    this.incarnation = incarnation
    this.#peer = peer
    this.#sealer = new Sealer(keys, { network, from: peer.peerId, to: other.peerId }, incarnation)
    this.#opener = new Opener(keys, { network, from: other.peerId, to: peer.peerId }, 0)
  }

  /** A frame of this link; fields may be anything. */
  frame(change: Partial<Frame>): Bytes {
    const epoch = epochByte(this.incarnation) << 8
    const usual = { type: 'ack', flags: 0, stream: 0, seq: 0, ack: 0, creditKiB: 1_024, payload: new Uint8Array(0) }
    return encodeFrame({ ...(usual as Omit<Frame, 'epoch'>), epoch, ...change })
  }

  /** The next message of this link, whole in one frame. */
  text(text: string): Bytes {
    const flags = FLAG_FIRST | FLAG_LAST | FLAG_TEXT
    return this.frame({ type: 'data', flags, seq: this.#seq++, payload: utf8(text) })
  }

  seal(kind: Envelope['kind'], frame: Bytes): Promise<Bytes> {
    return this.#sealer.seal(kind, frame)
  }

  /** The body of an intro with this peer's announcement. */
  async intro(frame: Bytes = this.frame({}), announcement: Bytes = this.#peer.announcement): Promise<Bytes> {
    return encodeIntro(announcement, await this.seal('intro', frame))
  }

  /** What the other side sealed, or why it does not open. */
  open({ kind, body }: Envelope): ReturnType<Opener['open']> {
    return this.#opener.open(kind, body)
  }
}
