/** The driver in a Node process with the Node engine; asked over Node's channel between processes. */
import { nodeEngine } from '../../../client/node/engine.ts'
import { join } from '../../../client/node/index.ts'
import { Driver, type DriverMethod } from './driver.ts'

const engine = await nodeEngine()
if (!engine) throw new Error('node-datachannel is not installed')
const driver = new Driver({
  join,
  RTCPeerConnection: engine.RTCPeerConnection as typeof RTCPeerConnection,
  encodeCredentials: true,
})

/** Whoever asked may be gone by now; then this process ends, too. */
const reply = (answer: object) => process.send?.(answer, () => undefined)

process.on('message', ({ id, method, args }: { id: number; method: DriverMethod; args: unknown[] }) => {
  const call = driver[method] as (...some: unknown[]) => unknown
  Promise.resolve()
    .then(() => call.apply(driver, args))
    .then(
      (result) => reply({ id, result }),
      (error: unknown) => reply({ id, error: String(error instanceof Error ? error.stack : error) }),
    )
})
process.on('disconnect', () => process.exit())
reply({ id: 0 })
