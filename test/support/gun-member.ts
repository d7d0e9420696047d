/** A member with a Gun carrier, and what it was told. */
import { gunCarrier, type GunCarrier } from '../../client/carrier/gun/index.ts'
import { createIdentity } from '../../client/identity/identity.ts'
import { signAnnouncement } from '../../protocol/announcement.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import type { Envelope } from '../../protocol/envelope.ts'
import { peerIdOf, type PeerId } from '../../protocol/peer-id.ts'

export interface GunMember {
  readonly carrier: GunCarrier
  readonly peerId: PeerId
  readonly announcement: Bytes
  readonly met: Bytes[]
  readonly envelopes: Envelope[]
  readonly states: string[]
}

/** @param aheadMs by how much its clock is wrong */
export async function gunMember(
  network: Bytes,
  relays: readonly string[],
  name: string,
  aheadMs = 0,
): Promise<GunMember> {
  const identity = await createIdentity()
  const keys = await crypto.subtle.generateKey('X25519', false, ['deriveBits'])
  const session = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  const core = { identity: identity.publicKey, session, network }
  const times = { issuedAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 }
  const profile = { rank: 0, rtc: false, name, capabilities: [], chain: new Uint8Array(0), ...times }
  const announcement = await signAnnouncement(core, profile, (message) => identity.sign(message))
  const peerId = await peerIdOf(core)
  const carrier = gunCarrier({ relays })
  const member: GunMember = { carrier, peerId, announcement, met: [], envelopes: [], states: [] }
  carrier.start(
    { networkId: network, peerId, announcement: () => announcement, nowMs: () => Date.now() + aheadMs },
    {
      up: () => member.states.push('up'),
      down: () => member.states.push('down'),
      met: (bytes) => member.met.push(bytes),
      envelope: (envelope) => member.envelopes.push(envelope),
      unreachable: () => undefined,
      ready: () => undefined,
    },
  )
  carrier.seek(true)
  return member
}
