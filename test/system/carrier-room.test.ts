/** The room as a carrier, with the real Worker: it passes what every carrier must. */
import { describe, it } from 'vitest'
import { carrierScenarios, type CarrierWorld, type ScenarioMember } from '../../client/carrier/acceptance.ts'
import { RoomCarrier } from '../../client/carrier/room.ts'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { signTicket } from '../../protocol/ticket.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { startService, type Service } from '../support/server.ts'

const NETWORK = 'acceptance'

async function openWorld(): Promise<CarrierWorld> {
  let service: Service | undefined = await startService({ rateLimits: 'off' })
  const { url, port } = service
  const close = async () => {
    await service?.close()
    service = undefined
  }
  return {
    open: (member) => carrierOf(url, member),
    cut: close,
    async mend() {
      service = await startService({ rateLimits: 'off', port })
    },
    litter: (network) => litter(url, network),
    close,
  }
}

type Member = Pick<ScenarioMember, 'networkName' | 'announcement' | 'sign'>

/** @param welcomed called whenever the room lets it in */
function carrierOf(url: string, member: Member, welcomed: () => void = ignore): RoomCarrier {
  const { host } = new URL(url)
  let issuedAtMs = 0
  const ticket = () => {
    // The room takes no ticket twice.
    issuedAtMs = Math.max(Date.now(), issuedAtMs + 1)
    const request = { announcement: member.announcement(), purpose: 'join', issuedAtMs, host } as const
    return signTicket(request, (message) => member.sign(message))
  }
  return new RoomCarrier(`${url.replace('http', 'ws')}/n/${member.networkName}`, ticket, {
    connecting: ignore,
    message: ({ type }) => type === 'welcome' && welcomed(),
    refused: ignore,
    failed: ignore,
    rejected: ignore,
  })
}

/** What a member of the public network, as anybody can be, says to the room. */
async function litter(url: string, network: Bytes): Promise<void> {
  const stranger = await ScriptedPeer.create(NETWORK)
  if (compareBytes(stranger.core.network, network) !== 0) throw new Error('that is another network')
  const member: Member = {
    networkName: NETWORK,
    announcement: () => stranger.announcement,
    sign: (message) => stranger.identity.sign(message),
  }
  let carrier: RoomCarrier | undefined
  await new Promise<void>((resolve) => {
    carrier = carrierOf(url, member, resolve)
    carrier.start(
      { networkId: network, peerId: stranger.peerId, announcement: member.announcement, nowMs: Date.now },
      { up: ignore, down: ignore, met: ignore, envelope: ignore, unreachable: ignore, ready: ignore },
    )
  })
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"type":"peers"}',
    '{"type":"renew","announcement":"AAAA"}',
    'x'.repeat(9_000),
  ]) {
    carrier?.send(text)
  }
  for (const [length, kind] of [
    [0, 0],
    [1, 1],
    [17, 1],
    [18, 0],
    [18, 9],
    [5_000, 1],
    [17_000, 2],
    [18, 4],
  ] as const) {
    const bytes = new Uint8Array(length).fill(7)
    if (length > 0) bytes[0] = kind
    carrier?.send(bytes)
  }
  await carrier?.close()
}

function ignore(): void {}

describe('a carrier over the room', () => {
  for (const { name, run } of carrierScenarios(openWorld)) it(name, run)
})
