/** The command line of `edge-net serve`. */
import type { Command } from 'commander'
import type { ExitCode } from '../exit.ts'
import { SERVE_HELP } from '../help.ts'
import { telling } from '../telling.ts'
import { safeJson, safeText } from '../terminal.ts'
import type { ServeFlags } from './options.ts'
import { serveLines, type ServeEvent } from './report.ts'

/** Adds `serve`. @param end called with the exit code of what was done */
export function addServeCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('serve')
    .description('run the service on this machine, without Cloudflare')
    .option('--port <port>', 'where to listen: 8787 if it is left out (EDGE_NET_PORT)')
    .option('--host <address>', 'on which of its addresses; 0.0.0.0 for all', '127.0.0.1')
    .option('--data <folder>', 'where the service keeps what it stores (EDGE_NET_DATA)')
    .option('--stun <urls>', 'STUN servers for peers, separated by commas; "" for none (EDGE_NET_STUN_URLS)')
    .option('--proxy <addresses>', 'reverse proxies on other machines whose X-Forwarded headers are believed')
    .option('--json', 'tell every event as one JSON object a line')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', SERVE_HELP)
    .action(async (flags: ServeFlags) => end(await serveCommand(flags)))
}

function serveCommand(flags: ServeFlags): Promise<ExitCode> {
  return telling<ServeEvent>(flags.json ? safeJson : serveLines, async (tell, ended) => {
    // What only this one needs is loaded only for it.
    const { serve } = await import('./serve.ts')
    return serve(flags, tell, (line) => process.stderr.write(`${safeText(line)}\n`), ended)
  })
}
