/** The lines that are typed into a stay, said to everybody. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Network } from '../api.ts'
import { nowMs } from '../clock.ts'
import { sayToAll } from '../say-to-all.ts'
import { TokenBucket } from '../token-bucket.ts'

/**
 * In a large network members pass on 50 broadcasts of one speaker at once and then 5 a second, as they count them. What is typed
 * faster waits.
 */
const GOSSIPED_AT_ONCE = 40
const GOSSIPED_PER_SECOND = 4

export interface SpokenLines {
  /** A line is on its way to so many. */
  readonly said: (line: string, receivers: number) => void
  /** A line could not be said. */
  readonly failed: (error: unknown) => void
}

/** Says one line after the other. A line waits, and so do those behind it, until somebody is there to hear it. */
export async function sayLines(
  network: Network,
  input: Readable,
  { said, failed }: SpokenLines,
  until: AbortSignal,
): Promise<void> {
  const allowance = new TokenBucket({ burst: GOSSIPED_AT_ONCE, perSecond: GOSSIPED_PER_SECOND })
  // The end of the stay ends the reading, too.
  for await (const line of createInterface({ input, signal: until })) {
    if (line.trim() === '') continue
    await somebody(network, until)
    while (!until.aborted && isGossiped(network) && !allowance.take(nowMs())) await pause()
    if (until.aborted) return
    await sayToAll(network, line).then((receivers) => said(line, receivers), failed)
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1_000 / GOSSIPED_PER_SECOND))
}

function isGossiped({ mesh }: Network): boolean {
  return mesh !== undefined && !mesh.isComplete
}

function somebody(network: Network, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (network.peers.size > 0 || until.aborted) return resolve()
    const stop = network.on('peer', () => {
      stop()
      resolve()
    })
    until.addEventListener('abort', () => resolve(), { once: true })
  })
}
