/**
 * What this isolate knows of founded networks, so that a join of one costs no request to its charter: the genesis never
 * changes, a use of an invite that was granted stays granted, and the revocations may be a minute old.
 */
import type { Genesis } from '../protocol/genesis.ts'
import { proveRevocations, type Revocations } from '../protocol/revocations.ts'
import { charterOf, type Visit } from './charter.ts'
import type { InviteUse } from './invite-uses.ts'
import type { Settings } from './settings.ts'

export interface KnownNetwork {
  readonly genesis: Genesis
  /** The latest list that is known. */
  readonly revocations: Revocations | undefined
}

interface Entry extends KnownNetwork {
  readonly askedAtMs: number
}

/** How long a removed member may find a door that has not heard of it. */
export const REVOCATIONS_FRESH_MS = 60_000
/** Of the 128 MB that an isolate has, rooms included. */
const MAX_KNOWN_BYTES = 16 * 1_048_576
/** A decoded genesis, about. */
const GENESIS_BYTES = 4_096
/** A removed key: its bytes as an object of their own, and as a text in a set. */
const REVOKED_BYTES = 256
/** Some 150 bytes each. */
const MAX_KNOWN_USES = 10_000

/** Of the isolate. */
export const knownNetworks = createKnownNetworks()

export type KnownNetworks = ReturnType<typeof createKnownNetworks>

/** A memory of its own: each isolate has one. */
export function createKnownNetworks() {
  /** Whoever was asked for last is last. */
  const entries = new Map<string, Entry>()
  const uses = new Set<string>()
  let bytes = 0

  return {
    /** The founded network of that key; `undefined` when it is not registered here. */
    async find(network: string, visit: Visit, settings: Settings): Promise<KnownNetwork | undefined> {
      const nowMs = Date.now()
      const known = entries.get(network)
      if (known && nowMs - known.askedAtMs < REVOCATIONS_FRESH_MS) return keep(network, known)
      const answer = await charterOf(settings, network).read(visit, known?.revocations?.number ?? 0)
      if (!answer) return forget(network)
      const revocations = answer.revocations && (await proveRevocations(answer.genesis, answer.revocations))
      if (typeof revocations === 'string') throw new Error(`a charter keeps a list that is none: ${revocations}`)
      return keep(network, newest(network, { genesis: answer.genesis, revocations, askedAtMs: nowMs }))
    },

    /** A newer list, which has come by this isolate. */
    learn(network: string, genesis: Genesis, revocations: Revocations): void {
      keep(network, newest(network, { genesis, revocations, askedAtMs: Date.now() }))
    },

    /** Whether somebody may come in with an invite, which counts the use if it is the first of this identity. */
    async takeUse(network: string, use: InviteUse, settings: Settings): Promise<boolean> {
      const key = `${network} ${use.inviteKey} ${use.identity}`
      const isGranted = uses.delete(key) || (await charterOf(settings, network).takeUse(use))
      if (!isGranted) return false
      uses.add(key)
      for (const oldest of uses) {
        if (uses.size <= MAX_KNOWN_USES) break
        uses.delete(oldest)
      }
      return true
    },
  }

  /** While a charter was asked, a newer list may have come. */
  function newest(network: string, found: Entry): Entry {
    const known = entries.get(network)?.revocations
    const isOlder = (found.revocations?.number ?? 0) < (known?.number ?? 0)
    return isOlder ? { ...found, revocations: known } : found
  }

  function keep(network: string, entry: Entry): Entry {
    forget(network)
    entries.set(network, entry)
    bytes += sizeOf(entry)
    for (const oldest of entries.keys()) {
      if (bytes <= MAX_KNOWN_BYTES) break
      forget(oldest)
    }
    return entry
  }

  function forget(network: string): undefined {
    const entry = entries.get(network)
    if (!entry) return
    bytes -= sizeOf(entry)
    entries.delete(network)
  }
}

function sizeOf({ revocations }: Entry): number {
  return GENESIS_BYTES + (revocations?.keys.length ?? 0) * REVOKED_BYTES
}
