/**
 * Session descriptions as fields. An RTCPeerConnection for data channels alone has one m-line, and all that differs
 * between two of them fits into five fields (RFC 8841); the rest is this template.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { SETUPS, type DescriptionFields } from '../../protocol/signal.ts'

/** What RFC 8841 section 6.1 says to assume when the attribute is absent. */
const DEFAULT_MAX_MESSAGE_BYTES = 65_536

/** The fields of a description that the local engine made, and its m-line's id; `undefined` if one is missing. */
export function parseDescription(sdp: string): { fields: DescriptionFields; mid: string } | undefined {
  const attribute = (name: string) => new RegExp(`^a=${name}:(.*?)\\s*$`, 'im').exec(sdp)?.[1]
  const fingerprint = /^sha-256 ([\da-f:]{95})$/i.exec(attribute('fingerprint') ?? '')?.[1]
  const setup = SETUPS.find((known) => known === attribute('setup'))
  const ufrag = attribute('ice-ufrag')
  const password = attribute('ice-pwd')
  if (!fingerprint || !setup || !ufrag || !password) return undefined
  const maxMessageBytes = Number(attribute('max-message-size') ?? DEFAULT_MAX_MESSAGE_BYTES)
  const fields = { setup, maxMessageBytes, fingerprint: fromHex(fingerprint), ufrag, password }
  return { fields, mid: attribute('mid') ?? '0' }
}

/** A description that an engine takes, with the m-line's id that the engine knows it by. */
export function renderDescription(fields: DescriptionFields, mid: string): string {
  const lines = `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE ${mid}
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:${fields.ufrag}
a=ice-pwd:${fields.password}
a=ice-options:trickle
a=fingerprint:sha-256 ${toHex(fields.fingerprint)}
a=setup:${fields.setup}
a=mid:${mid}
a=sctp-port:5000
a=max-message-size:${fields.maxMessageBytes}
`
  return lines.replaceAll('\n', '\r\n')
}

function fromHex(text: string): Bytes {
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}

function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')
}
