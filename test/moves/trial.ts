/**
 * A link under trial: two endpoints talk both ways without a pause while faults force the link from one path to the other.
 * Between two faults the link is back on a direct path on both sides. At the end every message has arrived once, in order
 * and whole, and every `delivered` has resolved.
 */
import type { Browser } from 'playwright-core'
import type { EndpointOptions, Status } from './endpoint.ts'
import { FAULTS, isQuick, type Fault, type Victims } from './faults.ts'
import { Random } from './random.ts'
import { startInNode, startInPage, type RemoteEndpoint, type Runtime } from './remote-endpoint.ts'
import { Scene } from './scene.ts'
import type { Side } from './udp-air.ts'

export interface TrialOptions {
  /** Who talks: a, b. */
  readonly pair: readonly [Runtime, Runtime]
  readonly moves: number
  readonly seed: number
  /** When it aborts, the trial comes to its end early, with all checks. */
  readonly signal?: AbortSignal
  /** For pages. */
  readonly browser: Browser
  /** Faults that take long to be noticed, too. */
  readonly withSlow?: boolean
  /** Only these. */
  readonly faults?: readonly Fault[]
  /** Told how many there have been. */
  readonly onMove?: (number: number) => void
}

export interface Move {
  readonly fault: string
  /** The longest time without a delivery, of both sides, in milliseconds. */
  readonly gapMs: number
  /** From the fault until both sides are back. */
  readonly tookMs: number
}

export interface TrialResult {
  readonly pair: string
  readonly moves: readonly Move[]
  /** Path events on both sides together. */
  readonly pathEvents: number
  readonly messages: number
  readonly links: number
}

/** What is late is not wrong: on a busy machine a direct path can be so slow that the link avoids it for up to 160 s. */
const PATIENCE_MS = 240_000
const LOOK_EVERY_MS = 40
/** Messages that each side must get after a fault before the link counts as back. */
const SIGNS_OF_LIFE = 10
/** Chrome allows a page about 500 connections, closed ones included. */
const MAX_CONNECTIONS = 300

type Pair<T> = readonly [T, T]

export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const pair = options.pair.join('~')
  const random = new Random(options.seed)
  const scene = await Scene.open(`moves-${pair.replace('~', '-')}-${options.seed}`)
  const moves: Move[] = []
  let [pathEvents, messages, links] = [0, 0, 0]
  let deck: Fault[] = []
  try {
    while (moves.length < options.moves && !options.signal?.aborted) {
      const link = await LinkTrial.start(scene, options, random)
      links++
      try {
        while (moves.length < options.moves && !options.signal?.aborted && !(await link.isWornOut())) {
          // Every kind comes once before one comes again.
          if (deck.length === 0)
            deck = random.shuffled(options.faults ?? FAULTS.filter((fault) => options.withSlow || isQuick(fault)))
          const fault = deck.pop()
          if (!fault) break
          const move = await link.suffer(fault)
          moves.push(move)
          options.onMove?.(moves.length)
        }
        const [a, b] = await link.conclude()
        messages += a.received + b.received
        pathEvents += a.moved.relay + a.moved.direct + b.moved.relay + b.moved.direct
      } catch (cause) {
        const state = JSON.stringify(await link.describe(), undefined, 2)
        const text = `${pair}, seed ${options.seed}, after ${moves.length} moves: ${String(cause)}\n${state}`
        throw new Error(text, { cause })
      } finally {
        await link.end()
      }
    }
  } finally {
    await scene.close()
  }
  return { pair, moves, pathEvents, messages, links }
}

/** The life of one link. */
class LinkTrial {
  readonly #victims: Victims
  readonly #both: Pair<RemoteEndpoint>

  private constructor(scene: Scene, endpoints: Pair<RemoteEndpoint>, random: Random) {
    this.#both = endpoints
    this.#victims = { scene, endpoints: { a: endpoints[0], b: endpoints[1] }, random }
  }

  static async start(scene: Scene, { pair, browser }: TrialOptions, random: Random): Promise<LinkTrial> {
    const start = (runtime: Runtime, side: Side): Promise<RemoteEndpoint> => {
      const options: EndpointOptions = {
        roomUrl: scene.roomUrl(side),
        side,
        airUrl: scene.air.url,
        name: `${runtime} ${side}`,
      }
      return runtime === 'node' ? startInNode(options) : startInPage(browser, scene.origin, options)
    }
    const a = await start(pair[0], 'a')
    const b = await start(pair[1], 'b').catch(async (error: unknown) => {
      await a.end()
      throw error
    })
    const link = new LinkTrial(scene, [a, b], random)
    await link.#each('talk')
    return link
  }

