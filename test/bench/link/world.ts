/**
 * Where the link benches happen: the real Worker, one Chromium with two foreground pages for each side, and a wire for
 * everything between them. A pair is two peers in a room of their own, one in each page; a page holds many pairs.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve as absolutePath } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createIdentity } from '../../../client/identity/identity.ts'
import { signAnnouncement } from '../../../protocol/announcement.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { KEY_BYTES, MAX_ANNOUNCEMENT_AGE_MS } from '../../../protocol/limits.ts'
import { networkIdOfName } from '../../../protocol/network.ts'
import { peerIdOf, type PeerId } from '../../../protocol/peer-id.ts'
import { signTicket } from '../../../protocol/ticket.ts'
import { COMPILE_HINT, sdkFile } from '../../../scripts/build.ts'
import { launchChromium } from '../../support/chromium.ts'
import { startService, type Service } from '../../support/server.ts'
import type { Mark, Plan, RawPlan, Side, Via } from './pages/lane.ts'
import { DirectWire, RoomWire } from './wires.ts'

export type { Side, Via } from './pages/lane.ts'

/** The distances of every bench: round trips in ms, to the room and between the peers alike. */
export const DISTANCES_MS = [0, 50, 100] as const
export type DistanceMs = (typeof DISTANCES_MS)[number]
/** The bars on ratios hold where there is a distance; without one, the overhead is told in milliseconds. */
export const SIDES = ['ours', 'bare'] as const

/** Far above anything measured here but outages; a step that takes longer has failed. */
const STEP_TIMEOUT_MS = 30_000
/** More sockets than a raw member needs in a bench. */
const TICKETS = 24
/** Tickets are good for a minute around their time; each is signed for a little later than the one before it. */
const TICKET_SPACING_MS = 3_000
const MAX_TICKET_LEAD_MS = 50_000
/** The stand-ins need a candidate's port, and mDNS names hide it. Both sides alike. */
const SHOW_ADDRESSES = '--disable-features=WebRtcHideLocalIpsWithMdns'
/** For clocks of 5 µs instead of 100. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export interface PairOptions {
  readonly direct?: boolean
  /** False: the direct path does without a wire, as fast as the machine is. */
  readonly wired?: boolean
}

/** One peer of a pair, as the harness drives it. */
export class LaneHandle {
  readonly #page: Page
  readonly #plan: Plan

  constructor(page: Page, plan: Plan) {
    this.#page = page
    this.#plan = plan
  }

  async join(): Promise<void> {
    await this.#page.evaluate((plan) => lanes.join(plan), this.#plan)
  }

  leave(): Promise<void> {
    return this.#page.evaluate((lane) => lanes.leave(lane), this.#plan.lane)
  }

  offer(): Promise<void> {
    return this.#page.evaluate((lane) => lanes.offer(lane), this.#plan.lane)
  }

  stream(intervalMs: number, via: Via): Promise<void> {
    const given = [this.#plan.lane, intervalMs, via] as const
    return this.#page.evaluate(([lane, everyMs, how]) => lanes.stream(lane, everyMs, how), given)
  }

  still(): Promise<void> {
    return this.#page.evaluate((lane) => lanes.still(lane), this.#plan.lane)
  }

  ping(count: number, intervalMs: number, via: Via): Promise<number[]> {
    const given = [this.#plan.lane, count, intervalMs, via] as const
    return this.#page.evaluate(([lane, times, everyMs, how]) => lanes.ping(lane, times, everyMs, how), given)
  }

  bulk(bytes: number, chunkBytes: number): Promise<number> {
    const given = [this.#plan.lane, bytes, chunkBytes] as const
    return this.#page.evaluate(([lane, all, each]) => lanes.bulk(lane, all, each), given)
  }

  read(): Promise<{ marks: readonly Mark[]; arrivals: readonly number[]; latencies: readonly number[] }> {
    return this.#page.evaluate((lane) => lanes.read(lane), this.#plan.lane)
  }

  /** When a step happened for the nth time; rejects when it does not. */
  async reached(step: string, times = 1, timeoutMs = STEP_TIMEOUT_MS): Promise<number> {
    const { lane } = this.#plan
    const reached = this.#page.evaluate(([name, what, n]) => lanes.reached(name, what, n), [lane, step, times] as const)
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, timeoutMs, undefined)))
    const atMs = await Promise.race([reached, tooLate])
    clearTimeout(timer)
    if (atMs !== undefined) return atMs
    const failures = await this.#page.evaluate(() => lanes.failures)
    const happened = (await this.read()).marks.map((mark) => mark.step).join(', ')
    throw new Error(`${lane}: no "${step}" (${times}). Steps: ${happened}. Failures: ${failures.slice(-3).join('; ')}`)
  }
}

/** Two peers in a room of their own, the wires between them, and whoever joins second. */
export interface Pair {
  readonly side: Side
  readonly distanceMs: DistanceMs
  readonly room: string
  readonly member: LaneHandle
  readonly joiner: LaneHandle
  readonly memberToRoom: RoomWire
  readonly joinerToRoom: RoomWire
  readonly between: DirectWire
  /** The peers leave and the wires close. */
  end(): Promise<void>
}

export class World {
  readonly service: Service
  readonly browserVersion: string
  readonly #browser: Browser
  readonly #server: Server
  readonly #wires = new Map<string, DirectWire>()
  #pages = new Map<string, Page>()
  #pairs = 0

  private constructor(service: Service, browser: Browser, server: Server) {
    this.service = service
    this.#browser = browser
    this.#server = server
    this.browserVersion = browser.version()
  }

