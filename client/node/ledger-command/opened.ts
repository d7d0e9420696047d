/** The ledger of a room in a data folder: read as it is, taken over to be added to, or brought up to date by its peers. */
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { CommandFailure } from '../command-failure.ts'
import { join } from '../index.ts'
import { openKeptLedger, type KeptLedger } from '../kept-ledger.ts'
import type { LedgerPlace } from '../ledger-place.ts'
import { SqliteStore } from '../ledger/sqlite-store.ts'
import type { Visitor } from '../membership.ts'
import { sayIfNoEngine } from '../missing-engine.ts'
import { catchUp, type CaughtUp } from './catch-up.ts'
import { inspect, type Inspection } from './inspect.ts'
import type { LedgerOptions } from './options.ts'

/** @throws CommandFailure when nothing has been kept there so far */
export function mustExist({ name, folder, path }: LedgerPlace): void {
  if (existsSync(path)) return
  const hint = 'edge-net join keeps one. Or name the folder: --data, EDGE_NET_DATA.'
  throw new CommandFailure('no-ledger', `There is no ledger of ${name} in ${folder}.`, hint)
}

/** Reads what is kept and leaves it as it is, also while others write. */
export async function withKept<Result>(
  place: LedgerPlace,
  act: (kept: KeptLedger) => Promise<Result>,
): Promise<Result> {
  const kept = await openKeptLedger(new ReadOnlyStore(place.path), place, undefined)
  try {
    return await act(kept)
  } finally {
    await kept.ledger.close()
  }
}

/** What `verify` looks at before the ledger is opened. */
export async function inspectKept({ path }: LedgerPlace): Promise<Inspection> {
  const store = new SqliteStore(path)
  try {
    return await inspect(store)
  } finally {
    await store.close()
  }
}

/** Somebody who never becomes the keeper never writes, and repairs nothing. */
class ReadOnlyStore extends SqliteStore {
  override becomeKeeper(): Promise<boolean> {
    return Promise.resolve(false)
  }
}

/** A `join` that ends is gone within this time. */
const KEEPER_WAIT_MS = 3_000

/**
 * Adds to what is kept; begins it where there is none.
 *
 * @throws CommandFailure when somebody else is adding to it already: what this process would add, nobody would keep
 */
export async function withOwn<Result>(place: LedgerPlace, act: (kept: KeptLedger) => Promise<Result>): Promise<Result> {
  const store = new KeepingStore(place.path)
  const kept = await openKeptLedger(store, place, undefined)
  try {
    const waiting = new AbortController()
    const isKeeper = await Promise.race([
      store.isKeeper,
      pause(KEEPER_WAIT_MS, false, { signal: waiting.signal }).catch(() => false),
    ])
    waiting.abort()
    if (!isKeeper) {
      const hint = 'End the edge-net join that does, or import into another folder (--data) and let it join, too.'
      throw new CommandFailure('busy', `Another process is writing the ledger in ${place.path}.`, hint)
    }
    return await act(kept)
  } finally {
    await kept.ledger.close()
  }
}

/** Says when it has become the keeper. */
class KeepingStore extends SqliteStore {
  readonly #kept = Promise.withResolvers<boolean>()
  readonly isKeeper = this.#kept.promise

  override async becomeKeeper(): Promise<boolean> {
    const isKeeper = await super.becomeKeeper()
    this.#kept.resolve(isKeeper)
    return isKeeper
  }
}

/** Joins the room, and has the ledger when all who are there have the same, or when the time is over. */
export async function withSynced<Result>(
  roomUrl: string,
  place: LedgerPlace,
  visitor: Visitor,
  { join: choices, withinMs }: NonNullable<LedgerOptions['sync']>,
  ended: AbortSignal,
  act: (kept: KeptLedger, caughtUp: CaughtUp) => Promise<Result>,
): Promise<Result> {
  if (choices.direct === 'on') await sayIfNoEngine()
  const { ledger, isWhole } = await openKeptLedger(new SqliteStore(place.path), place, undefined)
  try {
    const network = await join(roomUrl, { ...choices, ...visitor, ledger, signal: ended })
    try {
      const caughtUp = await catchUp(network, ledger, withinMs, ended)
      // Whoever has the same as a peer has got from it what was damaged.
      return await act({ ledger, isWhole: isWhole || caughtUp.live > 0 }, caughtUp)
    } finally {
      await network.close()
    }
  } finally {
    await ledger.close()
  }
}
