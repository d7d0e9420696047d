/**
 * The other column of the user's table: the simulated peer-to-peer code that Edge-Net replaces. None of it is here. Where
 * EDGE_NET_PREDECESSOR names the folder of its package, two processes of it are started and asked; otherwise the column
 * says what reading it shows. Its networking (`network.js`) runs with `localSimulation: true`: an announcement is written
 * into one's own list of peers, and `sendToNode` answers `{ ok: true }` without sending.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/** What the predecessor has to show, cell by cell. */
export interface Predecessor {
  readonly discovery: string
  readonly latency: string
  readonly success: string
  readonly reconnection: string
  readonly note: string
}

/** What one process of it says of itself. */
interface Told {
  readonly id: string
  readonly readyMs: number
  /** Whom it lists, after {@link WAIT_MS}. */
  readonly peers: readonly string[]
  readonly sendMs: number
  readonly sendAnswer: string
  readonly againMs: number
}

/** Two and a half times what the user asks of discovery. */
const WAIT_MS = 5_000
const PROCESS_TIMEOUT_MS = 30_000

export async function predecessor(): Promise<Predecessor> {
  const folder = process.env['EDGE_NET_PREDECESSOR']
  return folder === undefined || folder === '' ? asRead() : asMeasured(resolve(folder))
}

function asRead(): Predecessor {
  return {
    discovery: 'lists itself; never another',
    latency: '“ok” at once; nothing is sent',
    success: '0 % (all joins “succeed”)',
    reconnection: 'there is no connection',
    note: 'The other column is the predecessor’s simulated peer-to-peer code, from reading its `network.js`: `localSimulation` is on, an announcement goes into one’s own list of peers, `sendToNode` returns success without sending, requests for peers and entries return empty lists. Set EDGE_NET_PREDECESSOR to its package’s folder to have it measured.',
  }
}

async function asMeasured(folder: string): Promise<Predecessor> {
  const [a, b] = await Promise.all([ask(folder, 'a'), ask(folder, 'b')])
  const met = a.peers.includes(b.id) || b.peers.includes(a.id)
  const seconds = WAIT_MS / 1_000
  return {
    discovery: met ? 'found the other' : `“ready” in ${a.readyMs.toFixed(0)} ms, other not found in ${seconds} s`,
    latency: `“${a.sendAnswer}” in ${a.sendMs.toFixed(2)} ms, ${met ? 'unknown' : 'nothing sent'}`,
    success: met ? 'unknown' : `0 % (0 of 2 know the other; each lists ${a.peers.length}: itself)`,
    reconnection: `“ready” again in ${a.againMs.toFixed(0)} ms, connected to nobody`,
    note: `The other column is the predecessor’s simulated peer-to-peer code, measured in this run: two processes of its \`network.js\`, side by side for ${seconds} s; what it says of itself stands in quotes.`,
  }
}

/** Starts one process of it with a home of its own, and has it say what it sees. */
async function ask(folder: string, id: string): Promise<Told> {
  const home = await mkdtemp(join(tmpdir(), 'edge-net-predecessor-'))
  try {
    const args = ['--input-type=module', '--eval', questions(pathToFileURL(join(folder, 'network.js')).href, id)]
    const env = { PATH: process.env['PATH'] ?? '', HOME: home }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: PROCESS_TIMEOUT_MS })
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Told
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function questions(module: string, id: string): string {
  return `
    const { NetworkManager } = await import(${JSON.stringify(module)})
    const identity = { piKey: 'pi-key-of-${id}', publicKey: 'public-key-of-${id}', siteId: 'site-${id}' }
    const timed = async (act) => {
      const startMs = performance.now()
      const result = await act()
      return { ms: performance.now() - startMs, result }
    }
    const network = new NetworkManager(identity)
    const ready = await timed(() => network.initialize())
    await new Promise((resolve) => setTimeout(resolve, ${WAIT_MS}))
    const peers = network.getPeers().map((peer) => peer.piKey)
    const other = { piKey: 'pi-key-of-${id === 'a' ? 'b' : 'a'}' }
    const sent = await timed(() => network.peerManager.sendToNode(other, { text: 'hello' }))
    network.stop()
    const again = await timed(() => new NetworkManager(identity).initialize())
    console.log('\\n' + JSON.stringify({
      id: identity.piKey, readyMs: ready.ms, peers, sendMs: sent.ms, sendAnswer: JSON.stringify(sent.result), againMs: again.ms,
    }))
    process.exit(0)`
}
