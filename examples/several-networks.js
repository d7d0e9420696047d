/**
 * Two networks in one process, with one identity: the same contributor in both, and a peer id of its own in each, since a
 * peer id is bound to its network.
 *
 *     node examples/several-networks.js https://edge.example/n/team-a https://edge.example/n/team-b
 */
import { createIdentity, join } from 'edge-net'

const identity = await createIdentity()
const networks = await Promise.all(process.argv.slice(2).map((roomUrl) => join(roomUrl, { identity, name: 'both' })))

for (const network of networks) {
  console.log(`${network.name}: contributor ${network.siteId}, peer ${network.peerId}`)
  // Each network has its own peers, paths and messages; what is said in one is not heard in the other.
  network.on('peer', ({ peer }) => {
    console.log(`${network.name}: met ${peer.name}`)
    return peer.send(`this is ${network.name}; I am in ${networks.length} networks`)
  })
  network.on('message', ({ peer, data }) => console.log(`${network.name}: ${peer.name} says ${String(data)}`))
}

process.once('SIGINT', () => void Promise.all(networks.map((network) => network.close())))
