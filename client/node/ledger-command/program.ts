/** The command line of `edge-net ledger`: its sub-commands, arguments and help. */
import { addAbortSignal } from 'node:stream'
import type { Command } from 'commander'
import type { NetworkLedger } from '../../qdag/api.ts'
import { makeDataFolder } from '../data-folder.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { EXPORT_HELP, IMPORT_HELP, LEDGER_HELP, SHOW_HELP, VERIFY_HELP } from '../help.ts'
import { existingIdentity } from '../identity-file.ts'
import { identityOption } from '../identity-option.ts'
import type { KeptLedger } from '../kept-ledger.ts'
import { ledgerPlace, type LedgerPlace } from '../ledger-place.ts'
import { asVisitor } from '../membership.ts'
import { progressLine } from '../progress-line.ts'
import { telling, type FailedEvent, type Timed } from '../telling.ts'
import { ownStyle, safeJson } from '../terminal.ts'
import { exportToFile, exportToStream } from './export.ts'
import { bytesOfFile, importLines } from './import.ts'
import { inspectKept, mustExist, withKept, withOwn, withSynced } from './opened.ts'
import { ledgerOptions, showOptions, type LedgerFlags, type ShowFlags } from './options.ts'
import { ledgerWriter, type LedgerEvent } from './report.ts'
import { show } from './show.ts'
import { verify } from './verify.ts'

interface ExportFlags extends LedgerFlags {
  readonly output?: string
}

/** Adds `ledger` and what it can do. @param end called with the exit code of what was done */
export function addLedgerCommand(program: Command, end: (code: ExitCode) => void): void {
  const ledger = program
    .command('ledger')
    .description('look at the ledger of a network, check it, and copy it')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', LEDGER_HELP)
  const sub = (name: string, description: string, help: string) =>
    ledger
      .command(name)
      .description(description)
      .argument('<room-url>', 'the room URL: https://HOST/n/NETWORK')
      .option('--data <folder>', 'where the ledger is kept (EDGE_NET_DATA)')
      .option('--json', 'tell everything as one JSON object a line')
      .helpOption('-h, --help', 'print this help')
      .addHelpText('after', help)

  syncing(sub('show', 'show statistics, credits and the latest entries', SHOW_HELP))
    .option('--contributor <id>', 'what this one has done: an id, or the beginning of one')
    .option('--task <id>', 'entries of this task')
    .option('--from <time>', 'entries of this time or later: 2026-11-22T10:30, or 2h for two hours ago')
    .option('--until <time>', 'entries before this time')
    .option('--confirmed', 'confirmed entries alone')
    .option('--last <n>', 'how many of the entries that fit, the newest', '10')
    .action(async (roomUrl: string, flags: ShowFlags) => end(await showCommand(roomUrl, flags)))
  sub('verify', 'check everything that is kept anew', VERIFY_HELP).action(async (roomUrl: string, flags: LedgerFlags) =>
    end(await verifyCommand(roomUrl, flags)),
  )
  syncing(sub('export', 'write all entries as lines of JSON', EXPORT_HELP))
    .option('--output <file>', 'write this file, instead of the standard output')
    .action(async (roomUrl: string, flags: ExportFlags) => end(await exportCommand(roomUrl, flags)))
  sub('import', 'take the lines that an export has made', IMPORT_HELP)
    .argument('[file]', 'the lines; the standard input if it is left out, or -')
    .action(async (roomUrl: string, file: string | undefined, flags: LedgerFlags) =>
      end(await importCommand(roomUrl, file, flags)),
    )
}

function syncing(command: Command): Command {
  return command
    .option('--sync <seconds>', 'join the room and catch up first, for so long at most')
    .addOption(identityOption())
    .option('--direct <on|off>', 'off: no WebRTC while --sync is in the room', 'on')
    .option('--relay-only', 'no WebRTC except through TURN servers (EDGE_NET_ICE_TRANSPORT_POLICY=relay)')
}

