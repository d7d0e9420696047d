/** How `edge-net ledger --sync` knows that it has caught up. */
import { describe, expect, it } from 'vitest'
import type { Network, NetworkEvents, Peer } from '../../client/api.ts'
import { Emitter } from '../../client/events.ts'
import { catchUp } from '../../client/node/ledger-command/catch-up.ts'
import type { LedgerEvents, NetworkLedger, SyncState } from '../../client/qdag/api.ts'
import type { PeerId } from '../../protocol/peer-id.ts'

const NEVER = new AbortController().signal
const AN_HOUR_MS = 3_600_000

describe('catching up', () => {
  /** A room with so many others, of whom the test says how far we agree with them. */
  function room(others: number) {
    const emitter = new Emitter<NetworkEvents & LedgerEvents>((error) => {
      throw error
    })
    const peers = new Map<PeerId, Peer>()
    const syncs = new Map<string, SyncState>()
    const network: Pick<Network, 'peers' | 'total' | 'on'> = {
      peers,
      total: others + 1,
      on: (type, handler, options) => emitter.on(type, handler, options),
    }
    return {
      network,
      ledger: { syncs: () => syncs, on: emitter.on.bind(emitter) } as unknown as NetworkLedger,
      meet: (id: string) => {
        peers.set(id as PeerId, {} as Peer)
        emitter.emit('peer', { peer: {} as Peer })
      },
      sync: (id: string, state: SyncState) => {
        syncs.set(id, state)
        emitter.emit('sync', { peerId: id, state })
      },
    }
  }

  it('is over at once where nobody is', async () => {
    const { network, ledger } = room(0)
    expect(await catchUp(network, ledger, AN_HOUR_MS, NEVER)).toEqual({ peers: 0, live: 0, isComplete: true })
  })

  it('is over when everybody has the same', async () => {
    const { network, ledger, meet, sync } = room(2)
    let result: unknown
    const ending = catchUp(network, ledger, AN_HOUR_MS, NEVER).then((caughtUp) => (result = caughtUp))
    for (const id of ['a', 'b']) meet(id)
    for (const state of ['comparing', 'catching-up', 'live'] as const) sync('a', state)
    sync('b', 'comparing')
    await new Promise(setImmediate)
    expect(result).toBeUndefined()
    sync('b', 'live')
    await ending
    expect(result).toEqual({ peers: 2, live: 2, isComplete: true })
  })

  it('does not wait long for those who keep no ledger', async () => {
    const { network, ledger, meet, sync } = room(4)
    const ending = catchUp(network, ledger, AN_HOUR_MS, NEVER)
    for (const id of ['a', 'b', 'silent']) meet(id)
    sync('silent', 'comparing')
    sync('a', 'live')
    expect(await ending).toEqual({ peers: 3, live: 1, isComplete: true })
  })

  it('has an end, and can be ended', async () => {
    const { network, ledger, meet, sync } = room(1)
    meet('a')
    sync('a', 'catching-up')
    expect(await catchUp(network, ledger, 10, NEVER)).toEqual({ peers: 1, live: 0, isComplete: false })
    const leaving = new AbortController()
    const ending = catchUp(network, ledger, AN_HOUR_MS, leaving.signal)
    leaving.abort(new Error('told to end'))
    await expect(ending).rejects.toThrow('told to end')
    expect(() => catchUp(network, ledger, 1, leaving.signal)).toThrow('told to end')
  })
})