  async suffer(fault: Fault): Promise<Move> {
    const { random } = this.#victims
    await this.#until('back on a direct path', isDirect)
    // Faults hit at any moment of the traffic.
    await pause(random.next() * 100)
    if (fault.on === 'relay') await this.#putOnRelay()
    const before = await this.#statuses()
    await this.#each('watchGap')
    const startedMs = performance.now()
    await fault.inflict(this.#victims)
    if (fault.on === 'relay') {
      const haveReplaced = (now: Pair<Status>) =>
        now[0].sockets + now[1].sockets >= before[0].sockets + before[1].sockets + fault.sockets
      const since = await this.#until(`on new sockets after "${fault.name}"`, (_, __, all) => haveReplaced(all))
      await this.#until(`alive after "${fault.name}"`, (now, side) => isAlive(now, since[side]))
      const gaps = await this.#statuses()
      const move = { fault: fault.name, gapMs: longestGapMs(gaps), tookMs: performance.now() - startedMs }
      await this.#each('release')
      await this.#until('back on a direct path', isDirect)
      return move
    }
    if (fault.relieve) {
      await this.#until(`on the relay after "${fault.name}"`, (now, side) => hasMoved(now, before[side]))
      await fault.relieve(this.#victims)
    }
    const isBack = (now: Status, side: number) =>
      hasMoved(now, before[side]) && isAlive(now, before[side]) && isDirect(now)
    const after = await this.#until(`back on a direct path after "${fault.name}"`, isBack)
    return { fault: fault.name, gapMs: longestGapMs(after), tookMs: performance.now() - startedMs }
  }

  /** Ends the traffic and looks at what has come of it. */
  async conclude(): Promise<Pair<Status>> {
    await this.#each('fallSilent')
    const statuses = await this.#until('through with all messages', ({ sent, delivered }) => delivered === sent)
    const [a, b] = statuses
    for (const [here, there] of [
      [a, b],
      [b, a],
    ] as const) {
      const { received, lost, repeated, reordered, damaged } = here
      const wrong = { missing: there.sent - received, lost, repeated, reordered, damaged }
      if (Object.values(wrong).some((count) => count !== 0))
        throw new Error(`messages went wrong: ${JSON.stringify(wrong)}`)
    }
    await this.#each('leave')
    return statuses
  }

  async isWornOut(): Promise<boolean> {
    return (await this.#statuses()).some(({ connections }) => connections >= MAX_CONNECTIONS)
  }

  async describe(): Promise<unknown> {
    return Promise.all(
      this.#both.map(async (endpoint) => ({
        status: await endpoint.call('status').catch(String),
        explanation: await endpoint.call('explain').catch(String),
      })),
    )
  }

  async end(): Promise<void> {
    await Promise.all(this.#both.map((endpoint) => endpoint.end()))
  }

  /** Takes the direct path away and keeps others from opening. */
  async #putOnRelay(): Promise<void> {
    const { random } = this.#victims
    await this.#each('hold')
    await random.oneOf(this.#both).call('breakPath', 'connection')
    const before = await this.#statuses()
    await this.#until(
      'on the relay',
      (now, side) => now.path === 'relay' && now.received > (before[side]?.received ?? 0),
    )
  }

  async #each(method: 'talk' | 'fallSilent' | 'watchGap' | 'hold' | 'release' | 'leave'): Promise<void> {
    await Promise.all(this.#both.map((endpoint) => endpoint.call(method)))
  }

  async #statuses(): Promise<Pair<Status>> {
    const [a, b] = this.#both
    return Promise.all([a.call('status'), b.call('status')])
  }

  /** Waits until it holds for both sides. Anything that must not happen ends the wait at once. */
  async #until(
    what: string,
    holds: (status: Status, side: number, all: Pair<Status>) => boolean,
  ): Promise<Pair<Status>> {
    const startedMs = performance.now()
    for (;;) {
      const statuses = await this.#statuses()
      const faults = statuses.flatMap((status) => status.faults)
      if (faults.length > 0) throw new Error(`waiting to be ${what}: ${faults.join('; ')}`)
      if (statuses.every((status, side) => holds(status, side, statuses))) return statuses
      if (performance.now() - startedMs > PATIENCE_MS) throw new Error(`not ${what} after ${PATIENCE_MS} ms`)
      await pause(LOOK_EVERY_MS)
    }
  }
}

function isDirect({ path, network }: Status): boolean {
  return path === 'direct' && network === 'open'
}

/** It left its direct path for the relay, or for another direct path. */
function hasMoved(now: Status, before: Status | undefined): boolean {
  return now.moved.relay > (before?.moved.relay ?? 0) || now.opened > (before?.opened ?? 0)
}

function isAlive(now: Status, before: Status | undefined): boolean {
  return now.network === 'open' && now.received >= (before?.received ?? 0) + SIGNS_OF_LIFE
}

function longestGapMs(statuses: readonly Status[]): number {
  return Math.max(...statuses.map(({ gapMs }) => gapMs))
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}
