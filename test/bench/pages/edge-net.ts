/** Our page of the join benchmarks: `join`, a message to every peer as soon as it is announced, and a record of it. */
import { join } from '../../../client/index.ts'
import { fail, mark, offerBench } from './recorder.ts'

offerBench(async (roomUrl) => {
  const network = await join(roomUrl, {
    // No ICE servers anywhere, as for the control: host candidates with mDNS names.
    iceServers: [],
    onPhase: (phase) => mark(`phase-${phase}`),
  })
  mark('in-room')
  network.on('announced', ({ peer }) => {
    mark('announced')
    peer.send('hello').catch(fail)
  })
  network.on('peer', () => mark('verified'))
  network.on('message', () => mark('message'))
  network.on('path', ({ path }) => mark(path.kind === 'direct' ? 'open' : 'relay'))
  network.on('error', ({ error }) => fail(error))
})
