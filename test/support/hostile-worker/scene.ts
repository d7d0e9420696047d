/** One malicious Worker for a test file, with a new room for every test. */
import type { JoinOptions } from '../../../client/node/index.ts'
import { nodeClient } from './client.ts'
import { Company } from './company.ts'
import { startHostileService, type HostileService, type Room } from './service.ts'

export const NAMES = ['Ada', 'Bob', 'Cleo'] as const
/** Long enough for what an attack delays or repeats to arrive while it lasts. */
export const ATTACK_MS = 200

export interface Stage {
  /** A room that nobody has been in. */
  newRoom(): Room
  /** Ada, Bob and Cleo, who have met and talked, by the relay alone unless told otherwise; nothing was reported. */
  talking(room: Room, options?: JoinOptions): Promise<Company>
  close(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const seed = Number(process.env['EDGE_NET_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`EDGE_NET_SEED=${seed}`)
  const service: HostileService = await startHostileService(seed)
  let rooms = 0
  return {
    newRoom: () => service.room(`hostile-${++rooms}`),
    talking: async (room, options) => {
      const company = await gather(room, options)
      await company.acquainted(options?.direct === 'on' ? 'direct' : 'relay')
      await company.exchange()
      await company.allHeard()
      await company.reported([])
      return company
    },
    close: () => service.close(),
  }
}

/** Ada, Bob and Cleo have joined. */
export async function gather(room: Room, options: JoinOptions = {}): Promise<Company> {
  const company = new Company()
  for (const name of NAMES) company.add(await nodeClient(room.url, name, { direct: 'off', ...options }))
  return company
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}
