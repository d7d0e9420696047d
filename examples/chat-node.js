/**
 * A chat in a terminal: what you type goes to everybody, a line a message.
 *
 *     node examples/chat-node.js https://edge.example/n/chat-example Ada
 */
import { createInterface } from 'node:readline'
import { join } from 'edge-net'

const [roomUrl = '', name = 'somebody'] = process.argv.slice(2)
// A terminal obeys what it prints: what others say must not move its cursor or set its title.
const shown = (text) => text.replaceAll(/\p{Cc}/gu, '·')

const network = await join(roomUrl, { name })
console.log(`joined ${network.name}, ${network.total} here`)
network.on('peer', ({ peer }) => console.log(`${shown(peer.name)} is here`))
network.on('peer-left', ({ peer, reason }) => console.log(`${shown(peer.name)} has gone: ${reason}`))
network.on('path', ({ peer, path }) => console.log(`${shown(peer.name)} is reached by the ${path.kind} path`))
network.on('message', ({ peer, data }) => {
  if (typeof data === 'string') console.log(`${shown(peer.name)}: ${shown(data)}`)
})

// Ctrl-D and Ctrl-C end it; close() delivers what was sent, and says goodbye.
const lines = createInterface({ input: process.stdin })
process.once('SIGINT', () => lines.close())
for await (const line of lines) await network.broadcast(line)
await network.close()
