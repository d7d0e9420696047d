/** The doctor's round: one check after the other, each told as soon as it is known. */
import type { IceServer } from '../../../protocol/http.ts'
import type { ExitCode } from '../exit.ts'
import { conclusionOf } from './conclusion.ts'
import { checkDirect } from './direct.ts'
import { finding, type CheckName, type Finding } from './finding.ts'
import { checkGun, relaysOf } from './gun.ts'
import { checkHttp } from './http.ts'
import { offeredIceServers } from './ice-servers.ts'
import { checkMembership } from './membership.ts'
import { checkPeers } from './peers.ts'
import { checkRelay } from './relay.ts'
import type { DoctorEvent } from './report.ts'
import { isFounded } from '../membership.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { Sessions } from './sessions.ts'
import { checkStun } from './stun.ts'
import { serverUrls, type ServerUrl } from './stun/server-url.ts'
import { checkTurn } from './turn.ts'
import { checkWebSocket } from './websocket.ts'

export interface DoctorOptions {
  /** Instead of what the host offers. */
  readonly iceServers?: readonly IceServer[]
  /** The same, of Gun; WebSocket URLs. */
  readonly gunRelays?: readonly string[]
  /** Where the identity is that may be a member. */
  readonly folder: string
}

/**
 * Examines what works from here to a room.
 *
 * @throws EdgeNetError `invalid-argument` for what is no room URL, `aborted` when told to end
 */
export async function examine(
  roomUrl: string,
  options: DoctorOptions,
  tell: (event: DoctorEvent) => void,
  ended: AbortSignal,
): Promise<ExitCode> {
  const sessions = new Sessions(roomUrl, options, ended)
  const findings: Finding[] = []
  const check = async (name: CheckName, look: () => Promise<Finding>): Promise<Finding> => {
    ended.throwIfAborted()
    tell({ event: 'checking', check: name })
    const startedMs = performance.now()
    const found = await unlessAborted(look(), ended)
    findings.push(found)
    tell({ event: 'finding', ...found, tookMs: Math.round(performance.now() - startedMs) })
    return found
  }

  const described = await check('http', () => checkHttp(sessions.room))
  const belonging = isFounded(roomUrl) ? await check('membership', () => checkMembership(sessions)) : undefined
  const mayEnter = belonging?.verdict !== 'failed'
  const entered = await check('websocket', () =>
    mayEnter ? checkWebSocket(sessions) : Promise.resolve(finding('websocket', 'skipped', NO_MEMBER)),
  )
  const isIn = entered.verdict === 'ok'
  const others = Number(entered.facts['total'] ?? 1) - 1
  const inRoom = (name: CheckName, look: () => Promise<Finding>) =>
    check(name, isIn ? look : () => Promise.resolve(finding(name, 'skipped', NOT_IN)))
  await inRoom('relay', () => checkRelay(sessions, others))

  const offered = options.iceServers ?? (mayEnter ? await offeredIceServers(sessions, ended) : undefined)
  const servers = offered && serverUrls(offered)
  const turnIsOffered = servers?.some(({ scheme }) => scheme === 'turn') ?? false
  const ofServers = (name: CheckName, look: (all: readonly ServerUrl[]) => Promise<Finding>) =>
    check(name, servers ? () => look(servers) : () => Promise.resolve(finding(name, 'skipped', NO_SERVERS)))
  await ofServers('stun', (all) => checkStun(all, turnIsOffered))
  await ofServers('turn-udp', (all) => checkTurn(all, 'udp'))
  await ofServers('turn-tcp', (all) => checkTurn(all, 'tcp'))
  await ofServers('turn-tls', (all) => checkTurn(all, 'tls'))

  await inRoom('direct', () => checkDirect(sessions, others))
  await inRoom('peers', () => checkPeers(sessions, others))
  const { gunRelays = relaysOf(described.facts['gunRelays']) } = options
  if (gunRelays.length > 0) await check('gun', () => checkGun(gunRelays, sessions.room))
  ended.throwIfAborted()
  const conclusion = conclusionOf(findings)
  tell({ event: 'conclusion', ...conclusion })
  return conclusion.exitCode
}

const NO_MEMBER = 'not tried: the room lets members in'
const NOT_IN = 'not tried: the room did not let us in'
const NO_SERVERS = 'not tried: the host does not say which servers there are'
