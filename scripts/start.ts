/**
 * `npm start`: the service with its page on this machine, and what a person does next. Everything stays local: STUN
 * servers are used only when EDGE_NET_STUN_URLS names them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { build } from './build.ts'
import { ROOT, toolEnvironment } from './process.ts'

const DEFAULT_PORT = 8787
/** Loopback only: without TLS no other machine's browser would have WebCrypto or WebRTC anyway. */
const ADDRESS = '127.0.0.1'
/** wrangler answers after 2 to 4 s; a loaded machine takes several times as long. */
const READY_WITHIN_MS = 60_000
const READY_POLL_MS = 100
/** wrangler stops workerd in about 200 ms; what is left after this long is killed. */
const STOP_WITHIN_MS = 3_000

/** Of what wrangler says, for the case that it fails: its last words tell why. */
const KEPT_CHARACTERS = 16_384
const PARENT_POLL_MS = 500

class StartError extends Error {}

async function start(): Promise<void> {
  const port = portFrom(process.env['EDGE_NET_PORT'])
  await assertFree(port)
  await build()

  const wrangler = startWrangler(port)
  let output = ''
  const keep = (text: string) => (output = (output + text).slice(-KEPT_CHARACTERS))
  wrangler.stdout?.setEncoding('utf8').on('data', keep)
  wrangler.stderr?.setEncoding('utf8').on('data', keep)

  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    signalGroup(wrangler, 'SIGTERM')
    setTimeout(() => signalGroup(wrangler, 'SIGKILL'), STOP_WITHIN_MS).unref()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  whenAbandoned(stop)
  process.on('exit', () => signalGroup(wrangler, 'SIGKILL'))

  const ended = new Promise<void>((resolve, reject) => {
    wrangler.on('error', reject)
    wrangler.on('close', (code) =>
      stopping ? resolve() : reject(new StartError(`wrangler ended with ${code}\n\n${output.trim()}`)),
    )
  })
  const ready = async () => {
    const healthy = await waitUntilHealthy(port, () => stopping)
    if (stopping) return
    if (!healthy) throw new StartError(`no answer within ${READY_WITHIN_MS / 1_000} s\n\n${output.trim()}`)
    // From here on wrangler has nothing to say that the page or the command does not say better.
    output = ''
    wrangler.stdout?.off('data', keep).resume()
    console.log(welcome(port))
  }
  await Promise.all([ended, ready()])
}

/** npm passes SIGTERM to its shell, and the shell ends without telling us: then our parent is another process. */
function whenAbandoned(stop: () => void): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && stop(), PARENT_POLL_MS).unref()
}

function portFrom(text: string | undefined): number {
  const port = text ? Number(text) : DEFAULT_PORT
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StartError(`EDGE_NET_PORT is not a port: ${text}\nhint: a number between 1 and 65535`)
}

function assertFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      const what = taken
        ? `Port ${port} is taken by another program.`
        : `Cannot listen on port ${port}: ${error.message}`
      reject(new StartError(`${what}\nhint: choose another: EDGE_NET_PORT=${port + 1} npm start`))
    })
    probe.listen(port, ADDRESS, () => probe.close(() => resolve()))
  })
}

function startWrangler(port: number): ChildProcess {
  const args = ['dev', '--ip', ADDRESS, '--port', String(port), '--show-interactive-dev-session=false']
  const stunUrls = process.env['EDGE_NET_STUN_URLS'] ?? ''
  return spawn('wrangler', [...args, '--var', `EDGE_NET_STUN_URLS:${stunUrls}`], {
    cwd: ROOT,
    // Local tracing makes a routed message 5 to 20 times dearer than the message itself.
    env: { ...toolEnvironment(), X_LOCAL_OBSERVABILITY: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that workerd ends with it whatever happens.
    detached: true,
  })
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // ESRCH: all of them have ended already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function waitUntilHealthy(port: number, stopped: () => boolean): Promise<boolean> {
  const deadlineMs = performance.now() + READY_WITHIN_MS
  while (performance.now() < deadlineMs && !stopped()) {
    if (await isHealthy(port)) return true
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS))
  }
  return false
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://${ADDRESS}:${port}/health`)).ok
  } catch {
    return false
  }
}

function welcome(port: number): string {
  const roomUrl = `http://localhost:${port}/n/mainnet`
  return `
  Edge-Net is running. Open this room in two tabs:

    ${roomUrl}

  and join it from a terminal:

    npx edge-net join ${roomUrl}

  Ctrl-C stops it.
`
}

try {
  await start()
} catch (error) {
  console.error(error instanceof StartError ? error.message : error)
  // Timers and pipes of a failed start shall not keep the terminal.
  process.exit(1)
}
