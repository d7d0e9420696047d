/** The WebRTC engine for Node: node-datachannel, when it is installed. */
import type { RtcEngine } from '../api.ts'

/** @returns `undefined` when the optional package is not there or does not run on this machine: the relay carries all. */
export async function nodeEngine(): Promise<RtcEngine | undefined> {
  try {
    const { RTCPeerConnection } = await import('node-datachannel/polyfill')
    // The polyfill's class has the standard's shape, typed a little more loosely.
    const engine = RTCPeerConnection as unknown as RtcEngine['RTCPeerConnection']
    return { RTCPeerConnection: engine, rank: 0, encodeCredentials: true }
  } catch {
    return undefined
  }
}
