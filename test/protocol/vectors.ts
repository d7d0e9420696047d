/**
 * The published test vectors, computed from the fixed keys. `node test/protocol/vectors.ts` writes vectors.json anew;
 * that it changes means that the wire has changed.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeApproval } from '../../protocol/approval.ts'
import { toBase64Url } from '../../protocol/bytes.ts'
import { encodeFrame, epochByte, FLAG_HELD } from '../../protocol/frame.ts'
import { implicitGenesis, networkIdOfName, networkIdText } from '../../protocol/network.ts'
import { coreBytes, peerIdOf } from '../../protocol/peer-id.ts'
import { boundData, encodeSealed, nonceOf } from '../../protocol/seal.ts'
import * as fixed from './fixed-keys.ts'
import * as network from './fixed-network.ts'

export const VECTORS_FILE = join(import.meta.dirname, 'vectors.json')

export async function computeVectors(): Promise<object> {
  const core = await fixed.fixedCore()
  const peerId = await peerIdOf(core)
  const header = { incarnation: 7, counter: 2 ** 32 + 1 }
  return {
    about: 'Binary values are hexadecimal unless the name says base64url. PROTOCOL.md says what they mean.',
    network: {
      name: fixed.NETWORK_NAME,
      genesis: hex(implicitGenesis(fixed.NETWORK_NAME)),
      id: hex(await networkIdOfName(fixed.NETWORK_NAME)),
      text: networkIdText(await networkIdOfName(fixed.NETWORK_NAME)),
    },
    keys: {
      identityPrivate: hex(fixed.IDENTITY_SEED),
      identityPublic: hex(core.identity),
      sessionPrivate: hex(fixed.SESSION_SEED),
      sessionPublic: hex(core.session),
    },
    peerId: { core: hex(coreBytes(core)), base64url: peerId },
    announcement: {
      profile: { ...fixed.PROFILE, chain: hex(fixed.PROFILE.chain) },
      bytes: hex(await fixed.announce()),
      base64url: toBase64Url(await fixed.announce()),
    },
    ticket: {
      host: fixed.HOST,
      issuedAtMs: fixed.ISSUED_AT_MS,
      joinBase64url: await fixed.ticket('join'),
      iceBase64url: await fixed.ticket('ice'),
    },
    seal: {
      ...header,
      nonce: hex(nonceOf(header.counter)),
      boundDataOfRelayToSelf: hex(
        boundData({ network: core.network, kind: 'relay', from: peerId, to: peerId, ...header }),
      ),
      sealedWithZeroTag: hex(encodeSealed(header, new Uint8Array(16))),
    },
    frame: hex(
      encodeFrame({
        type: 'data',
        flags: 7,
        stream: 0x0102,
        seq: 0x03040506,
        ack: 0x0708090a,
        creditKiB: 0x0b0c,
        epoch: 0x0d0e,
        payload: new Uint8Array([0x68, 0x69]),
      }),
    ),
    heldAck: hex(
      encodeFrame({
        type: 'ack',
        flags: FLAG_HELD,
        stream: 0,
        seq: 0,
        ack: 9,
        creditKiB: 1_023,
        epoch: (epochByte(7) << 8) | epochByte(254),
        payload: new Uint8Array([0, 0, 0, 5]),
      }),
    ),
    membership: await membershipVectors(),
  }
}

async function membershipVectors(): Promise<object> {
  const { privateGenesis, consortium } = network
  return {
    keys: {
      creatorPrivate: hex(fixed.IDENTITY_SEED),
      invitePrivate: hex(network.INVITE_SEED),
      memberPrivate: hex(network.MEMBER_SEED),
      approverPrivates: network.APPROVER_SEEDS.map(hex),
      memberPublic: hex(network.member.key),
      invitePublic: hex(network.inviteKeys.key),
    },
    privateGenesis: { bytes: hex(privateGenesis.bytes), id: networkIdText(privateGenesis.id) },
    consortiumGenesis: { bytes: hex(consortium.bytes), id: networkIdText(consortium.id) },
    inviteCodeBase64url: await network.inviteCode(),
    inviteChain: hex(await network.inviteChain()),
    approval: hex(encodeApproval(await network.approval(0))),
    approvalsChain: hex(await network.approvalsChain([0, 1])),
    revocations: hex((await network.revocations()).bytes),
    petitionBase64url: await network.petition(),
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

if (import.meta.main) await writeFile(VECTORS_FILE, `${JSON.stringify(await computeVectors(), null, 2)}\n`)
