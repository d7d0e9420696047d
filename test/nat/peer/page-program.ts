/** The driver in a page, with the SDK that the page's own host serves. */
import type * as EdgeNet from '../../../client/index.ts'
import { Driver } from './driver.ts'

declare global {
  var driver: Driver
}

globalThis.driver = new Driver({
  async join(roomUrl, options) {
    const sdk = (await import(new URL('/edge-net.js', roomUrl).href)) as typeof EdgeNet
    return sdk.join(roomUrl, options)
  },
  RTCPeerConnection,
  encodeCredentials: false,
})
