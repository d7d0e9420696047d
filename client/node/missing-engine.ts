/** Says what is missing where there is no WebRTC. */
import { nodeEngine } from './engine.ts'

/** On stderr, once a run. */
export async function sayIfNoEngine(): Promise<void> {
  if (!(await nodeEngine())) process.stderr.write(NO_ENGINE)
}

const NO_ENGINE = `edge-net: there is no WebRTC engine here; messages go through the room, sealed.
hint: npm install node-datachannel
`
