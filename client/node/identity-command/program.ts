/** The command line of `edge-net identity`: its sub-commands, arguments and help. */
import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../exit.ts'
import { checkedLabel, DEFAULT_LABEL } from '../identity-labels.ts'
import { folderOf } from '../options.ts'
import { progressLine } from '../progress-line.ts'
import { telling, type FailedEvent, type Timed } from '../telling.ts'
import { ownStyle, safeJson } from '../terminal.ts'
import { backupText, importBackup, mustBeNew, writeNewFile, type Asking } from './backup.ts'
import { EXPORT_HELP, IDENTITY_HELP, IMPORT_HELP, LIST_HELP, NEW_HELP, USE_HELP } from './help.ts'
import { addIdentity, chooseIdentity, keptIdentity, listIdentities } from './kept.ts'
import { readPassPhrase } from './pass-phrase.ts'
import { identityLine, type IdentityEvent } from './report.ts'

interface Flags {
  readonly data?: string
  readonly json?: boolean
}

interface ExportFlags extends Flags {
  readonly output?: string
}

interface ImportFlags extends Flags {
  readonly label?: string
}

/** Adds `identity` and what it can do. @param end called with the exit code of what was done */
export function addIdentityCommand(program: Command, end: (code: ExitCode) => void): void {
  const identity = program
    .command('identity')
    .description('make identities, back them up, restore them, and choose the one in use')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', IDENTITY_HELP)
  const sub = (name: string, description: string, help: string) =>
    identity
      .command(name)
      .description(description)
      .option('--data <folder>', 'where identities are kept (EDGE_NET_DATA)')
      .option('--json', 'tell everything as one JSON object a line')
      .helpOption('-h, --help', 'print this help')
      .addHelpText('after', help)

  sub('new', 'make a new identity', NEW_HELP)
    .argument('[label]', 'what to call it; "default" if it is left out')
    .action(async (label: string | undefined, flags: Flags) => end(await newCommand(label, flags)))
  sub('list', 'list the identities that are here', LIST_HELP).action(async (flags: Flags) =>
    end(await work(flags, (folder, tell) => listIdentities(folder, tell))),
  )
  sub('export', 'back an identity up under a pass phrase', EXPORT_HELP)
    .argument('[label]', 'which one; the one in use if it is left out')
    .option('--output <file>', 'write this new file, instead of the standard output')
    .action(async (label: string | undefined, flags: ExportFlags) => end(await exportCommand(label, flags)))
  sub('import', 'restore an identity from a backup', IMPORT_HELP)
    .argument('<file>', 'the backup')
    .option('--label <label>', 'what to call it; as it was called if it is left out')
    .action(async (file: string, flags: ImportFlags) => end(await importCommand(file, flags)))
  sub('use', 'choose the identity that is in use', USE_HELP)
    .argument('<label>', 'which one')
    .action(async (label: string, flags: Flags) =>
      end(
        await work(flags, async (folder, tell) => {
          tell({ event: 'using', ...(await chooseIdentity(folder, checkedLabel(label, 'The label'))) })
          return EXIT.ok
        }),
      ),
    )
}

type Tell = (event: IdentityEvent) => void

function work(
  flags: Flags,
  act: (folder: string, tell: Tell, ended: AbortSignal) => Promise<ExitCode>,
  write = writerFor(flags.json),
): Promise<ExitCode> {
  return telling<IdentityEvent>(write, (tell, ended) => act(folderOf(flags.data, process.env), tell, ended))
}

function writerFor(json: boolean | undefined) {
  const style = ownStyle()
  return json ? safeJson : (event: Timed<IdentityEvent | FailedEvent>) => identityLine(event, style)
}

function newCommand(label: string | undefined, flags: Flags): Promise<ExitCode> {
  return work(flags, async (folder, tell) => {
    const checked = label === undefined ? DEFAULT_LABEL : checkedLabel(label, 'The label')
    tell({ event: 'made', ...(await addIdentity(folder, checked)) })
    return EXIT.ok
  })
}

function exportCommand(label: string | undefined, flags: ExportFlags): Promise<ExitCode> {
  const { output } = flags
  // The standard output is for the backup.
  const write = output === undefined ? () => undefined : writerFor(flags.json)
  const act = async (folder: string, tell: Tell, ended: AbortSignal) => {
    const asked = label === undefined ? undefined : checkedLabel(label, 'The label')
    const { recoverable, label: called } = await keptIdentity(folder, asked)
    // Nobody wants to hear of it after having typed a pass phrase twice.
    if (output !== undefined) await mustBeNew(output)
    const text = await backupText(recoverable, called, asking('new', ended))
    if (output === undefined) {
      process.stdout.write(text)
      return EXIT.ok
    }
    await writeNewFile(output, text)
    tell({ event: 'exported', label: called, siteId: recoverable.identity.siteId, file: output })
    return EXIT.ok
  }
  return work(flags, act, write)
}

function importCommand(file: string, flags: ImportFlags): Promise<ExitCode> {
  return work(flags, async (folder, tell, ended) => {
    const label = flags.label === undefined ? undefined : checkedLabel(flags.label, '--label')
    tell({ event: 'imported', ...(await importBackup(folder, file, label, asking('known', ended))) })
    return EXIT.ok
  })
}

function asking(use: 'new' | 'known', ended: AbortSignal): Asking {
  return { passPhrase: () => readPassPhrase(use, process.env, ended), progress: progressLine(), ended }
}
