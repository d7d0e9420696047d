/** Simulated ids, announcements and hashes: as distinct as real ones, and a thousand times as cheap. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { PEER_ID_BYTES } from '../../../protocol/limits.ts'
import { peerIdText, type PeerId } from '../../../protocol/peer-id.ts'

const FORGED = 0
const GENUINE = 1
/** What an announcement without certificates has on the wire; it is counted, not sent. */
export const ANNOUNCEMENT_BYTES = 230

/** The announcement of the peer with this number: its id, and that its signature holds. */
export function announcementOf(index: number, isGenuine = true): Bytes {
  const bytes = new Uint8Array(PEER_ID_BYTES + 1)
  bytes.set(mixed(index))
  bytes[PEER_ID_BYTES] = isGenuine ? GENUINE : FORGED
  return bytes
}

/** As `proveAnnouncement`: the peer id, if the signature holds. */
export function prove(announcement: Bytes): PeerId | undefined {
  if (announcement.length !== PEER_ID_BYTES + 1 || announcement[PEER_ID_BYTES] !== GENUINE) return undefined
  return peerIdText(announcement.slice(0, PEER_ID_BYTES))
}

/** Sixteen bytes that look like any others: four rounds of a mixing function (MurmurHash3's finalizer) over the number. */
function mixed(index: number): Bytes {
  const words = new DataView(new ArrayBuffer(PEER_ID_BYTES))
  for (let i = 0; i < 4; i++) words.setUint32(4 * i, mix(index * 4 + i + 1))
  return new Uint8Array(words.buffer)
}

function mix(value: number): number {
  let h = Math.imul(value, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** In the place of SHA-256: four lanes of FNV-1a with different beginnings. */
export function idOf(bytes: Bytes): Bytes {
  let [a, b, c, d] = [0x811c9dc5, 0x01000193, 0x9e3779b1, 0x85ebca6b]
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte ^ (a >>> 24), 0x01000193)
    c = Math.imul(c ^ byte ^ (b >>> 16), 0x01000193)
    d = Math.imul(d ^ byte ^ (c >>> 8), 0x01000193)
  }
  const words = new DataView(new ArrayBuffer(16))
  for (const [i, word] of [a, b, c, d].entries()) words.setUint32(4 * i, mix(word))
  return new Uint8Array(words.buffer)
}
