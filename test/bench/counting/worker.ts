/**
 * The Worker, with a counter at each of the platform's billing borders and a clock that can be moved on, so that an hour
 * passes in seconds. What it counts happened; nothing is estimated. The code under test is the Worker's own, unchanged.
 */
import type { Tally } from '../../../worker/tally.ts'
import { Charter as RealCharter } from '../../../worker/charter.ts'
import { Registry as RealRegistry } from '../../../worker/registry.ts'
import { Room as RealRoom } from '../../../worker/room.ts'
import type { Settings } from '../../../worker/settings.ts'
import { app } from '../../../worker/app.ts'
import type { Counts } from './counts.ts'

/** Of the isolate, not of an object: it outlives evictions. */
const counts: Counts = {
  workerRequests: 0,
  objectRequests: 0,
  alarms: 0,
  incomingMessages: 0,
  closes: 0,
  rowsWritten: 0,
  wakes: 0,
}

// ---- the clock -----------------------------------------------------------------------------------------------------

const realNow = Date.now
let aheadMs = 0
/** When the clock was moved, to date what the runtime itself timed. */
const moves: { realMs: number; aheadMs: number }[] = []
Date.now = () => realNow() + aheadMs

function moveClock(byMs: number): void {
  aheadMs += byMs
  moves.push({ realMs: realNow(), aheadMs })
}

/** The moved clock's reading at a real time in the past. */
function movedTime(realMs: number): number {
  return realMs + (moves.findLast((move) => move.realMs <= realMs)?.aheadMs ?? 0)
}

// ---- counting objects ----------------------------------------------------------------------------------------------

/** When each room wants its alarm, by room name. The bench fires it; the runtime's own clock does not move. */
const alarms = new Map<string, number>()

function countStorage(storage: DurableObjectStorage): void {
  const { kv } = storage
  const [put, remove] = [kv.put.bind(kv), kv.delete.bind(kv)]
  kv.put = (key, value) => {
    counts.rowsWritten++
    put(key, value)
  }
  kv.delete = (key) => {
    counts.rowsWritten++
    return remove(key)
  }
  // Whatever else writes is not counted yet, and must not go unnoticed.
  for (const name of ['put', 'delete', 'deleteAll', 'transaction', 'sync'] as const) {
    storage[name] = () => {
      throw new Error(`storage.${name} is not counted`)
    }
  }
  storage.sql.exec = () => {
    throw new Error('storage.sql.exec is not counted')
  }
}

export class Room extends RealRoom {
  constructor(ctx: DurableObjectState, settings: Settings) {
    counts.wakes++
    countStorage(ctx.storage)
    const name = ctx.id.name ?? ''
    ctx.storage.setAlarm = (at) => {
      // Setting an alarm writes a row.
      counts.rowsWritten++
      alarms.set(name, Number(at))
      return Promise.resolve()
    }
    const respondedAt = ctx.getWebSocketAutoResponseTimestamp.bind(ctx)
    ctx.getWebSocketAutoResponseTimestamp = (ws) => {
      const at = respondedAt(ws)
      return at && new Date(movedTime(at.getTime()))
    }
    super(ctx, settings)
  }

  override fetch(request: Request): Promise<Response> {
    counts.objectRequests++
    return super.fetch(request)
  }

  override removeMembers(...list: Parameters<RealRoom['removeMembers']>): Promise<void> {
    counts.objectRequests++
    return super.removeMembers(...list)
  }

  override webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): void | Promise<void> {
    counts.incomingMessages++
    return super.webSocketMessage(ws, message)
  }

  override webSocketClose(ws: WebSocket, code: number, reason: string): void {
    counts.closes++
    super.webSocketClose(ws, code, reason)
  }

  /** The alarm, at the bench's time. The platform lets nobody call `alarm` itself. */
  async ring(): Promise<void> {
    counts.alarms++
    await super.alarm()
  }
}

export class Registry extends RealRegistry {
  constructor(ctx: DurableObjectState, settings: Settings) {
    countStorage(ctx.storage)
    super(ctx, settings)
  }

  override report(network: string, members: number, tally: Tally): void {
    counts.objectRequests++
    super.report(network, members, tally)
  }

  override countRefusals(...refusals: Parameters<RealRegistry['countRefusals']>): void {
    counts.objectRequests++
    super.countRefusals(...refusals)
  }

  override page(...question: Parameters<RealRegistry['page']>): ReturnType<RealRegistry['page']> {
    counts.objectRequests++
    return super.page(...question)
  }

  override list(...network: Parameters<RealRegistry['list']>): boolean {
    counts.objectRequests++
    return super.list(...network)
  }

  override membersOf(network: string): number {
    counts.objectRequests++
    return super.membersOf(network)
  }

  override totals(): ReturnType<RealRegistry['totals']> {
    counts.objectRequests++
    return super.totals()
  }
}

export class Charter extends RealCharter {
  constructor(ctx: DurableObjectState, settings: Settings) {
    countStorage(ctx.storage)
    ctx.storage.setAlarm = () => {
      counts.rowsWritten++
      return Promise.resolve()
    }
    super(ctx, settings)
  }

  override register(...genesis: Parameters<RealCharter['register']>): boolean {
    counts.objectRequests++
    return super.register(...genesis)
  }

  override read(...visit: Parameters<RealCharter['read']>): ReturnType<RealCharter['read']> {
    counts.objectRequests++
    return super.read(...visit)
  }

  override revoke(...list: Parameters<RealCharter['revoke']>): ReturnType<RealCharter['revoke']> {
    counts.objectRequests++
    return super.revoke(...list)
  }

  override wait(...petition: Parameters<RealCharter['wait']>): ReturnType<RealCharter['wait']> {
    counts.objectRequests++
    return super.wait(...petition)
  }

  override waiting(...rule: Parameters<RealCharter['waiting']>): ReturnType<RealCharter['waiting']> {
    counts.objectRequests++
    return super.waiting(...rule)
  }

  override approve(...approval: Parameters<RealCharter['approve']>): void {
    counts.objectRequests++
    super.approve(...approval)
  }

  override decline(...member: Parameters<RealCharter['decline']>): void {
    counts.objectRequests++
    super.decline(...member)
  }

  override takeUse(...use: Parameters<RealCharter['takeUse']>): boolean {
    counts.objectRequests++
    return super.takeUse(...use)
  }
}

// ---- the bench's own routes ----------------------------------------------------------------------------------------

export default {
  fetch: async (request, settings, context) => {
    const url = new URL(request.url)
    if (!url.pathname.startsWith('/counting/')) {
      counts.workerRequests++
      return app.fetch(request, settings, context)
    }
    if (url.pathname === '/counting/advance') moveClock(Number(url.searchParams.get('ms')))
    if (url.pathname === '/counting/alarm') {
      const name = url.searchParams.get('room') ?? ''
      alarms.delete(name)
      await (settings.ROOM.getByName(name) as unknown as Pick<Room, 'ring'>).ring()
    }
    const due = [...alarms].filter(([, atMs]) => atMs <= Date.now()).map(([name]) => name)
    return Response.json({ counts, due, nowMs: Date.now() })
  },
} satisfies ExportedHandler<Settings>
