/** The Worker under Miniflare, on a port of this machine that nobody else is told of. */
import { readFile } from 'node:fs/promises'
import type * as miniflareModule from 'miniflare'
import { CommandFailure } from '../command-failure.ts'
import type { WorkerConfig } from './service-files.ts'

export interface Runtime {
  readonly url: URL
  stop(): Promise<void>
}

/**
 * @param folder keeps what Durable Objects store
 * @param log gets what the Worker and workerd say, line by line
 * @throws CommandFailure when Miniflare is not installed, or does not start
 */
export async function startRuntime(
  config: WorkerConfig,
  folder: string,
  log: (line: string) => void,
): Promise<Runtime> {
  const { Miniflare, Log, LogLevel } = await loadMiniflare()
  class LineLog extends Log {
    protected override log(message: string): void {
      log(message)
    }
  }
  const forgetSignals = rememberSignals()
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    // It would ask Cloudflare where this machine is, and count its users.
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    log: new LineLog(LogLevel.ERROR),
    handleStructuredLogs: ({ message }) => log(message),
    resourcePersistencePath: folder,
    workers: [{ config }],
  })
  try {
    const url = await miniflare.ready
    return { url, stop: () => miniflare.dispose() }
  } catch (cause) {
    await miniflare.dispose().catch(() => undefined)
    const message = `The service does not start: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new CommandFailure('runtime', message, 'What stands above says more.', { cause })
  } finally {
    forgetSignals()
  }
}

async function loadMiniflare(): Promise<typeof miniflareModule> {
  try {
    return await import('miniflare')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const message = 'Miniflare, which runs the service outside of Cloudflare, is not installed.'
    throw new CommandFailure('miniflare-missing', message, `npm install miniflare@${await testedVersion()}`, { cause })
  }
}

/** The least one that is allowed is the one that this was tested with: later ones are betas that may differ. */
async function testedVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { peerDependencies } = JSON.parse(text) as { peerDependencies: { miniflare: string } }
  return peerDependencies.miniflare.replace(/^>=/, '')
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Miniflare ends the process at a signal; how this one ends is decided elsewhere. @returns undoes what was added since */
function rememberSignals(): () => void {
  const before = new Map(SIGNALS.map((name) => [name, new Set(process.listeners(name))]))
  return () => {
    for (const [name, known] of before) {
      for (const listener of process.listeners(name)) if (!known.has(listener)) process.off(name, listener)
    }
  }
}
