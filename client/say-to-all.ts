/** A line to everybody who is there, as page and command say it. */
import type { Network } from './api.ts'

/**
 * In a network so small that there is a link to everybody, the links take it: in order, once, and also to members that have no
 * mesh. In larger ones it is gossiped: at most once, in no order.
 *
 * @returns to how many it is on its way
 * @throws EdgeNetError as `send` and `broadcast` do
 */
export async function sayToAll(network: Network, text: string): Promise<number> {
  const { mesh, peers, total } = network
  if (mesh && !mesh.isComplete) {
    await network.broadcast(text)
    return Math.max(total - 1, peers.size)
  }
  const receivers = [...peers.values()]
  await Promise.all(receivers.map((peer) => peer.send(text)))
  return receivers.length
}
