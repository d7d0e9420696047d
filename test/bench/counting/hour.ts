/** The service with counters, and the passing of an hour for peers that are connected to it. */
import { PING_TEXT } from '../../../protocol/limits.ts'
import { startService } from '../../support/server.ts'
import type { Seat } from '../load-client.ts'
import { clientFrame } from '../websocket.ts'
import type { Counts } from './counts.ts'

/** What /counting/ answers. */
interface Reading {
  readonly counts: Counts
  /** Rooms whose alarm is due. */
  readonly due: readonly string[]
  readonly nowMs: number
}

export interface CountingService {
  readonly port: number
  readonly url: string
  roomUrl(network: string): string
  counts(): Promise<Counts>
  /**
   * Lets time pass for the room: idle peers ping, the room hibernates between events as it does after ten seconds, its
   * alarms fire when they are due.
   */
  pass(durationMs: number, room: string, seats: readonly Seat[]): Promise<void>
  close(): Promise<void>
}

const STEP_MS = 20_000
const HIBERNATES_AFTER_MS = 10_000
const PING = clientFrame(PING_TEXT)

export async function startCounting(): Promise<CountingService> {
  const service = await startService({ rateLimits: 'off', entry: 'test/bench/counting/worker.ts' })
  const ask = async (path: string): Promise<Reading> => {
    const response = await fetch(`${service.url}/counting/${path}`)
    if (!response.ok) throw new Error(`/counting/${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as Reading
  }
  const counts = async () => (await ask('read')).counts

  return {
    port: service.port,
    url: service.url,
    roomUrl: (network) => service.roomUrl(network),
    counts,
    pass: async (durationMs, room, seats) => {
      // The room is in memory because its members have just arrived; it stays there for ten quiet seconds.
      for (let passedMs = 0; passedMs < HIBERNATES_AFTER_MS; passedMs += 1_000) {
        const { due } = await ask('advance?ms=1000')
        if (due.includes(room)) await ask(`alarm?room=${room}`)
      }
      await service.evict(room, 'hibernate')
      let { wakes } = await counts()
      for (let passedMs = HIBERNATES_AFTER_MS; passedMs < durationMs; passedMs += STEP_MS) {
        const { due } = await ask(`advance?ms=${STEP_MS}`)
        await Promise.all(seats.map((seat) => pong(seat)))
        if (due.includes(room)) await ask(`alarm?room=${room}`)
        const now = await counts()
        // Only a room that something has woken is in memory and can hibernate again.
        if (now.wakes > wakes) await service.evict(room, 'hibernate')
        wakes = now.wakes
      }
    },
    close: () => service.close(),
  }
}

/** A ping and its answer. */
function pong({ socket }: Seat): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.onText = () => resolve()
    socket.onClose = (code, reason) => reject(new Error(`The room closed an idle peer: ${code} ${reason}`))
    socket.write(PING)
  })
}
