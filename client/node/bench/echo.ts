/** Two sessions of ours, one of which sends back what it gets: what is measured between them. */
import type { Data, Network, Peer } from '../../api.ts'
import { mebibytesPerSecond } from './bare-channel.ts'

/** Longer than a link takes to notice and mend what happens to a path. */
const REPLY_MS = 15_000
/** Large enough that its price is that of the bytes, and small enough to see the link push back. */
const CHUNK_BYTES = 65_536
/** Of what is measured, not of the application's: so echoes and bulk do not meet. */
const BULK_CHANNEL = 256

export interface Echo {
  /** Milliseconds until a small message has been there and back, handled by both applications. */
  readonly roundTripMs: () => Promise<number>
  /** MiB/s of so many bytes, from the first one until the other application has had the last. */
  readonly throughput: (byteLength: number) => Promise<number>
}

/** @param there the other session, which is made to answer; @param peer the same as `here` sees it */
export function echoBetween(here: Network, peer: Peer, there: Network): Echo {
  there.on('message', ({ peer: from, data }) => from.send(data))
  there.channel(BULK_CHANNEL, () => undefined)
  let round = 0
  return {
    async roundTripMs() {
      const text = `round ${++round}`
      const startedMs = performance.now()
      const back = message(here, (data) => data === text)
      await Promise.all([peer.send(text), back])
      return performance.now() - startedMs
    },
    async throughput(byteLength) {
      const chunk = new Uint8Array(CHUNK_BYTES)
      const startedMs = performance.now()
      let last: Promise<void> | undefined
      for (let sent = 0; sent < byteLength; sent += CHUNK_BYTES) {
        const sending = peer.send(chunk, { channel: BULK_CHANNEL })
        last = sending.delivered
        await sending
      }
      // In order: the last one stands for all.
      await last
      return mebibytesPerSecond(byteLength, performance.now() - startedMs)
    },
  }
}

/** @throws when none that fits comes in time */
export function message(network: Network, fits: (data: Data) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(giveUp)
      stop()
      act()
    }
    const late = () => settle(() => reject(new Error(`No message within ${REPLY_MS / 1_000} s.`)))
    const giveUp = setTimeout(late, REPLY_MS)
    const stop = network.on('message', ({ data }) => {
      if (fits(data)) settle(resolve)
    })
  })
}
