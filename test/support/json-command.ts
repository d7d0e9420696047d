/** A sub-command that is run with `--json` to its end, with what it keeps in a folder. */
import type { NetworksEvent } from '../../client/node/networks-command/report.ts'
import type { CommandEvent } from '../../client/node/report.ts'
import type { FailedEvent } from '../../client/node/telling.ts'
import { startCommand, type Ended } from './command.ts'

type Told = NetworksEvent | Exclude<CommandEvent, { readonly event: 'waiting' | 'removed' | 'failed' }> | FailedEvent
type Named<Name extends Told['event']> = Extract<Told, { readonly event: Name }>

export interface JsonRun extends Ended {
  readonly events: readonly Told[]
  /** All events of this name. */
  readonly all: <Name extends Told['event']>(name: Name) => readonly Named<Name>[]
  /** The only one. */
  readonly only: <Name extends Told['event']>(name: Name) => Named<Name>
}

export async function runJson(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<JsonRun> {
  const command = startCommand([...args, '--json'], { env: { EDGE_NET_DATA: folder, ...env } })
  command.endInput()
  const ended = await command.ended
  const events = ended.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Told]))
  const all: JsonRun['all'] = (name) => events.filter((event): event is Named<typeof name> => event.event === name)
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
