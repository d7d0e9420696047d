/**
 * Gun, and everything about it that one has to know (0.2020.1241). Nobody else in this project touches it.
 *
 * - *Loading* prints a greeting and a warning to the console, and in a page sets `window.Gun`. `gun` itself, in Node, is a relay
 *   with a disk; `gun/gun.js` is the core, the same as in a page. The library is silent, so those two lines are left out.
 * - *Storage*: `localStorage` and `radisk` are on unless said otherwise. Nothing is kept here, not even Gun's graph: we
 *   speak through its mesh (DAM), which carries messages and keeps none.
 * - *Conflicts* (HAM) are decided where a graph is, at relays: of two values of one slot the later state wins, and of equal
 *   states the greater text. A state from the future is kept back until its time has come. So we date ours back by as much as
 *   clocks may differ, and rising: else a relay whose clock is behind would tell of them minutes late.
 * - *Values arrive again and again*: as answers, from each relay, after each reconnection; and never as a whole node, but nine
 *   slots at a time. Who reads must not mind.
 * - *Dedup* forgets an id after 9 s, by a timer that keeps a process alive. So does the one that follows each lost peer.
 * - *Reconnection* is each 2 s for ever in Node, and sixty times in a page. Here it is ours: Gun forgets a peer whose socket closes.
 * - *Sending* into a socket that is not open queues without a bound; ours drops instead. Links send again.
 * - *There is no end*: `close` takes its peers away, closes the sockets, lets no new ones be made and stops its timers.
 */
import { EdgeNetError } from '../../errors.ts'
import { CLOCK_TOLERANCE_MS } from './limits.ts'
import type { Place } from './records.ts'

/** Gun as it is exported by `gun/gun.js`: as much of it as is used. */
export type GunConstructor = new (options: object) => unknown

/** What Gun needs of a WebSocket. */
export interface GunSocket {
  onopen: ((event: unknown) => void) | null
  onclose: ((event: unknown) => void) | null
  onerror: ((event: unknown) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  send(text: string): void
  close(): void
}

interface GunPeer {
  readonly id: string
  readonly url: string
  defer?: ReturnType<typeof setTimeout>
}

interface GunRoot {
  readonly opt: {
    readonly mesh?: { hi(peer: GunPeer): void; say(message: object, peer?: GunPeer): unknown }
    readonly peers: Record<string, GunPeer>
  }
  readonly dup?: { to?: ReturnType<typeof setTimeout> | null }
}

/** With what the two lines begin that Gun prints while it is loaded. */
const LOADING_LINES = /^(Hello wonderful person! :\)|Warning: No localStorage exists)/

/** How long Gun's timer after a lost peer runs. It is 9 s unless said otherwise, and all it does is to note that it has ended. */
const LOST_PEER_MS = 1

/** Loads the core of Gun, which the application has installed. */
export async function loadGun(): Promise<GunConstructor> {
  const { log } = console
  const quiet = (...parts: unknown[]) => {
    if (!LOADING_LINES.test(String(parts[0]))) log.apply(console, parts)
  }
  console.log = quiet
  try {
    const loaded = (await import('gun/gun.js')) as unknown as { default: GunConstructor }
    return loaded.default
  } catch (cause) {
    const hint = 'npm install gun, or give gunCarrier the constructor: gunCarrier({ relays, gun: Gun }).'
    throw new EdgeNetError('unsupported', 'gun-missing', 'Gun could not be loaded.', hint, { cause })
  } finally {
    // Unless somebody else has put his own there meanwhile.
    if (console.log === quiet) console.log = log
  }
}

function silence(): void {}

/** Gun's mesh of one carrier. */
export class GunGraph {
  readonly #root: GunRoot
  #isClosed = false

  /** @param socketTo opens a socket to a relay; may throw */
  constructor(Gun: GunConstructor, socketTo: (url: string) => GunSocket) {
    const openSocket = (url: string) => {
      if (this.#isClosed) throw new Error('closed')
      return socketTo(url)
    }
    // Gun calls it with `new`; a constructor that returns an object is that object.
    const WebSocket = function (url: string) {
      return openSocket(url)
    }
    const none = { localStorage: false, radisk: false, axe: false, multicast: false, stats: false, ws: false }
    const gun = new Gun({ peers: {}, WebSocket, log: silence, lack: LOST_PEER_MS, ...none })
    this.#root = (gun as { _: GunRoot })._
    if (!this.#root.opt.mesh) {
      const hint = 'Give gunCarrier the Gun of gun 0.2020.1241: import Gun from "gun/gun.js".'
      throw new EdgeNetError('unsupported', 'gun-version', 'This Gun has no mesh.', hint)
    }
  }

  /** Has Gun open a socket to a relay. */
  connect(url: string): void {
    if (!this.#isClosed) this.#root.opt.mesh?.hi({ id: url, url })
  }

  /** Has Gun forget a relay, before it hears that the socket is closed: it does not reconnect then. */
  forget(url: string): void {
    clearTimeout(this.#root.opt.peers[url]?.defer)
    delete this.#root.opt.peers[url]
  }

  /** Asks a relay for what it has in a node, and for all that comes. */
  ask(url: string, soul: string): void {
    this.#say({ get: { '#': soul } }, url)
  }

  /** A greeting, which every relay answers. */
  ping(url: string): void {
    this.#say({ dam: '?', pid: (this.#root.opt as { pid?: string }).pid ?? 'edge-net' }, url)
  }

  /** Writes a value at all relays. `issuedAtMs` is by the best clock there is, and rises from one to the next. */
  write({ soul, slot }: Place, text: string, issuedAtMs: number): void {
    const state = issuedAtMs - CLOCK_TOLERANCE_MS
    this.#say({ put: { [soul]: { _: { '#': soul, '>': { [slot]: state } }, [slot]: text } } })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { peers } = this.#root.opt
    const { dup } = this.#root
    for (const url of Object.keys(peers)) this.forget(url)
    // It stays in its place: with a timer there, Gun sets no other.
    clearTimeout(dup?.to ?? undefined)
  }

  #say(message: object, url?: string): void {
    if (this.#isClosed) return
    const { mesh, peers } = this.#root.opt
    if (url === undefined) mesh?.say(message)
    else if (peers[url]) mesh?.say(message, peers[url])
  }
}
