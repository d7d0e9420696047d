/** The command line of what there is about networks and their members: `create`, `networks`, `invite`, `approve`, `remove`. */
import type { Command } from 'commander'
import type { Waiting } from '../../networks/api.ts'
import type { ExitCode } from '../exit.ts'
import { APPROVE_HELP, CREATE_HELP, INVITE_HELP, NETWORKS_HELP, REMOVE_HELP } from './help.ts'
import { identityOption } from '../identity-option.ts'
import { progressLine } from '../progress-line.ts'
import { asking, type Ask } from '../question.ts'
import { telling } from '../telling.ts'
import { ownStyle, safeJson, safeText } from '../terminal.ts'
import { approve, type Verdict } from './approve.ts'
import { create } from './create.ts'
import { qrCode } from './invite-code.ts'
import { invite } from './invite.ts'
import { listKept, listPublic } from './list.ts'
import {
  approveOptions,
  createOptions,
  inviteOptions,
  listOptions,
  removeOptions,
  type ApproveFlags,
  type CreateFlags,
  type InviteFlags,
  type ListFlags,
  type RemoveFlags,
} from './options.ts'
import { remove } from './remove.ts'
import { networksWriter, type NetworksEvent } from './report.ts'

/** Adds the sub-commands. @param end called with the exit code of what was done */
export function addNetworksCommands(program: Command, end: (code: ExitCode) => void): void {
  const sub = (name: string, description: string, help: string) =>
    program
      .command(name)
      .description(description)
      .option('--data <folder>', 'where identity and networks are kept (EDGE_NET_DATA)')
      .addOption(identityOption())
      .option('--json', 'tell everything as one JSON object a line')
      .helpOption('-h, --help', 'print this help')
      .addHelpText('after', help)

  sub('create', 'found a network of your own', CREATE_HELP)
    .argument('<host>', 'the service that is to host it: https://HOST')
    .option('--name <name>', 'what people call it; at most 64 bytes')
    .option('--description <text>', 'what it is for; at most 512 bytes')
    .option('--policy <policy>', 'public, private, or consortium', 'public')
    .option('--approver <siteId>', 'of a consortium: who decides; once for each', appended)
    .option('--threshold <k>', 'of a consortium: how many approvers must agree; more than half if it is left out')
    .option('--confirmations <n>', 'others who must build on an entry until it is confirmed: 3 if it is left out')
    .option('--degree <n>', 'neighbours of a peer in a large network: 8 if it is left out')
    .option('--entry-gap <seconds>', 'between two entries of one writer, at least: 0.001 if it is left out')
    .action(async (host: string, flags: CreateFlags) => end(await createCommand(host, flags)))
  sub('networks', 'list the networks that you know, or the public ones of a host', NETWORKS_HELP)
    .argument('[host]', 'the service whose public networks are listed: https://HOST')
    .option('--query <text>', 'those whose name, description or id has this in it')
    .option('--limit <n>', 'how many, the largest first: 20 if it is left out')
    .option('--all', 'all of them, page by page')
    .action(async (host: string | undefined, flags: ListFlags) => end(await networksCommand(host, flags)))
  sub('invite', 'make, list and revoke invites to a private network', INVITE_HELP)
    .argument('<room-url>', 'the room URL: https://HOST/n/net-…')
    .option('--expires <time>', 'when the invite ends, and the membership that it gives: 2026-12-24T18:00, or 7d')
    .option('--uses <n>', 'how many people may come in by it: 1 if it is left out')
    .option('--list', 'list the invites that were made here')
    .option('--revoke <invite-key>', 'revoke an invite, with all who came in by it')
    .action(async (roomUrl: string, flags: InviteFlags) => end(await inviteCommand(roomUrl, flags)))
  sub('approve', 'see who waits to be let in, and let them in', APPROVE_HELP)
    .argument('<room-url>', 'the room URL: https://HOST/n/net-…')
    .argument(
      '[site-id...]',
      'whom: ids, or the first 12 characters of one who waits; who waits is listed if they are left out',
    )
    .option('--all', 'everybody who waits')
    .option('--decline', 'send them away instead')
    .option('--expires <time>', 'when their membership ends: 2026-12-24T18:00, or 7d')
    .option('--watch', 'keep listing who comes, and ask what to do')
    .action(async (roomUrl: string, siteIds: readonly string[], flags: ApproveFlags) =>
      end(await approveCommand(roomUrl, siteIds, flags)),
    )
  sub('remove', 'take members and invites out of a closed network', REMOVE_HELP)
    .argument('<room-url>', 'the room URL: https://HOST/n/net-…')
    .argument('<key...>', 'siteIds of members, or keys of invites')
    .option('--yes', 'do not ask')
    .action(async (roomUrl: string, keys: readonly string[], flags: RemoveFlags) =>
      end(await removeCommand(roomUrl, keys, flags)),
    )
}