  static async open(): Promise<World> {
    const scripts = { ours: await script('ours'), bare: await script('bare') }
    const server = createServer((request, response) => {
      const side = request.url === '/ours' ? 'ours' : 'bare'
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...ISOLATION })
      response.end(`<!doctype html><script type="module">${scripts[side]}</script>`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const world = new World(await startService({ rateLimits: 'off' }), await launchChromium([SHOW_ADDRESSES]), server)
    await world.refresh()
    return world
  }

  /** New pages: connections, closed ones too, are limited per page. No pair may be under way. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#pages.values()].map((page) => page.context().close()))
    const names = SIDES.flatMap((side) => [`${side} member`, `${side} joiner`])
    this.#pages = new Map(await Promise.all(names.map(async (name) => [name, await this.#newPage(name)] as const)))
  }

  async pair(side: Side, distanceMs: DistanceMs, options: PairOptions = {}): Promise<Pair> {
    const { direct = true, wired = true } = options
    const name = `${side}-${distanceMs}-${++this.#pairs}`
    const [memberToRoom, joinerToRoom] = await Promise.all([
      RoomWire.open(this.service.port, distanceMs),
      RoomWire.open(this.service.port, distanceMs),
    ])
    const between = new DirectWire(distanceMs)
    this.#wires.set(name, between)
    const wires = [memberToRoom, joinerToRoom]
    const raw =
      side === 'bare'
        ? await rawPlans(
            name,
            wires.map(({ port }) => port),
          )
        : []
    const [member, joiner] = (['member', 'joiner'] as const).map((role, i) => {
      const roomUrl = `http://127.0.0.1:${wires[i]?.port}/n/${name}`
      const plan: Plan = { lane: name, roomUrl, direct, wired, ...(raw[i] && { raw: raw[i] }) }
      return new LaneHandle(this.#pageOf(side, role), plan)
    }) as [LaneHandle, LaneHandle]
    return {
      side,
      distanceMs,
      room: name,
      member,
      joiner,
      memberToRoom,
      joinerToRoom,
      between,
      end: async () => {
        await Promise.all([member.leave(), joiner.leave()])
        this.#wires.delete(name)
        await Promise.all([memberToRoom.close(), joinerToRoom.close(), between.close()])
      },
    }
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await Promise.all([this.service.close(), new Promise((resolve) => this.#server.close(resolve))])
  }

  #pageOf(side: Side, role: 'member' | 'joiner'): Page {
    const page = this.#pages.get(`${side} ${role}`)
    if (!page) throw new Error('The pages are closed.')
    return page
  }

  async #newPage(name: string): Promise<Page> {
    const context = await this.#browser.newContext()
    const page = await context.newPage()
    await page.exposeFunction('standInFor', (lane: string, port: number) => this.#wires.get(lane)?.portFor(port))
    const { port } = this.#server.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/${name.startsWith('ours') ? 'ours' : 'bare'}`)
    await page.waitForFunction(() => 'lanes' in globalThis && document.visibilityState === 'visible')
    return page
  }
}

/** Joins both, the joiner second, and resolves when both can send over the direct path. */
export async function connected(pair: Pair): Promise<void> {
  await pair.member.join()
  await pair.member.reached('in-room')
  await pair.joiner.join()
  await Promise.all([pair.member.reached('direct'), pair.joiner.reached('direct')])
}

// ---- what the control is given -----------------------------------------------------------------------------------------

/** Two real members of a network, without the SDK: who they are, and tickets for as often as their sockets are cut. */
async function rawPlans(network: string, ports: readonly number[]): Promise<RawPlan[]> {
  const members = await Promise.all(ports.map((port) => rawMember(network, port)))
  return members.map(({ tickets }, i) => ({ tickets, otherId: members[1 - i]?.peerId ?? '', offers: i === 1 }))
}

async function rawMember(network: string, port: number): Promise<{ peerId: PeerId; tickets: string[] }> {
  const identity = await createIdentity()
  const sign = (message: Bytes) => identity.sign(message)
  // The room cannot tell a session key from 32 random bytes.
  const session = new Uint8Array(randomBytes(KEY_BYTES))
  const core = { identity: identity.publicKey, session, network: await networkIdOfName(network) }
  const issuedAtMs = Date.now()
  const expiresAtMs = issuedAtMs + MAX_ANNOUNCEMENT_AGE_MS
  const chain = new Uint8Array(0)
  const profile = { rank: 1, rtc: true, issuedAtMs, expiresAtMs, name: '', capabilities: [], chain }
  const announcement = await signAnnouncement(core, profile, sign)
  const tickets: string[] = []
  for (let i = 0; i < TICKETS; i++) {
    // Each newer than the one before it, or the room would take it for a replay.
    const ticketAtMs = issuedAtMs + i + Math.min(i * TICKET_SPACING_MS, MAX_TICKET_LEAD_MS)
    const fields = { announcement, purpose: 'join' as const, issuedAtMs: ticketAtMs, host: `127.0.0.1:${port}` }
    tickets.push(await signTicket(fields, sign))
  }
  return { peerId: await peerIdOf(core), tickets }
}

async function script(side: Side): Promise<string> {
  const bundle = await build({
    stdin: { contents: `import './test/bench/link/pages/${side}.ts'`, resolveDir: '.' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    // package.json says that nothing here has side effects; these pages are nothing but.
    ignoreAnnotations: true,
    plugins: [builtSdk],
    write: false,
  })
  // The script stands inside HTML. Compiled while it loads, as the served SDK has it, on both sides.
  return `${COMPILE_HINT}\n${bundle.outputFiles[0]?.text ?? ''}`.replaceAll('</script', '<\\/script')
}

/** Puts the built SDK in the place of its source. */
const builtSdk: Plugin = {
  name: 'built-sdk',
  setup: (bundler) =>
    bundler.onResolve({ filter: /client\/index\.ts$/ }, async () => ({
      path: absolutePath(await sdkFile('dist/public')),
    })),
}
