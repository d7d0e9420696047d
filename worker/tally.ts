/** What operators can count. Rooms and Worker isolates add up in memory and hand over to the registry now and then. */
import type { LimitScope, RefusalCode } from '../protocol/room-messages.ts'

export interface Tally {
  joins: number
  envelopes: number
  relayedBytes: number
  /** Messages of members that the room could not accept: unknown types, bad sizes. */
  faults: number
  floodsClosed: number
  ghostsReaped: number
  limited: Record<LimitScope, number>
}

export type Refusals = Partial<Record<RefusalCode, number>>

export function emptyTally(): Tally {
  return {
    joins: 0,
    envelopes: 0,
    relayedBytes: 0,
    faults: 0,
    floodsClosed: 0,
    ghostsReaped: 0,
    limited: { control: 0, signal: 0, relay: 0, target: 0 },
  }
}

export function addTally(sum: Tally, more: Tally): void {
  sum.joins += more.joins
  sum.envelopes += more.envelopes
  sum.relayedBytes += more.relayedBytes
  sum.faults += more.faults
  sum.floodsClosed += more.floodsClosed
  sum.ghostsReaped += more.ghostsReaped
  for (const scope of ['control', 'signal', 'relay', 'target'] as const) sum.limited[scope] += more.limited[scope]
}

export function addRefusals(sum: Refusals, more: Refusals): void {
  for (const [code, count] of Object.entries(more) as [RefusalCode, number][]) sum[code] = (sum[code] ?? 0) + count
}
