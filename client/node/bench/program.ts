/** The command line of `edge-net bench`. */
import type { Command } from 'commander'
import type { ExitCode } from '../exit.ts'
import { BENCH_HELP } from '../help.ts'
import { ownIceServers } from '../options.ts'
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
    .option('--json', 'tell every number as one JSON object a line')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', BENCH_HELP)
    .action(async (roomUrl: string, flags: { json?: boolean }) => end(await benchCommand(roomUrl, flags)))
}

function benchCommand(roomUrl: string, flags: { readonly json?: boolean }): Promise<ExitCode> {
  const style = ownStyle()
  const progress = flags.json ? undefined : progressLine()
  return telling<BenchEvent>(flags.json ? safeJson : (event) => benchLines(event, style), async (tell, ended) => {
    const iceServers = ownIceServers(process.env)
    const show = (event: BenchEvent) => {
      progress?.clear()
      tell(event)
      if (event.event === 'measuring') progress?.show(measuringWords(event.what))
    }
    try {
      return await bench(roomUrl, iceServers ? { iceServers } : {}, show, ended)
    } finally {
      progress?.clear()
    }
  })
}