function appended(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function writerFor(json: boolean | undefined) {
  return json ? safeJson : networksWriter(ownStyle())
}

function createCommand(host: string, flags: CreateFlags): Promise<ExitCode> {
  return telling<NetworksEvent>(writerFor(flags.json), (tell) => create(createOptions(host, flags, process.env), tell))
}

function networksCommand(host: string | undefined, flags: ListFlags): Promise<ExitCode> {
  return telling<NetworksEvent>(writerFor(flags.json), (tell, ended) => {
    const { folder, ...wanted } = listOptions(host, flags, process.env)
    return host === undefined ? listKept(folder, tell) : listPublic(host, wanted, tell, progressLine(), ended)
  })
}

async function inviteCommand(roomUrl: string, flags: InviteFlags): Promise<ExitCode> {
  const style = ownStyle()
  // For a phone's camera there must be a screen, and one code at a time.
  const isShown = process.stdout.isTTY && !flags.json && !flags.list
  const code = isShown ? await qrCode(process.stdout.columns, style) : undefined
  return telling<NetworksEvent>(flags.json ? safeJson : networksWriter(style, code), (tell, ended) =>
    invite(roomUrl, inviteOptions(flags, process.env, Date.now()), tell, ended),
  )
}

function approveCommand(roomUrl: string, siteIds: readonly string[], flags: ApproveFlags): Promise<ExitCode> {
  return telling<NetworksEvent>(writerFor(flags.json), (tell, ended) => {
    const options = approveOptions(siteIds, flags, process.env, Date.now())
    const act = (ask?: Ask) =>
      approve(roomUrl, options, tell, ask && ((waiting) => verdictOn(waiting, ask, ended)), ended)
    return options.watch && options.whom === 'none' && !flags.json ? asking(ended, act) : act()
  })
}

async function verdictOn({ name }: Waiting, ask: Ask, ended: AbortSignal): Promise<Verdict> {
  const question = `Let ${safeText(name) || 'this one'} in? [y]es, [n]o, [l]ater, [q]uit: `
  for (;;) {
    const answer = await ask(question).catch((error: unknown) => {
      if (ended.aborted) return 'quit'
      throw error
    })
    const verdict = VERDICTS[answer.charAt(0)]
    if (verdict) return verdict
  }
}

/** An empty line, which is also what is read when the input has ended, decides nothing. */
const VERDICTS: Readonly<Record<string, Verdict>> = { y: 'approve', n: 'decline', l: 'later', q: 'stop', '': 'later' }

function removeCommand(roomUrl: string, keys: readonly string[], flags: RemoveFlags): Promise<ExitCode> {
  return telling<NetworksEvent>(writerFor(flags.json), (tell, ended) => {
    const options = removeOptions(keys, flags, process.env)
    const act = (ask?: Ask) => remove(roomUrl, options, tell, ask && ((meaning) => isAgreed(meaning, ask)), ended)
    return options.isConfirmed || flags.json ? act() : asking(ended, act)
  })
}

async function isAgreed(meaning: string, ask: Ask): Promise<boolean> {
  process.stderr.write(`${safeText(meaning)}\n`)
  return /^y(es)?$/.test(await ask('Go on? [y/N] '))
}
