/** A peer's messages as streams. What flows slowly at one end slows the other: links have back-pressure. */
import type { Data, Peer, Sendable } from '../api.ts'

/**
 * The peer's messages, each a chunk. From the first read on this peer's messages go to the stream alone, and none is
 * taken from the link before it is asked for; it ends when the link does. Cancelling gives the messages back to the
 * `message` event, except one that a read was waiting for.
 */
export function readableOf(peer: Pick<Peer, 'messages'>): ReadableStream<Data> {
  const messages = peer.messages()
  return new ReadableStream<Data>(
    {
      async pull(controller) {
        const { done, value } = await messages.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel() {
        // It would wait for the message that a read was waiting for.
        void messages.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * Sends each chunk as a message. A write is done when the link has taken the message over; closing the stream, when the
 * peer's application had them all. Aborting takes back what has not been sent.
 */
export function writableOf(peer: Pick<Peer, 'send'>): WritableStream<Sendable> {
  let delivered: Promise<void> | undefined
  return new WritableStream<Sendable>({
    write(chunk, { signal }) {
      const sending = peer.send(chunk, { signal })
      // Messages are delivered in order: the last one stands for all.
      delivered = sending.delivered
      return sending
    },
    close: () => delivered,
  })
}
