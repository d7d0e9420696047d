/** What simulated members say: the number of a message, and whether it is valid; about as long as an entry of the ledger. */
import type { Bytes } from '../../../protocol/bytes.ts'

const PAYLOAD_BYTES = 200
const VALID = 1

export function payloadOf(number: number, isGenuine = true): Bytes {
  const bytes = new Uint8Array(PAYLOAD_BYTES)
  bytes[0] = isGenuine ? VALID : 0
  new DataView(bytes.buffer).setUint32(1, number)
  return bytes
}

export function isValid(payload: Bytes): boolean {
  return payload.length === PAYLOAD_BYTES && payload[0] === VALID
}

export function numberOf(payload: Bytes): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(1)
}
