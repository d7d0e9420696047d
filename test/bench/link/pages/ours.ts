/** Our side of the link benches: the SDK as it is served, one network per lane. */
import { join, type Peer } from '../../../../client/index.ts'
import { fail, offerLanes, type End } from './lane.ts'

offerLanes(async ({ roomUrl, direct, wired }, lane, engine) => {
  const network = await join(roomUrl, {
    iceServers: [],
    direct: direct ? 'on' : 'off',
    // What the SDK says of the runtime's own engine, about the same engine with a wire in it.
    ...(wired && {
      rtc: { RTCPeerConnection: engine, rank: 1, takesConfiguration: true, honoursRelayOnly: true },
    }),
  })
  let peer: Peer | undefined
  const end: End = {
    send: async (data) => peer?.send(data),
    leave: () => network.close(),
  }
  lane.mark('in-room')
  network.on('announced', (event) => {
    peer = event.peer
    lane.seen(end)
  })
  network.on('peer', () => lane.mark('verified'))
  network.on('message', ({ data }) => lane.heard(data, 'relay'))
  network.on('path', ({ path }) => lane.mark(path.kind))
  network.on('state', ({ state }) => lane.mark(`state-${state}`))
  network.on('error', ({ error }) => fail(error))
  return end
})
