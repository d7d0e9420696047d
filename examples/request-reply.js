/**
 * Questions and answers: one process counts words for whoever asks, others ask it.
 *
 *     node examples/request-reply.js serve https://edge.example/n/words-example
 *     node examples/request-reply.js ask https://edge.example/n/words-example "how many words are these"
 */
import { join } from 'edge-net'
import { RequestError, requests } from 'edge-net/extras'

const [role, roomUrl = '', question = ''] = process.argv.slice(2)
/** By it those who ask find those who answer. */
const CAPABILITY = 'word-count'

if (role === 'serve') {
  const network = await join(roomUrl, { name: 'counter', capabilities: [CAPABILITY] })
  requests(network, {
    handler: ({ data }) => {
      // Only a RequestError's words go to whoever asked; any other error stays here.
      if (typeof data !== 'string') throw new RequestError('handler-failed', 'Ask with a text.')
      return JSON.stringify({ words: data.split(/\s+/).filter((word) => word !== '').length })
    },
  })
  console.log('answering')
  process.once('SIGINT', () => void network.close())
} else if (role === 'ask') {
  const network = await join(roomUrl)
  const peer = await new Promise((resolve) => {
    network.on('peer', ({ peer: met }) => met.capabilities.includes(CAPABILITY) && resolve(met))
  })
  const { request } = requests(network)
  try {
    const { words } = JSON.parse(await request(peer, question, { timeoutMs: 5_000 }))
    console.log(`${words} words`)
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    console.error(`${error.message} ${error.hint}`)
    process.exitCode = 1
  }
  await network.close()
} else {
  console.error('serve or ask?')
  process.exitCode = 2
}
