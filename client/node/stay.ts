/** One stay in a room from a terminal: joins, tells what happens, sends what is typed, and leaves in good order. */
import type { Readable } from 'node:stream'
import type { Network, Peer } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import { createMesh } from '../mesh/index.ts'
import type { MemberNetwork } from '../networks/api.ts'
import { parseRoomUrl } from '../room-url.ts'
import { admitted, membershipEvent } from './admission.ts'
import { startComputer } from './computer.ts'
import { Contributing } from './contributing.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { gunOf } from './gun.ts'
import { join } from './index.ts'
import { identityOfStay, ledgerOfStay } from './identity-and-ledger.ts'
import { followLedger, ledgerTotals } from './ledger-following.ts'
import { keepMembership, keepPlainNetwork } from './membership.ts'
import { notMemberError } from './membership-words.ts'
import type { StayOptions } from './options.ts'
import { broadcastRecord, errorRecord, messageRecord, peerRecord, type CommandEvent } from './report.ts'
import { sayLines } from './spoken-lines.ts'
import { unlessAborted } from './unless-aborted.ts'
import { UsageError } from './usage-error.ts'

/** A relay that can be reached has answered by then; one that drops all packets takes the carrier longer to give up. */
const SILENT_MS = 3_000

export interface Surroundings {
  /** Lines to broadcast. */
  readonly input: Readable
  readonly tell: (event: CommandEvent) => void
  /** Calls back whenever somebody wants to know how all peers are reached. Returns a function that ends it. */
  readonly onAsked: (explainAll: () => void) => () => void
  /** Aborts when the command is told to end. */
  readonly ended: AbortSignal
}

/**
 * Stays until told to end, until the time is over, or until the room will have us no more.
 *
 * @throws EdgeNetError when joining fails, when the room refuses later on, or when what was computed cannot be recorded;
 *   UsageError when identity or folder cannot be used
 */
export async function stay(roomUrl: string, options: StayOptions, around: Surroundings): Promise<ExitCode> {
  const { tell, ended } = around
  // Nothing is made for a room that cannot be.
  parseRoomUrl(roomUrl)
  const carriers = await gunOf(options.gunRelays)
  const identity = await unlessAborted(identityOfStay(options), ended)
  const membership = await admitted(roomUrl, identity, options, tell, ended)
  const kept = await unlessAborted(ledgerOfStay(roomUrl, identity, options, membership), ended)
  const ledger = kept?.ledger
  if (kept && !kept.isWhole) tell({ event: 'error', error: errorRecord(damagedError()) })
  const network = await join(roomUrl, {
    ...options.join,
    identity,
    mesh: createMesh(),
    carriers,
    ...(ledger && { ledger }),
    ...(membership && { membership }),
    signal: ended,
    onPhase: (phase) => tell({ event: 'phase', phase }),
  }).catch(async (error: unknown) => {
    await ledger?.close()
    throw error
  })
  // To have it in a list is no reason to stay away.
  if (!membership) await keepPlainNetwork(options.folder, roomUrl, identity.siteId).catch(tellUnkept(tell))
  const over = new AbortController()
  const until = AbortSignal.any([ended, over.signal])
  const timer = options.leaveAfterMs === undefined ? undefined : setTimeout(() => over.abort(), options.leaveAfterMs)
  const speaking = {
    said: (text: string, receivers: number) => tell({ event: 'sent', text, receivers }),
    failed: (error: unknown) => tellFailure(error, tell),
  }
  const sending = sayLines(network, around.input, speaking, until)
  const stopAsking = around.onAsked(() => {
    for (const peer of network.peers.values()) tell(explained(peer))
  })
  const contributing = options.sharePercent === undefined ? undefined : contribute(network, options.sharePercent, tell)
  const reason = await Promise.race([
    outcome(network, membership, options, tell, until),
    ...(contributing ? [contributing.failed] : []),
  ])
  stopAsking()
  clearTimeout(timer)
  over.abort()
  await contributing?.stop()
  if (ledger) tell(ledgerTotals(ledger, network.siteId))
  const { carriers: ways } = network
  await network.close()
  await sending
  if (reason !== undefined) throw reason
  tell({ event: 'left', carriers: ways })
  return EXIT.ok
}

function damagedError(): EdgeNetError {
  const message = 'A part of the kept ledger was damaged. It is left out, with what stood behind it; peers have both.'
  return new EdgeNetError('ledger-failed', 'damaged', message, 'If it happens again, look after the disk.')
}

/** Says that something was not written down which is not needed now. */
function tellUnkept(tell: Surroundings['tell']): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof UsageError)) throw error
    const { message, hint } = error
    tell({ event: 'error', error: { code: 'invalid-argument', reason: 'data-folder', message, hint } })
  }
}

/** Tells of every piece whose entry is kept, also of those that are finished while we leave. */
function contribute(network: Network, sharePercent: number, tell: Surroundings['tell']): Contributing {
  return new Contributing({
    sharePercent,
    startComputer,
    record: (contribution) => network.contribute(contribution),
    recorded: (entry, { resultHash, elapsedMs }) => {
      tell({ event: 'contributed', entry, resultHash, elapsedMs: Math.round(elapsedMs) })
    },
  })
}

