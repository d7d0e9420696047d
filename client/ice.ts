/** ICE servers from the room's host: those that the welcome brought, or asked for, and new ones when they grow old. */
import { parseIceAnswer, type IceAnswer } from '../protocol/http.ts'
import type { NetworkParts } from './network-parts.ts'
import type { WebRTCPeerManager } from './peer/webrtc-peer-manager.ts'
import type { Timer, Timers } from './timers.ts'

/** A host that could not give ICE servers is asked again, not urgently. */
const RETRY_MS = 60_000

export class IceSupply {
  /** Settles when the host has answered, if it had to be asked. */
  settled: Promise<unknown> | undefined
  readonly #parts: NetworkParts
  readonly #manager: WebRTCPeerManager
  readonly #timers: Timers
  readonly #signal: AbortSignal
  #timer: Timer | undefined

  /** @param signal ends it */
  constructor(parts: NetworkParts, manager: WebRTCPeerManager, timers: Timers, signal: AbortSignal) {
    this.#parts = parts
    this.#manager = manager
    this.#timers = timers
    this.#signal = signal
  }

  /** A welcome came with these servers, or without any: then the host is asked. */
  welcomed(ice: IceAnswer | undefined): void {
    if (ice) this.#use(ice)
    else this.settled = this.#refresh()
  }

  async #refresh(): Promise<void> {
    const { room, session } = this.#parts
    this.#use(await fetchIceServers(room.ice, () => session.ticket('ice', room.host), this.#signal))
  }

  /** Takes servers into use and asks for new ones at half of their life. */
  #use(ice: IceAnswer | undefined): void {
    if (this.#signal.aborted) return
    if (ice) this.#manager.iceServers = ice.iceServers
    const lifeMs = ice ? (ice.expiresAtMs ?? Infinity) - this.#parts.clock.nowMs() : 0
    clearTimeout(this.#timer)
    this.#timer = this.#timers.after(Math.max(lifeMs / 2, RETRY_MS), () => this.#refresh())
  }
}

/** Asks the host. `undefined` when it does not answer usefully: links work without, over the relay or a local network. */
async function fetchIceServers(
  url: string,
  ticket: () => Promise<string>,
  signal: AbortSignal,
): Promise<IceAnswer | undefined> {
  try {
    const response = await fetch(url, { method: 'POST', body: await ticket(), signal })
    return response.ok ? parseIceAnswer(await response.json()) : undefined
  } catch {
    // Refused, cut off or closed: the caller has a path without.
    return undefined
  }
}
