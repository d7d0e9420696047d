/**
 * STUN messages (RFC 8489) with the attributes that asking for an address (RFC 5780) and for a relayed one (RFC 8656)
 * takes. Written to be asked with, not to be a server.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isIPv6 } from 'node:net'

export const METHOD = { binding: 0x001, allocate: 0x003, refresh: 0x004 } as const
export type Method = (typeof METHOD)[keyof typeof METHOD]

export const ATTRIBUTE = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  software: 0x8022,
  otherAddress: 0x802c,
} as const

const MAGIC_COOKIE = 0x2112a442
export const HEADER_BYTES = 20
const TRANSACTION_BYTES = 12
const INTEGRITY_BYTES = 20
const FAMILY_IPV6 = 2

/** An address and a port, as sockets name them. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

export type Attribute = readonly [type: number, value: Buffer]

export interface Request {
  readonly bytes: Buffer
  /** Twelve random bytes, as hex: they tie an answer to its question. */
  readonly transaction: string
}

export interface Answer {
  readonly isSuccess: boolean
  readonly transaction: string
  readonly attributes: ReadonlyMap<number, Buffer>
  readonly bytes: Buffer
}

/**
 * @param key signs the message with MESSAGE-INTEGRITY, when there is one: see {@link longTermKey}
 */
export function encodeRequest(method: Method, attributes: readonly Attribute[] = [], key?: Buffer): Request {
  const transaction = randomBytes(TRANSACTION_BYTES)
  const header = Buffer.alloc(HEADER_BYTES)
  // The methods used here lie below 0x10, where the class bits of a request leave them as they are.
  header.writeUInt16BE(method, 0)
  header.writeUInt32BE(MAGIC_COOKIE, 4)
  transaction.copy(header, 8)
  const body = Buffer.concat(attributes.map(encodeAttribute))
  // The length that is signed already counts the signature (RFC 8489 section 14.5).
  header.writeUInt16BE(body.length + (key ? 4 + INTEGRITY_BYTES : 0), 2)
  const unsigned = Buffer.concat([header, body])
  const bytes = key
    ? Buffer.concat([unsigned, encodeAttribute([ATTRIBUTE.messageIntegrity, hmac(key, unsigned)])])
    : unsigned
  return { bytes, transaction: transaction.toString('hex') }
}

/** An answer to a request of ours, or `undefined` for anything else. */
export function decodeAnswer(bytes: Buffer): Answer | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(4) !== MAGIC_COOKIE) return undefined
  const type = bytes.readUInt16BE(0)
  const length = bytes.readUInt16BE(2)
  const isAnswer = (type & 0xc100) === 0x0100
  if (!isAnswer || length % 4 !== 0 || bytes.length !== HEADER_BYTES + length) return undefined
  const attributes = new Map<number, Buffer>()
  for (let at = HEADER_BYTES; at + 4 <= bytes.length;) {
    const attribute = bytes.readUInt16BE(at)
    const size = bytes.readUInt16BE(at + 2)
    if (at + 4 + size > bytes.length) return undefined
    // The first of each kind counts (RFC 8489 section 14).
    if (!attributes.has(attribute)) attributes.set(attribute, bytes.subarray(at + 4, at + 4 + size))
    at += 4 + padded(size)
  }
  const transaction = bytes.subarray(8, HEADER_BYTES).toString('hex')
  return { isSuccess: (type & 0x0110) === 0x0100, transaction, attributes, bytes }
}

/** How long the message is that these bytes begin with, by its header; for transports that are streams. */
export function messageLength(start: Buffer): number | undefined {
  return start.length < 4 ? undefined : HEADER_BYTES + start.readUInt16BE(2)
}

export function textAttribute(type: number, text: string): Attribute {
  return [type, Buffer.from(text, 'utf8')]
}

/** The address in an attribute, whether it is XORed (those that NATs must not touch) or plain. */
export function endpointOf({ attributes, bytes }: Answer, type: number): Endpoint | undefined {
  const value = attributes.get(type)
  if (!value || value.length < 8) return undefined
  const isXored = type === ATTRIBUTE.xorMappedAddress || type === ATTRIBUTE.xorRelayedAddress
  // Cookie and transaction id are the mask.
  const mask = isXored ? bytes.subarray(4, HEADER_BYTES) : Buffer.alloc(16)
  const port = value.readUInt16BE(2) ^ mask.readUInt16BE(0)
  const address = Buffer.from(value.subarray(4)).map((byte, i) => byte ^ (mask[i] ?? 0))
  if (value[1] !== FAMILY_IPV6) return { address: [...address.subarray(0, 4)].join('.'), port }
  if (address.length < 16) return undefined
  const groups = Array.from({ length: 8 }, (_, i) =>
    Buffer.from(address)
      .readUInt16BE(i * 2)
      .toString(16),
  )
  // The URL parser knows the canonical short form.
  const canonical = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  return { address: canonical, port }
}

export interface StunError {
  readonly code: number
  readonly reason: string
}

export function errorOf({ attributes }: Answer): StunError | undefined {
  const value = attributes.get(ATTRIBUTE.errorCode)
  if (!value || value.length < 4) return undefined
  return { code: (value.readUInt8(2) & 7) * 100 + value.readUInt8(3), reason: value.subarray(4).toString('utf8') }
}

export function textOf({ attributes }: Answer, type: number): string {
  return attributes.get(type)?.toString('utf8') ?? ''
}

/** The key of the long-term credential mechanism (RFC 8489 section 9.2.2), which fixes MD5. */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest()
}

/** Whether the answer was signed with the key: by a server that knows the password. */
export function isSignedWith({ attributes, bytes }: Answer, key: Buffer): boolean {
  const signature = attributes.get(ATTRIBUTE.messageIntegrity)
  if (!signature || signature.length !== INTEGRITY_BYTES) return false
  const end = signature.byteOffset - bytes.byteOffset + INTEGRITY_BYTES
  const signed = Buffer.from(bytes.subarray(0, end - 4 - INTEGRITY_BYTES))
  // As if the message ended with the signature.
  signed.writeUInt16BE(end - HEADER_BYTES, 2)
  return timingSafeEqual(signature, hmac(key, signed))
}

/** `host:port`; an IPv6 address stands in brackets. */
export function endpointText({ address, port }: Endpoint): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length))
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(value.length, 2)
  value.copy(bytes, 4)
  return bytes
}

function padded(length: number): number {
  return (length + 3) & ~3
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac('sha1', key).update(message).digest()
}
