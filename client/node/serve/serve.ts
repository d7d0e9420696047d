/** `edge-net serve`: the service on a machine of one's own, with what it stores in a folder. */
import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import { reasonOf } from '../data-folder.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { FileLock } from '../ledger/file-lock.ts'
import { nodeSqlite } from '../ledger/sqlite.ts'
import { UsageError } from '../usage-error.ts'
import { openFront, type Front } from './front.ts'
import { serveOptions, type ServeFlags, type ServeOptions } from './options.ts'
import { isLoopback, type ServeEvent } from './report.ts'
import { startRuntime, type Runtime } from './runtime.ts'
import { serviceDescription, workerConfig } from './service-files.ts'

/**
 * Serves until told to end.
 *
 * @param log gets the lines that the service logs
 * @throws UsageError, CommandFailure
 */
export async function serve(
  flags: ServeFlags,
  tell: (event: ServeEvent) => void,
  log: (line: string) => void,
  ended: AbortSignal,
): Promise<ExitCode> {
  const description = await serviceDescription()
  const options = serveOptions(flags, process.env, description.variables)
  const folder = join(options.folder, 'service')
  await makeFolder(folder)
  const lock = takeLock(folder)
  const started = Promise.withResolvers<URL>()
  // Only requests wait for it, and there may be none.
  started.promise.catch(() => undefined)
  let front: Front | undefined
  let runtime: Runtime | undefined
  try {
    // Before the rest, which takes a second: an address that is taken is told at once.
    front = await opened(options, started.promise)
    runtime = await startRuntime(await workerConfig(description, options.variables), folder, log)
    started.resolve(runtime.url)
    const { host } = options
    const { port } = front
    if (!ended.aborted) tell({ event: 'listening', host, port, roomUrl: roomUrlOf(host, port), folder })
    await untilAborted(ended)
  } catch (error) {
    started.reject(error)
    throw error
  } finally {
    await front?.close()
    await runtime?.stop()
    lock.close()
  }
  tell({ event: 'stopped' })
  return EXIT.ok
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.W_OK)
  } catch (cause) {
    const message = `Nothing can be kept in ${folder}: ${reasonOf(cause)}.`
    throw new UsageError(message, 'Choose another folder with --data or EDGE_NET_DATA.', { cause })
  }
}

/** Two services that write the same files would ruin them. */
function takeLock(folder: string): FileLock {
  const lock = new FileLock(nodeSqlite(), join(folder, 'lock'))
  if (lock.tryTake()) return lock
  lock.close()
  const message = `Another edge-net serve keeps its data in ${folder}.`
  throw new CommandFailure('folder-taken', message, 'Stop that one, or choose another folder with --data.')
}

async function opened({ host, port, proxies }: ServeOptions, upstream: Promise<URL>): Promise<Front> {
  try {
    return await openFront({ host, port, proxies, upstream })
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'listen'
    if (code === 'EADDRINUSE') {
      const hint = `Choose another: edge-net serve --port ${port + 1}`
      throw new CommandFailure('port-taken', `Port ${port} is taken by another program.`, hint, { cause })
    }
    const message = `Cannot listen on ${host}, port ${port}: ${reasonOf(cause)}.`
    throw new CommandFailure(code, message, LISTEN_HINTS[code] ?? 'Check --host and --port.', { cause })
  }
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Ports below 1024 need rights: choose a higher one, and let a reverse proxy have 443.',
  EADDRNOTAVAIL: 'This machine has no such address: 127.0.0.1 is for itself alone, 0.0.0.0 for all it has.',
  ENOTFOUND: '--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0.',
}

/** As a browser on this machine reaches it, by a name that browsers trust without TLS. */
function roomUrlOf(host: string, port: number): string {
  const isAny = host === '0.0.0.0' || host === '::'
  const name = isAny || isLoopback(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}/n/mainnet`
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
