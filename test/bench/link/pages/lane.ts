/**
 * A lane is one end of one pair of peers inside a page, and a page holds many. What a lane sends, hears and writes down
 * is the same for ours and for the control; only how it is carried differs.
 */
import { wiredConnection } from './wired-connection.ts'

/** How a message travels. Ours decides by itself and is not asked; the control has a socket and a channel. */
export type Via = 'relay' | 'direct'
export type Side = 'ours' | 'bare'

/** Everything a lane is told when it joins; plain data, since it comes from the harness. */
export interface Plan {
  readonly lane: string
  readonly roomUrl: string
  /** False: the relay is the only path. */
  readonly direct: boolean
  /** True: direct paths pass through the harness's wires. */
  readonly wired: boolean
  /** What the control needs of the SDK, and the harness has prepared. */
  readonly raw?: RawPlan
}

export interface RawPlan {
  readonly otherId: string
  /** One ticket per connection of the socket. */
  readonly tickets: readonly string[]
  /** The joiner offers. */
  readonly offers: boolean
}

export interface Mark {
  readonly step: string
  readonly atMs: number
}

/** What carries a lane's messages. */
export interface End {
  /** Resolves when more may be sent. */
  send(data: string | Uint8Array<ArrayBuffer>, via: Via): Promise<void>
  leave(): Promise<void>
  /** The control's: makes a new connection, as an application would that knows that the network is back. */
  offer?(): Promise<void>
}

export type Enter = (plan: Plan, lane: Lane, engine: typeof RTCPeerConnection) => Promise<End>

/** What the harness calls. Times are on the clock that all pages of a machine share. */
export interface Lanes {
  join(plan: Plan): void
  leave(lane: string): Promise<void>
  reached(lane: string, step: string, times: number): Promise<number>
  offer(lane: string): Promise<void>
  /** Sends a message every so often until {@link still}. */
  stream(lane: string, intervalMs: number, via: Via): void
  still(lane: string): void
  /** Round trips, in ms; with interval 0 one after the other. */
  ping(lane: string, count: number, intervalMs: number, via: Via): Promise<number[]>
  /** Sends this many bytes and resolves with the milliseconds until the other end had them all. */
  bulk(lane: string, bytes: number, chunkBytes: number): Promise<number>
  read(lane: string): { marks: readonly Mark[]; arrivals: readonly number[]; latencies: readonly number[] }
  readonly failures: readonly string[]
}

declare global {
  var lanes: Lanes
  /** The harness's. */
  function standInFor(lane: string, port: number): Promise<number>
}

export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

interface Waiter {
  readonly step: string
  readonly times: number
  readonly resolve: (atMs: number) => void
}

export class Lane {
  readonly marks: Mark[] = []
  /** When each message of the stream arrived, and how long it had been under way. */
  readonly arrivals: number[] = []
  readonly latencies: number[] = []
  readonly pongs = new Map<string, (atMs: number) => void>()
  bulkDone: () => void = () => {}
  ticking: ReturnType<typeof setInterval> | undefined
  readonly #waiting: Waiter[] = []
  #bulkBytesLeft = 0
  readonly #end: () => Promise<End>

  constructor(end: () => Promise<End>) {
    this.#end = end
  }

  mark(step: string): void {
    this.marks.push({ step, atMs: nowMs() })
    for (const waiter of this.#waiting) this.#settle(waiter)
  }

  reached(step: string, times: number): Promise<number> {
    return new Promise((resolve) => {
      const waiter = { step, times, resolve }
      this.#waiting.push(waiter)
      this.#settle(waiter)
    })
  }

  /** The other end is known: say something at once. */
  seen(end: End): void {
    this.mark('seen')
    end.send('hello', 'relay').catch(fail)
  }

  heard(data: string | Uint8Array, via: Via): void {
    if (typeof data !== 'string') return this.#heardBulk(data.length)
    const rest = data.slice(1)
    switch (data.charAt(0)) {
      case 'h':
        return this.mark('message')
      case 's': {
        const atMs = nowMs()
        this.arrivals.push(atMs)
        this.latencies.push(atMs - Number(rest))
        return
      }
      case 'p':
        return this.#say(`e${rest}`, via)
      case 'e':
        return this.pongs.get(rest)?.(nowMs())
      case 'b':
        this.#bulkBytesLeft = Number(rest)
        return
      case 'd':
        return this.bulkDone()
      default:
        throw new Error(`Nobody says "${data}" here.`)
    }
  }

  #heardBulk(length: number): void {
    this.#bulkBytesLeft -= length
    if (this.#bulkBytesLeft === 0) this.#say('d', 'direct')
  }

  #say(text: string, via: Via): void {
    this.#end()
      .then((end) => end.send(text, via))
      .catch(fail)
  }

