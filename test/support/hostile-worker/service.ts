/** The malicious Worker on a real port, in workerd, and the line on which a test gives it orders. */
import { startService } from '../server.ts'
import type { Answer, Command, Lies } from './command.ts'

export interface HostileService {
  /** The room URL of a network. */
  roomUrl(network: string): string
  room(network: string): Room
  close(): Promise<void>
}

export interface Room {
  readonly url: string
  readonly network: string
  attack(name: string, elsewhere?: string): Promise<void>
  /** Until the room repents, its door takes tickets of any date. */
  openDoor(): Promise<void>
  /** What it says over HTTP from now on; nothing for the truth. */
  lie(lies?: Lies): Promise<void>
  /** Honest from now on. */
  repent(): Promise<void>
  /** Honest from now on, with every socket closed, as after a deploy. */
  redeploy(): Promise<void>
  /** How often the room has tampered since the last attack began. */
  tampered(): Promise<number>
  /** How often anybody was let in. */
  admitted(): Promise<number>
  /** All that reached the room and its Worker, byte for byte. */
  seen(): Promise<Buffer[]>
}

/** @param seed decides what attacks hit that leave it to chance */
export async function startHostileService(seed: number): Promise<HostileService> {
  const service = await startService({ rateLimits: 'off', entry: 'test/support/hostile-worker/worker.ts' })
  const command = async (network: string, body: Command): Promise<Answer> => {
    const response = await fetch(`${service.url}/hostile/${network}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`the malicious Worker failed: ${await response.text()}`)
    return (await response.json()) as Answer
  }
  return {
    roomUrl: (network) => service.roomUrl(network),
    close: () => service.close(),
    room: (network) => ({
      url: service.roomUrl(network),
      network,
      attack: async (name, elsewhere) => {
        await command(network, { do: 'attack', order: { name, seed, ...(elsewhere && { network: elsewhere }) } })
      },
      openDoor: async () => void (await command(network, { do: 'open-door' })),
      lie: async (lies = {}) => void (await command(network, { do: 'lie', lies })),
      repent: async () => void (await command(network, { do: 'repent' })),
      redeploy: async () => void (await command(network, { do: 'redeploy' })),
      tampered: async () => (await command(network, { do: 'count' })).tampered,
      admitted: async () => (await command(network, { do: 'count' })).admitted,
      seen: async () => (await command(network, { do: 'seen' })).seen.map((text) => Buffer.from(text, 'base64url')),
    }),
  }
}
