/** The command line of `edge-net`: its arguments, help, streams and signals. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { EdgeNetError } from '../errors.ts'
import { nodeEngine } from './engine.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { stayOptions, UsageError, type Flags } from './options.ts'
import { errorRecord, jsonWriter, plainWriter, type CommandEvent, type ErrorRecord } from './report.ts'
import { exitCodeFor, stay } from './stay.ts'
import { safeText, styleFor, wantsColour } from './terminal.ts'

/** Runs the command and resolves with its exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = new Command('edge-net')
    .description('Peer-to-peer compute networks: one room URL is all a network needs.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'edge-net: ')) })
    .showHelpAfterError('hint: edge-net join --help')
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
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', JOIN_HELP)
    .action(async (roomUrl: string, flags: Flags) => {
      code = await joinCommand(roomUrl, flags)
    })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}

const JOIN_HELP = `
What you type is sent to everybody, a line a message; it waits while nobody is there.
Ctrl-C leaves: the room and the peers are told.

Examples:
  edge-net join https://edge.example/n/mainnet
  edge-net join https://edge.example/n/mainnet --name build-server --direct off
  echo "done" | edge-net join https://edge.example/n/mainnet --for 10
  edge-net join https://edge.example/n/mainnet --json | jq -c 'select(.event == "message") | .text'

Environment:
  EDGE_NET_NAME                   as --name
  EDGE_NET_ICE_TRANSPORT_POLICY   all, or relay as --relay-only
  EDGE_NET_STUN_SERVERS           STUN URLs, separated by commas, instead of the room's
  EDGE_NET_TURN_URL, EDGE_NET_TURN_USERNAME, EDGE_NET_TURN_CREDENTIAL
                                  a TURN server of your own, instead of the room's
  NO_COLOR                        no colour

JSON events, each with "event" and "sinceMs":
  phase, joined, state, announced, peer, peer-left, path, rtt, total, message, sent, error, left, failed

Exit codes:
  0    left in good order
  1    failed
  2    wrong arguments or environment
  3    refused by the room
  4    the room cannot be reached
  130  interrupted before it had joined`

async function joinCommand(roomUrl: string, flags: Flags): Promise<ExitCode> {
  const startedAtMs = performance.now()
  const write = flags.json ? jsonWriter() : plainWriter(styleFor(wantsColour(process.stdout.isTTY, process.env)))
  const tell = (event: CommandEvent) => {
    const line = write({ ...event, sinceMs: Math.round((performance.now() - startedAtMs) * 10) / 10 })
    if (line !== undefined) process.stdout.write(`${line}\n`)
  }
  const ending = endOfProcess()
  try {
    const options = stayOptions(flags, process.env)
    if (options.join.direct === 'on' && !(await nodeEngine())) process.stderr.write(NO_ENGINE)
    return await stay(roomUrl, options, { input: process.stdin, tell, ended: ending.signal })
  } catch (error) {
    const exitCode = error instanceof UsageError ? EXIT.usage : exitCodeFor(error)
    const record = recordOf(error)
    process.stderr.write(`edge-net: ${safeText(record.message)}\n`)
    if (record.hint) process.stderr.write(`hint: ${safeText(record.hint)}\n`)
    tell({ event: 'failed', error: record, exitCode })
    return exitCode
  } finally {
    ending.forget()
  }
}

function recordOf(error: unknown): ErrorRecord {
  if (error instanceof EdgeNetError) return errorRecord(error)
  if (error instanceof UsageError) {
    return { code: 'invalid-argument', reason: 'usage', message: error.message, hint: error.hint }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'failure', reason: '', message, hint: '' }
}

/** The first signal asks to leave in good order; the second does not wait. So does a reader that has gone. */
function endOfProcess(): { readonly signal: AbortSignal; forget(): void } {
  const ending = new AbortController()
  const onSignal = () => {
    if (ending.signal.aborted) process.exit(EXIT.interrupted)
    ending.abort()
  }
  const onOutputError = () => ending.abort()
  for (const name of SIGNALS) process.on(name, onSignal)
  process.stdout.on('error', onOutputError)
  return {
    signal: ending.signal,
    forget() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

const NO_ENGINE = `edge-net: there is no WebRTC engine here; messages go through the room, sealed.
hint: npm install node-datachannel
`

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Both `client/node` and the built `dist/npm` lie two levels below the package. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