  #settle({ step, times, resolve }: Waiter): void {
    const reached = this.marks.filter((candidate) => candidate.step === step)[times - 1]
    if (reached) resolve(reached.atMs)
  }
}

const failures: string[] = []
const open = new Map<string, { readonly lane: Lane; readonly end: Promise<End> }>()
let latest: Lane | undefined

export function fail(cause: unknown): void {
  failures.push(cause instanceof Error ? `${cause.message} ${cause.stack ?? ''}` : String(cause))
}

/** Publishes the page to the harness. */
export function offerLanes(enter: Enter): void {
  markRoomWords()
  const at = (name: string) => {
    const found = open.get(name)
    if (!found) throw new Error(`There is no lane "${name}".`)
    return found
  }
  globalThis.lanes = {
    failures,
    join: (plan) => {
      const lane = new Lane(() => at(plan.lane).end)
      latest = lane
      const engine = plan.wired ? wiredConnection((port) => standInFor(plan.lane, port)) : RTCPeerConnection
      lane.mark('join')
      const end = enter(plan, lane, engine)
      end.catch(fail)
      open.set(plan.lane, { lane, end })
    },
    leave: async (name) => {
      const { lane, end } = open.get(name) ?? {}
      clearInterval(lane?.ticking)
      open.delete(name)
      await (await end)?.leave()
    },
    reached: (name, step, times) => at(name).lane.reached(step, times),
    offer: async (name) => (await at(name).end).offer?.(),
    stream: (name, intervalMs, via) => {
      const { lane, end } = at(name)
      clearInterval(lane.ticking)
      void end.then((ready) => {
        lane.ticking = setInterval(() => void ready.send(`s${nowMs()}`, via).catch(fail), intervalMs)
      })
    },
    still: (name) => clearInterval(at(name).lane.ticking),
    ping: async (name, count, intervalMs, via) => {
      const { lane, end } = at(name)
      const ready = await end
      const once = async (id: number) => {
        const sentMs = nowMs()
        const answered = new Promise<number>((resolve) => lane.pongs.set(String(id), resolve))
        await ready.send(`p${id}`, via)
        return (await answered) - sentMs
      }
      const trips: Promise<number>[] = []
      for (let id = 0; id < count; id++) {
        const trip = once(id)
        trips.push(trip)
        await (intervalMs === 0 ? trip : new Promise((resolve) => setTimeout(resolve, intervalMs)))
      }
      return Promise.all(trips)
    },
    bulk: async (name, bytes, chunkBytes) => {
      const { lane, end } = at(name)
      const ready = await end
      const chunk = crypto.getRandomValues(new Uint8Array(chunkBytes))
      const done = new Promise<void>((resolve) => (lane.bulkDone = resolve))
      const startMs = nowMs()
      await ready.send(`b${bytes}`, 'direct')
      for (let sent = 0; sent < bytes; sent += chunkBytes) await ready.send(chunk, 'direct')
      await done
      return nowMs() - startMs
    },
    read: (name) => {
      const { marks, arrivals, latencies } = at(name).lane
      return { marks, arrivals, latencies }
    },
  }
}

/** Marks when the room tells of a member, before the code under test hears of it. */
function markRoomWords(): void {
  globalThis.WebSocket = new Proxy(WebSocket, {
    construct: (target, args) => {
      const socket = Reflect.construct(target, args) as WebSocket
      const lane = latest
      socket.addEventListener('message', ({ data }) => {
        if (typeof data === 'string' && data.includes('"announcement"')) lane?.mark('told')
      })
      return socket
    },
  })
}
