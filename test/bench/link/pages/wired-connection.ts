/**
 * RTCPeerConnections whose direct paths pass through the harness's wires: a remote candidate's port is replaced by that
 * of its stand-in. Ours and the control use the same class, with the same cost. Only what comes in is changed, so nothing
 * of the code under test is.
 */

/** Asks the harness for the stand-in of a port; `undefined` when this direct path is not to be wired. */
export type PortLookup = (port: number) => Promise<number | undefined>

/** `candidate:FOUNDATION COMPONENT udp PRIORITY ADDRESS PORT typ host …` (RFC 8839 section 5.1). */
const UDP_HOST = /^(?:a=)?(candidate:\S+ \d+ udp \d+ (\S+) )(\d+)( typ host.*)$/i

export function wiredConnection(lookup: PortLookup): typeof RTCPeerConnection {
  return class extends RTCPeerConnection {
    /** One after the other, in the order of the calls, as the specification's chain of operations has it. */
    #chain: Promise<unknown> = Promise.resolve()

    // The deprecated forms with callbacks are not for us.
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      // Candidates that stand in the description come by themselves too.
      const sdp = description.sdp?.replaceAll(/^a=candidate:.*\r\n/gm, '')
      return this.#next(() => super.setRemoteDescription({ type: description.type, ...(sdp !== undefined && { sdp }) }))
    }

    override addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      const text = candidate?.candidate
      if (!text) return this.#next(() => super.addIceCandidate(candidate))
      const parts = UDP_HOST.exec(text)
      // TCP and IPv6 would find a way around the wire.
      if (!parts || parts[2]?.includes(':')) return Promise.resolve()
      const looked = lookup(Number(parts[3]))
      return this.#next(async () => {
        const port = await looked
        const wired = port === undefined ? text : `${parts[1]}${port}${parts[4]}`
        await super.addIceCandidate({ ...candidate, candidate: wired })
      })
    }

    #next(act: () => Promise<void>): Promise<void> {
      const done = this.#chain.then(act)
      this.#chain = done.catch(() => undefined)
      return done
    }
  }
}
