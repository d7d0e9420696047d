/** An endpoint in a page that has loaded the SDK from the Worker. The page is driven through this one global. */
import type { JoinOptions, Network } from '../../client/api.ts'
import { Endpoint, type EndpointOptions } from './endpoint.ts'

declare global {
  var trial: {
    endpoint?: Endpoint
    start(join: (roomUrl: string, options: JoinOptions) => Promise<Network>, options: EndpointOptions): Promise<void>
  }
}

globalThis.trial = {
  async start(join, options) {
    // What the SDK says of the browser's engine when it takes it by itself.
    const engine = { RTCPeerConnection, rank: 1, takesConfiguration: true, honoursRelayOnly: true }
    this.endpoint = await Endpoint.join(options, { join, engine })
  },
}
