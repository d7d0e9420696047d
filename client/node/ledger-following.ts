/** Tells what happens in the ledger while we stay. */
import type { Network } from '../api.ts'
import type { NetworkLedger } from '../qdag/api.ts'
import type { LedgerNews } from './ledger-news.ts'
import { errorRecord, peerRecord, type CommandEvent } from './report.ts'

/** What is in a ledger, and what of it is the contributor's. */
export function ledgerTotals(ledger: NetworkLedger, siteId: string): LedgerNews {
  const own = ledger.contributor(siteId)
  return { event: 'ledger', ...ledger.statistics(), ...(own && { own }) }
}

export function followLedger(network: Network, ledger: NetworkLedger, say: (event: CommandEvent) => void): void {
  ledger.on('entry', (event) => say({ event: 'entry', ...event }))
  ledger.on('confirmed', (event) => say({ event: 'confirmed', ...event }))
  ledger.on('fork', (proof) => say({ event: 'fork', ...proof }))
  ledger.on('error', ({ error }) => say({ event: 'error', error: errorRecord(error) }))
  ledger.on('sync', ({ peerId, state }) => {
    const peer = [...network.peers.values()].find(({ id }) => id === peerId)
    // Of one that has gone, its leaving is told.
    if (peer) say({ event: 'sync', peer: peerRecord(peer), state })
  })
}
