/** Members in this Node process. */
import { gunCarrier } from '../../client/carrier/gun/index.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { nodeEngine } from '../../client/node/engine.ts'
import { createIdentity, join } from '../../client/node/index.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import { makeMember, type Member } from './member.ts'

export async function memberInNode(): Promise<Member> {
  const real = await nodeEngine()
  if (!real) throw new Error('node-datachannel is missing: npm ci')
  const connections: RTCPeerConnection[] = []
  class Kept extends real.RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      connections.push(this)
    }
  }
  const rtc = { ...real, RTCPeerConnection: Kept }
  return makeMember({ createIdentity, join, createMesh, gunCarrier, openLedger, rtc, connections })
}
