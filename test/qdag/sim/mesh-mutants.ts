/** Members of a mesh that lack one of their duties. Made from outside: the real parts know nothing of them. */
import type { LedgerJudgement } from '../../../client/qdag/api.ts'
import { EntryGossip, type EntryGossipHost } from '../../../client/qdag/entry-gossip.ts'
import type { Verdict } from '../../../client/qdag/ledger.ts'
import { Replica } from '../../../client/qdag/replica.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { REAL_PARTS } from './parts.ts'
import type { Parts } from './world.ts'

class Keeping extends EntryGossip {
  override async judge(payload: Bytes, from: string): Promise<LedgerJudgement> {
    const judgement = await super.judge(payload, from)
    return judgement === 'accept' ? 'ignore' : judgement
  }
}

/** What its gossip is given is not what it asks for. */
function gossip(changes: (host: EntryGossipHost) => Partial<EntryGossipHost>): Partial<Parts> {
  return { makeGossip: (host) => new EntryGossip({ ...host, ...changes(host) }) }
}

function taking(change: (verdict: Verdict) => Verdict): Partial<Parts> {
  return gossip(({ take }) => ({ take: (entry, bringer) => change(take(entry, bringer)) }))
}

const MESH_MUTANTS: readonly (readonly [name: string, parts: Partial<Parts>])[] = [
  ['says nothing', gossip(() => ({ gossip: { publish: () => undefined } }))],
  ['passes on nothing', { makeGossip: (host) => new Keeping(host) }],
  ['passes on no orphans', taking((verdict) => (verdict.kind === 'orphan' ? { kind: 'parked' } : verdict))],
  ['takes in nothing that is said', gossip(() => ({ take: () => ({ kind: 'known' }) }))],
  [
    'tells its neighbours of what they hear by gossip',
    { makeReplica: (ledger, output, options) => new Replica(ledger, output, { ...options, hears: () => false }) },
  ],
  [
    'verifies only what it does not have',
    gossip(({ areGenuine, ledger }) => ({
      areGenuine: async (entries) => {
        const genuine = await areGenuine(entries)
        return genuine.map((is, i) => is || ledger.knows(entries[i]?.id ?? new Uint8Array(0)))
      },
    })),
  ],
  [
    'blames others for rules that it alone sees broken',
    taking((verdict) => (verdict.kind === 'rejected' ? { kind: 'rejected', reason: 'root-misused' } : verdict)),
  ],
]

export const MUTANTS = MESH_MUTANTS.map(([name, parts]) => [name, { ...REAL_PARTS, ...parts }] as const)
