/**
 * What the room has to tell the registry: how many members it has, and what it has counted. It is told by the alarm,
 * seldom, so that neither joins nor messages wait for it. Counts that an eviction overtakes are lost: a lower bound.
 */
import { errorKind, log, loggedName } from './log.ts'
import { registryOf } from './registry.ts'
import { FIRST_REPORT_DELAY_MS, REPORT_DELAY_MS } from './room-limits.ts'
import type { Settings } from './settings.ts'
import { emptyTally } from './tally.ts'

export class RoomReport {
  readonly #settings: Settings
  readonly #network: string
  tally = emptyTally()
  #hasReported = false
  #dueAtMs: number | undefined

  constructor(settings: Settings, network: string) {
    this.#settings = settings
    this.#network = network
  }

  /** Somebody came or went; returns when that should be reported. */
  membersChanged(nowMs: number): number {
    this.#dueAtMs ??= nowMs + (this.#hasReported ? REPORT_DELAY_MS : FIRST_REPORT_DELAY_MS)
    return this.#dueAtMs
  }

  async send(members: number): Promise<void> {
    const { tally } = this
    this.tally = emptyTally()
    this.#dueAtMs = undefined
    this.#hasReported = true
    log({ event: 'room-report', network: loggedName(this.#network), members, tally })
    try {
      await registryOf(this.#settings).report(this.#network, members, tally)
    } catch (error) {
      // The next report tells the members again; what was counted in this one is lost.
      log({ event: 'report-failed', reason: errorKind(error) })
    }
  }
}
