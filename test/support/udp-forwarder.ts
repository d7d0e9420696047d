/**
 * What a strict NAT does to the packets of a socket, in user space: whoever sends to this address is seen by the server
 * at another port than whoever sends to another forwarder.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface UdpForwarder {
  readonly port: number
  close(): void
}

export async function startUdpForwarder(
  address: string,
  target: { address: string; port: number },
): Promise<UdpForwarder> {
  const outside = createSocket('udp4').bind(0, '127.0.0.1')
  const inside = createSocket('udp4').bind(0, address)
  await Promise.all([once(outside, 'listening'), once(inside, 'listening')])
  let sender: { address: string; port: number } | undefined
  inside.on('message', (bytes, from) => {
    sender = from
    outside.send(bytes, target.port, target.address)
  })
  outside.on('message', (bytes) => {
    if (sender) inside.send(bytes, sender.port, sender.address)
  })
  return {
    port: inside.address().port,
    close() {
      inside.close()
      outside.close()
    },
  }
}
