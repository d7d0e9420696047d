/** The command line of `edge-net bench`. */
import type { Command } from 'commander'
import type { ExitCode } from '../exit.ts'
import { BENCH_HELP } from '../help.ts'
import { identityOption } from '../identity-option.ts'
import { folderOf, ownIceServers } from '../options.ts'
import { progressLine } from '../progress-line.ts'
import { telling } from '../telling.ts'
import { ownStyle, safeJson } from '../terminal.ts'
import { bench } from './bench.ts'
import { benchLines, measuringWords, type BenchEvent } from './report.ts'

/** Adds `bench`. @param end called with the exit code of what was done */
export function addBenchCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('bench')
    .description('measure what this machine and a room reach, each number beside a control')
    .argument('<room-url>', 'the room URL: https://HOST/n/NETWORK')
    .option('--data <folder>', 'whose member you are, in a network that has members (EDGE_NET_DATA)')
    .addOption(identityOption())
    .option('--json', 'tell every number as one JSON object a line')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', BENCH_HELP)
    .action(async (roomUrl: string, flags: BenchFlags) => end(await benchCommand(roomUrl, flags)))
}

interface BenchFlags {
  readonly json?: boolean
  readonly data?: string
}

function benchCommand(roomUrl: string, flags: BenchFlags): Promise<ExitCode> {
  const style = ownStyle()
  const progress = flags.json ? undefined : progressLine()
  return telling<BenchEvent>(flags.json ? safeJson : (event) => benchLines(event, style), async (tell, ended) => {
    const iceServers = ownIceServers(process.env)
    const folder = folderOf(flags.data, process.env)
    const show = (event: BenchEvent) => {
      progress?.clear()
      tell(event)
      if (event.event === 'measuring') progress?.show(measuringWords(event.what))
    }
    try {
      return await bench(roomUrl, { folder, ...(iceServers && { iceServers }) }, show, ended)
    } finally {
      progress?.clear()
    }
  })
}
