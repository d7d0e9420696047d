/** The command line of `edge-net`: its sub-commands, arguments and help. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addBenchCommand } from './bench/program.ts'
import { markDashedIds, unmarkDashedIds, unmarked } from './dashed-ids.ts'
import { examine } from './doctor/doctor.ts'
import { checkingWords, doctorLines, type DoctorEvent } from './doctor/report.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { gunRelaysOf } from './gun.ts'
import { DOCTOR_HELP, JOIN_HELP, PING_HELP } from './help.ts'
import { addIdentityCommand } from './identity-command/program.ts'
import { heedIdentityOption, identityOption } from './identity-option.ts'
import { addLedgerCommand } from './ledger-command/program.ts'
import { sayIfNoEngine } from './missing-engine.ts'
import { addNetworksCommands } from './networks-command/program.ts'
import { folderOf, ownIceServers, pingOptions, stayOptions, type Flags, type PingFlags } from './options.ts'
import { ping } from './ping/ping.ts'
import { pingLines, type PingEvent } from './ping/report.ts'
import { progressLine } from './progress-line.ts'
import { jsonWriter, plainWriter, type CommandEvent } from './report.ts'
import { addServeCommand } from './serve/program.ts'
import { stay } from './stay.ts'
import { telling } from './telling.ts'
import { ownStyle, safeJson } from './terminal.ts'

/** Runs the command and resolves with its exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = new Command('edge-net')
    .description('Peer-to-peer compute networks: one room URL is all a network needs.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(unmarked(text).replace(/^error: /, 'edge-net: ')) })
    .showHelpAfterError('hint: edge-net --help')
  program
    .command('join')
    .description('join a room, tell who is there and how they are reached, and talk to them')
    .argument('<room-url>', 'the room URL: https://HOST/n/NETWORK')
    .option('--name <name>', 'how others see you; at most 64 bytes (EDGE_NET_NAME)')
    .option('--message <text>', 'send this to every peer as it is met')
    .option('--for <seconds>', 'leave by itself after this time')
    .option('--json', 'tell every event as one JSON object a line')
    .option('--direct <on|off>', 'off: no WebRTC, so that no peer learns your address', 'on')
    .option('--relay-only', 'no WebRTC except through TURN servers (EDGE_NET_ICE_TRANSPORT_POLICY=relay)')
    .option('--contribute', 'compute for the network, and record every finished piece in its ledger')
    .option('--share <percent>', 'of one processor core, for --contribute: 50 if it is left out')
    .option('--data <folder>', 'where identity and ledger are kept (EDGE_NET_DATA)')
    .addOption(identityOption())
    .option('--no-ledger', 'take no part in the ledger')
    .option('--invite <link>', 'a link or a code that lets you into a private network (EDGE_NET_INVITE)')
    .option('--ask [note]', 'ask to be let in, and wait for it; the note is for those who decide')
    .option('--gun <url>', 'a Gun relay for when the room cannot be reached; may be repeated (EDGE_NET_GUN)', collected)
    .option('--ephemeral', 'keep nothing: an identity and a ledger of the moment')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', JOIN_HELP)
    .action(async (roomUrl: string, flags: Flags) => {
      code = await joinCommand(roomUrl, flags)
    })
  program
    .command('ping')
    .description('measure round trips to a peer, or to all, over whatever path there is')
    .argument('<room-url>', 'the room URL: https://HOST/n/NETWORK')
    .argument('[peer]', 'an id, the beginning of one, or a name; everybody if it is left out')
    .option('--count <n>', 'pings for each peer; otherwise until Ctrl-C')
    .option('--interval <seconds>', 'between two pings; at least 0.1', '1')
    .option('--wait <seconds>', 'for the peer, or for anybody, to appear', '10')
    .option('--json', 'tell every event as one JSON object a line')
    .option('--name <name>', 'how others see you; at most 64 bytes (EDGE_NET_NAME)')
    .option('--direct <on|off>', 'off: no WebRTC, so that no peer learns your address', 'on')
    .option('--relay-only', 'no WebRTC except through TURN servers (EDGE_NET_ICE_TRANSPORT_POLICY=relay)')
    .option('--data <folder>', 'whose member you are, in a network that has members (EDGE_NET_DATA)')
    .addOption(identityOption())
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', PING_HELP)
    .action(async (roomUrl: string, peer: string | undefined, flags: PingFlags) => {
      code = await pingCommand(roomUrl, peer, flags)
    })
  program
    .command('doctor')
    .description('find out what works from here to a room, and what would help')
    .argument('<room-url>', 'the room URL: https://HOST/n/NETWORK')
    .option('--data <folder>', 'whose member you are, in a network that has members (EDGE_NET_DATA)')
    .addOption(identityOption())
    .option('--json', 'tell every finding as one JSON object a line')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (roomUrl: string, flags: DoctorFlags) => {
      code = await doctorCommand(roomUrl, flags)
    })
  addLedgerCommand(program, (ended) => {
    code = ended
  })
  addIdentityCommand(program, (ended) => {
    code = ended
  })
  unmarkDashedIds(program)
  heedIdentityOption(program)
  addBenchCommand(program, (ended) => {
    code = ended
  })
  addNetworksCommands(program, (ended) => {
    code = ended
  })
  addServeCommand(program, (ended) => {
    code = ended
  })
  try {
    await program.parseAsync(markDashedIds(argv), { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}

function joinCommand(roomUrl: string, flags: Flags): Promise<ExitCode> {
  const write = flags.json ? jsonWriter() : plainWriter(ownStyle())
  return telling<CommandEvent>(write, async (tell, ended) => {
    const options = stayOptions(flags, process.env)
    if (options.join.direct === 'on') await sayIfNoEngine()
    return stay(roomUrl, options, { input: process.stdin, tell, ended, onAsked: onExplainSignal })
  })
}

function pingCommand(roomUrl: string, peer: string | undefined, flags: PingFlags): Promise<ExitCode> {
  const painted = ownStyle()
  return telling<PingEvent>(flags.json ? safeJson : (event) => pingLines(event, painted), async (tell, ended) => {
    const options = pingOptions(flags, process.env)
    if (options.join.direct === 'on') await sayIfNoEngine()
    return ping(roomUrl, peer, options, tell, ended)
  })
}

interface DoctorFlags {
  readonly json?: boolean
  readonly data?: string
}

function doctorCommand(roomUrl: string, flags: DoctorFlags): Promise<ExitCode> {
  const painted = ownStyle()
  const write = flags.json ? safeJson : (event: Parameters<typeof doctorLines>[0]) => doctorLines(event, painted)
  const progress = flags.json ? undefined : progressLine()
  return telling<DoctorEvent>(write, async (tell, ended) => {
    const iceServers = ownIceServers(process.env)
    const gunRelays = gunRelaysOf(undefined, process.env)
    const folder = folderOf(flags.data, process.env)
    try {
      return await examine(
        roomUrl,
        { folder, ...(iceServers && { iceServers }), ...(gunRelays.length > 0 && { gunRelays }) },
        (event) => {
          progress?.clear()
          tell(event)
          if (event.event === 'checking') progress?.show(checkingWords(event.check))
        },
        ended,
      )
    } finally {
      progress?.clear()
    }
  })
}

/** The values of an option that may be given several times. */
function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** SIGUSR1 starts Node's debugger. Windows has neither. */
const EXPLAIN_SIGNAL = 'SIGUSR2'

function onExplainSignal(explainAll: () => void): () => void {
  process.on(EXPLAIN_SIGNAL, explainAll)
  return () => void process.off(EXPLAIN_SIGNAL, explainAll)
}

/** Both `client/node` and the built `dist/npm` lie two levels below the package. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
