/** `edge-net ledger` as a process, and ledgers for it to work on. */
import { expect } from 'vitest'
import { createIdentity } from '../../client/identity/identity.ts'
import type { LedgerEvent } from '../../client/node/ledger-command/report.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import type { FailedEvent } from '../../client/node/telling.ts'
import { startCommand, type Ended } from './command.ts'

type Told = LedgerEvent | FailedEvent

export interface LedgerRun extends Ended {
  readonly events: readonly Told[]
  /** All events of this name. */
  readonly all: <Name extends Told['event']>(name: Name) => Extract<Told, { event: Name }>[]
  /** The only one. */
  readonly only: <Name extends Told['event']>(name: Name) => Extract<Told, { event: Name }>
}

/** Runs `edge-net ledger … --json`, with its ledger in a folder, to its end. */
export async function runLedger(folder: string, args: readonly string[], input?: string): Promise<LedgerRun> {
  const command = startCommand(['ledger', ...args, '--json'], { env: { EDGE_NET_DATA: folder } })
  if (input !== undefined) command.type(input)
  command.endInput()
  const ended = await command.ended
  const events = ended.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Told]))
  const all: LedgerRun['all'] = (name) =>
    events.filter((event): event is Extract<Told, { event: typeof name }> => event.event === name)
  return {
    ...ended,
    events,
    all,
    only: (name) => {
      const [found, ...others] = all(name)
      if (found && others.length === 0) return found
      throw new Error(`not one ${name} in\n${ended.stdout}\n${ended.stderr}`)
    },
  }
}

/** What `ledger show` says, which must succeed. */
export async function shownLedger(folder: string, room: string, ...args: readonly string[]) {
  const run = await runLedger(folder, ['show', room, ...args])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  return { ...run, statistics: run.only('ledger'), entries: run.all('entry').map(({ entry }) => entry) }
}

/** Lines of a ledger with so many entries of so many contributors, made without computing anything. */
export async function exportedLines(room: string, entries: number, contributors = 1): Promise<string[]> {
  const lines: string[] = []
  for (let i = 0; i < contributors; i++) {
    const ledger = await openLedger({ network: room, identity: await createIdentity() })
    await ledger.import(lines)
    for (let n = 0; n < entries / contributors; n++) {
      await ledger.contribute({ taskId: `task ${n % 10}`, computeUnits: 1_000 + n })
    }
    lines.splice(0)
    for await (const line of ledger.export()) lines.push(line)
    await ledger.close()
  }
  return lines
}