function explained(peer: Peer): CommandEvent {
  return { event: 'explain', peer: peerRecord(peer), explanation: peer.explain() }
}

/** Tells what the network tells. Resolves when it is over: with the reason, if it was not our wish. */
function outcome(
  network: Network,
  membership: MemberNetwork | undefined,
  options: StayOptions,
  tell: Surroundings['tell'],
  until: AbortSignal,
): Promise<EdgeNetError | undefined> {
  // What the network says while we leave is about our leaving only.
  const say = (event: CommandEvent) => {
    if (!until.aborted) tell(event)
  }
  const { message, json } = options
  const { id, roomUrl, peerId, siteId, total, ledger } = network
  tell({ event: 'joined', name: membership?.facts.name ?? network.name, id, roomUrl, peerId, siteId, total })
  for (const { name, isUp } of network.carriers) if (isUp) tell({ event: 'carrier-up', carrier: name })
  tellSilentCarriers(network, say, until)
  // Other carriers may have let us in.
  if (network.state !== 'open') tell({ event: 'state', state: network.state, carriers: network.carriers })
  if (ledger) {
    tell(ledgerTotals(ledger, siteId))
    followLedger(network, ledger, say)
  }
  const met = (peer: Peer) => {
    say({ event: 'peer', peer: peerRecord(peer) })
    if (message === undefined) return
    peer.send(message).then(
      () => say({ event: 'sent', text: message, receivers: 1 }),
      (error: unknown) => tellFailure(error, say),
    )
  }
  return new Promise((resolve) => {
    until.addEventListener('abort', () => resolve(undefined), { once: true })
    if (until.aborted) resolve(undefined)
    network.on('state', ({ state, error }) => {
      say({ event: 'state', state, carriers: network.carriers, ...(error && { error: errorRecord(error) }) })
      // Our own leaving closes it, too.
      if (state === 'closed') resolve(until.aborted ? undefined : error)
    })
    network.on('carrier-up', ({ carrier }) => say({ event: 'carrier-up', carrier }))
    network.on('carrier-down', ({ carrier, error }) =>
      say({ event: 'carrier-down', carrier, ...(error && { error: errorRecord(error) }) }),
    )
    if (membership) followMembership(membership, siteId, options, say, resolve)
    network.on('announced', ({ peer }) => say({ event: 'announced', peer: peerRecord(peer) }))
    network.on('peer', ({ peer }) => met(peer))
    network.on('peer-state', ({ peer, state }) => {
      say({ event: 'peer-state', peer: peerRecord(peer), state })
      if (json && state === 'stalled') say(explained(peer))
    })
    network.on('peer-left', ({ peer, reason, unconfirmed }) =>
      say({ event: 'peer-left', peer: peerRecord(peer), reason, unconfirmed }),
    )
    network.on('path', ({ peer, path }) => say({ event: 'path', peer: peerRecord(peer), path }))
    network.on('rtt', ({ peer, rttMs, sampleMs }) => say({ event: 'rtt', peer: peerRecord(peer), rttMs, sampleMs }))
    network.on('quality', ({ peer, quality }) => say({ event: 'quality', peer: peerRecord(peer), quality }))
    network.on('total', (event) => say({ event: 'total', total: event.total }))
    network.on('message', ({ peer, data }) => say(messageRecord(peer, data)))
    network.on('broadcast', ({ from, data }) => say(broadcastRecord(from, data)))
    network.on('error', ({ error, peer }) => {
      say({ event: 'error', error: errorRecord(error), ...(peer && { peer: peerRecord(peer) }) })
      if (json && peer && error.code === 'direct-failed') say(explained(peer))
    })
    for (const peer of network.peers.values()) met(peer)
  })
}

/** Tells of changes of membership, ours and others', and keeps ours; it is over when we are no member any more. */
function followMembership(
  membership: MemberNetwork,
  siteId: string,
  { folder }: StayOptions,
  say: Surroundings['tell'],
  end: (reason: EdgeNetError | undefined) => void,
): void {
  membership.on('revoked', ({ number, siteIdsAndInvites }) => {
    say({ event: 'removed', number, keys: siteIdsAndInvites })
  })
  membership.on('standing', async () => {
    say(membershipEvent(membership))
    await keepMembership(folder, membership, siteId).catch(tellUnkept(say))
    end(notMemberError(membership))
  })
}

/** Says which of the carriers that were asked for do not work. They may have said so before we were in, and say it once. */
function tellSilentCarriers(network: Network, say: Surroundings['tell'], until: AbortSignal): void {
  if (until.aborted) return
  // Those over neighbours begin with the first one.
  const silent = new Set(network.carriers.filter(({ name, isUp }) => !isUp && name === 'gun').map(({ name }) => name))
  const told = ({ carrier }: { readonly carrier: string }) => void silent.delete(carrier)
  const stops = [network.on('carrier-up', told), network.on('carrier-down', told)]
  const timer = setTimeout(() => {
    for (const stop of stops) stop()
    for (const carrier of silent) say({ event: 'carrier-down', carrier })
  }, SILENT_MS)
  until.addEventListener('abort', () => clearTimeout(timer), { once: true })
}

function tellFailure(error: unknown, tell: Surroundings['tell']): void {
  if (!(error instanceof EdgeNetError)) throw error
  tell({ event: 'error', error: errorRecord(error) })
}
