/** The real ones. */
import { EntryGossip } from '../../../client/qdag/entry-gossip.ts'
import { Ledger } from '../../../client/qdag/ledger.ts'
import { Replica } from '../../../client/qdag/replica.ts'
import { Disk } from './disk.ts'
import { Session } from './session.ts'
import { Vault } from './vault.ts'
import type { Parts } from './world.ts'

export const REAL_PARTS: Parts = {
  makeLedger: (options) => new Ledger(options),
  makeReplica: (ledger, output, options) => new Replica(ledger, output, options),
  makeGossip: (host) => new EntryGossip(host),
  makeSession: (device, name) => new Session(device, name),
  makeVault: (session) => new Vault(session),
  makeDisk: (random) => new Disk(random),
}
