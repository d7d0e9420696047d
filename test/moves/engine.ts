/**
 * The runtime's own WebRTC engine, with its connections in reach: their candidates lead through the air (udp-air.ts),
 * and a connection, or one of its channels, can be closed behind the SDK's back.
 */
import type { RtcEngine } from '../../client/api.ts'
import type { Side } from './udp-air.ts'

/** `candidate:foundation component transport priority address port typ host …` (RFC 8839 section 5.1). */
const HOST_CANDIDATE = /^(?:a=)?(candidate:\S+ \d+ udp \d+) (\d+\.\d+\.\d+\.\d+) (\d+) (typ host.*)$/i

export class ReachableEngine {
  readonly engine: RtcEngine
  /** Connections made so far. */
  made = 0
  /** How many of them have carried something: their first channel was open. */
  opened = 0
  readonly #connections = new Set<{ readonly pc: RTCPeerConnection; readonly channels: RTCDataChannel[] }>()
  #free: PromiseWithResolvers<void> | undefined

  /** @param airUrl where stand-ins are given out */
  constructor(real: RtcEngine, airUrl: string, side: Side) {
    // A class inside needs a name for the instance outside.
    // oxlint-disable-next-line typescript/no-this-alias, unicorn/no-this-assignment
    const reach = this
    class Reachable extends real.RTCPeerConnection {
      readonly #channels: RTCDataChannel[] = []

      constructor(configuration?: RTCConfiguration) {
        super(configuration)
        reach.made++
        const connection = { pc: this, channels: this.#channels }
        reach.#connections.add(connection)
        let handler: RTCPeerConnection['onicecandidate'] = null
        // One of the two engines has this as a property of every instance, and calls what it finds there.
        Object.defineProperty(this, 'onicecandidate', {
          get: () => null,
          set: (next: RTCPeerConnection['onicecandidate']) => {
            handler = next
          },
        })
        this.addEventListener('icecandidate', ({ candidate }) => {
          void throughAir(candidate?.candidate ?? '').then(async (text) => {
            await reach.#free?.promise
            if (text) handler?.call(this, { candidate: { candidate: text } } as RTCPeerConnectionIceEvent)
          })
        })
      }

      override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, init)
        if (this.#channels.push(channel) === 1) channel.addEventListener('open', () => reach.opened++)
        return channel
      }

      override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
        await reach.#free?.promise
        await super.addIceCandidate(candidate)
      }

      override close(): void {
        for (const connection of reach.#connections) if (connection.pc === this) reach.#connections.delete(connection)
        super.close()
      }
    }
    this.engine = { ...real, RTCPeerConnection: Reachable }

    async function throughAir(candidate: string): Promise<string | undefined> {
      const [, head, address = '', port, tail] = HOST_CANDIDATE.exec(candidate) ?? []
      if (!head) return undefined
      const answer = await fetch(`${airUrl}?${new URLSearchParams({ side, address, port: port ?? '' }).toString()}`)
      return answer.ok ? `${head} ${address} ${await answer.text()} ${tail}` : undefined
    }
  }

  /** Lets no new connection open: no candidate leaves, and none is added, until `release`. */
  hold(): void {
    this.#free ??= Promise.withResolvers()
  }

  release(): void {
    this.#free?.resolve()
    this.#free = undefined
  }

  /** Closes the connection that carries something now, or one of its channels; false if there is none. */
  close(what: 'connection' | 'frames-channel' | 'probes-channel'): boolean {
    const open = [...this.#connections].findLast(({ channels }) => channels[0]?.readyState === 'open')
    if (what === 'connection') open?.pc.close()
    else open?.channels[what === 'frames-channel' ? 0 : 1]?.close()
    return open !== undefined
  }
}
