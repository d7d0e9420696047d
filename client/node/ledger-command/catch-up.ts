/** Waits until what the others in a room have is here, too, and the other way round. */
import type { Network } from '../../api.ts'
import type { NetworkLedger, SyncState } from '../../qdag/api.ts'
import { Timers, type Timer } from '../../timers.ts'

export interface CaughtUp {
  /** How many were met, and how many of them have the same ledger as we do now. */
  readonly peers: number
  readonly live: number
  /** Nobody is missing. */
  readonly isComplete: boolean
}

/**
 * Some in a room keep no ledger, or have gone without a word, and what is asked of them is never answered. When somebody has
 * answered and nothing has happened for so long, which is several times what a comparison takes over the farthest relay, they
 * are not waited for.
 */
const SETTLE_MS = 3_000

/**
 * Resolves as soon as everybody has the same, and at the latest when the time is over.
 *
 * @throws the signal's reason when it aborts
 */
export function catchUp(
  network: Pick<Network, 'peers' | 'total' | 'on'>,
  ledger: Pick<NetworkLedger, 'syncs' | 'on'>,
  withinMs: number,
  until: AbortSignal,
): Promise<CaughtUp> {
  until.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<CaughtUp>()
  const over = new AbortController()
  const { signal } = over
  const timers = new Timers()
  let settling: Timer | undefined
  const finish = (isComplete: boolean) => {
    const live = [...network.peers.keys()].filter((id) => ledger.syncs().get(id) === 'live').length
    resolve({ peers: network.peers.size, live, isComplete })
  }
  const look = () => {
    clearTimeout(settling)
    const standing = standingOf(network, ledger.syncs())
    if (standing === 'all') finish(true)
    if (standing === 'all-heard-of') settling = timers.after(SETTLE_MS, () => finish(true))
  }
  timers.after(withinMs, () => finish(false))
  until.addEventListener('abort', () => reject(until.reason as Error), { signal })
  for (const type of ['peer', 'peer-left', 'total'] as const) network.on(type, look, { signal })
  ledger.on('sync', look, { signal })
  look()
  return promise.finally(() => {
    over.abort()
    timers.clear()
  })
}

/** Whether all in the room have the same as we do, or at least all that anything has been heard of; or not yet. */
function standingOf(
  { peers, total }: Pick<Network, 'peers' | 'total'>,
  syncs: ReadonlyMap<string, SyncState>,
): 'all' | 'all-heard-of' | 'not-yet' {
  const states = [...peers.keys()].map((id) => syncs.get(id))
  if (states.includes('catching-up')) return 'not-yet'
  const isSettled = states.every((state) => state === 'live' || state === 'ended')
  if (isSettled && peers.size >= total - 1) return 'all'
  return states.includes('live') ? 'all-heard-of' : 'not-yet'
}