function writerFor(json: boolean | undefined) {
  return json ? safeJson : ledgerWriter(ownStyle())
}

function showCommand(roomUrl: string, flags: ShowFlags): Promise<ExitCode> {
  return telling<LedgerEvent>(writerFor(flags.json), async (tell, ended) => {
    const shown = showOptions(flags, Date.now())
    return withLedger(roomUrl, flags, tell, ended, async (ledger, { name, id, folder, removed }) => {
      const siteId = (await existingIdentity(folder))?.siteId
      await show(ledger, { name, id, folder, siteId, removed }, shown, tell)
    })
  })
}

function exportCommand(roomUrl: string, flags: ExportFlags): Promise<ExitCode> {
  const { output } = flags
  const write = writerFor(output === undefined ? false : flags.json)
  // The standard output is for the lines; what else there is to say stands beside it.
  const beside = (event: Timed<LedgerEvent | FailedEvent>) => {
    const words = write(event)
    if (words !== undefined) process.stderr.write(`${words}\n`)
    return undefined
  }
  return telling<LedgerEvent>(output === undefined ? beside : write, (tell, ended) =>
    withLedger(roomUrl, flags, tell, ended, (ledger) => {
      const progress = progressLine()
      if (output === undefined) return exportToStream(ledger, process.stdout, progress, ended)
      return exportToFile(ledger, output, tell, progress, ended)
    }),
  )
}

/**
 * The ledger as it is kept, or as all have it who are in the room, if that was asked for.
 *
 * @returns failure when something of it is damaged and left out
 */
async function withLedger(
  roomUrl: string,
  flags: LedgerFlags,
  tell: (event: LedgerEvent) => void,
  ended: AbortSignal,
  act: (ledger: NetworkLedger, place: LedgerPlace) => Promise<void>,
): Promise<ExitCode> {
  const { folder, sync } = ledgerOptions(flags, process.env)
  // Opening the network keeps what it is, which the place of its ledger is told by.
  const visitor = sync && (await asVisitor(roomUrl, folder, ended))
  const place = await ledgerPlace(roomUrl, folder)
  const go = async ({ ledger, isWhole }: KeptLedger) => {
    if (!isWhole) tell(DAMAGED)
    await act(ledger, place)
    return isWhole ? EXIT.ok : EXIT.failure
  }
  if (!sync || !visitor) {
    mustExist(place)
    return withKept(place, go)
  }
  await makeDataFolder(folder)
  return withSynced(roomUrl, place, visitor, sync, ended, (kept, caughtUp) => {
    tell({ event: 'synced', ...caughtUp })
    return go(kept)
  })
}

/** What `verify` tells in detail. */
const DAMAGED: LedgerEvent = { event: 'fault', id: 'segments', reason: 'damaged; what stands behind is left out, too' }

function verifyCommand(roomUrl: string, flags: LedgerFlags): Promise<ExitCode> {
  return telling<LedgerEvent>(writerFor(flags.json), async (tell, ended) => {
    const place = await ledgerPlace(roomUrl, ledgerOptions(flags, process.env).folder)
    mustExist(place)
    const inspection = await inspectKept(place)
    return withKept(place, ({ ledger }) => verify(ledger, inspection, tell, progressLine(), ended))
  })
}

function importCommand(roomUrl: string, file: string | undefined, flags: LedgerFlags): Promise<ExitCode> {
  return telling<LedgerEvent>(writerFor(flags.json), async (tell, ended) => {
    const { folder } = ledgerOptions(flags, process.env)
    const place = await ledgerPlace(roomUrl, folder)
    const isPiped = file === undefined || file === '-'
    const bytes = isPiped ? addAbortSignal(ended, process.stdin) : bytesOfFile(file, ended)
    await makeDataFolder(folder)
    return withOwn(place, ({ ledger, isWhole }) => {
      // The import may be what mends it.
      if (!isWhole) tell(DAMAGED)
      return importLines(ledger, bytes, tell, progressLine(), ended)
    })
  })
}
