/** An endpoint in a Node process of its own. The parent process sends calls, and gets an answer to each. */
import { nodeEngine } from '../../client/node/engine.ts'
import { join } from '../../client/node/index.ts'
import { Endpoint, type EndpointOptions } from './endpoint.ts'
import type { Answer, Call } from './remote-endpoint.ts'

let endpoint: Endpoint | undefined

async function start(options: EndpointOptions): Promise<void> {
  const engine = await nodeEngine()
  if (!engine) throw new Error('node-datachannel is missing: npm ci')
  endpoint = await Endpoint.join(options, { join, engine })
}

async function answer({ id, method, argument }: Call): Promise<Answer> {
  try {
    if (method === 'start') return { id, result: await start(argument as EndpointOptions) }
    if (!endpoint) throw new Error('not started')
    const run = endpoint[method] as (argument: unknown) => unknown
    return { id, result: await run.call(endpoint, argument) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.on('message', (call: Call) => void answer(call).then((reply) => process.send?.(reply)))
// Whoever started this process is gone.
process.on('disconnect', () => process.exit())
