/**
 * Where attempts get their connections from. Making one costs a certificate and keeps the thread busy for milliseconds, so
 * one is made in advance, with its offer, where the engine allows that.
 */
import type { IceServer } from '../../protocol/http.ts'
import type { RtcEngine } from '../api.ts'
import { closeConnection, configurationOf, openConnection, type Connection } from './connection.ts'

export class ConnectionSource {
  /** Those that the next attempt will use. */
  iceServers: readonly IceServer[] = []
  readonly #engine: RtcEngine
  readonly #iceTransportPolicy: RTCIceTransportPolicy
  #spare: Connection | undefined
  #spareServers = this.iceServers

  constructor(engine: RtcEngine, iceTransportPolicy: RTCIceTransportPolicy) {
    this.#engine = engine
    this.#iceTransportPolicy = iceTransportPolicy
  }

  /** The next one need not be waited for. */
  get isPrepared(): boolean {
    return this.#spare !== undefined
  }

  /** Makes one in advance. */
  prepare(): void {
    // Other engines than the browsers' do not take new servers on a connection that exists.
    if (this.#spare || !this.#engine.takesConfiguration) return
    try {
      const connection = openConnection(this.#engine, this.#configuration())
      const offer = connection.pc.createOffer()
      // Whoever uses the offer sees the failure; unused, it is none.
      offer.catch(() => undefined)
      this.#spare = { ...connection, offer }
      this.#spareServers = this.iceServers
    } catch {
      // The engine takes no more connections now; the next attempt will find that out and report it.
    }
  }

  /** One for an attempt; `undefined` when the engine has none left. */
  take(): Connection | undefined {
    const spare = this.#spare
    this.#spare = undefined
    try {
      if (!spare) return openConnection(this.#engine, this.#configuration())
      // Nothing has been gathered yet, so new servers count from the start. The call can take milliseconds.
      if (this.#spareServers === this.iceServers) return spare
      spare.pc.setConfiguration(this.#configuration())
      return { ...spare, offer: undefined }
    } catch {
      return undefined
    }
  }

  close(): void {
    if (this.#spare) closeConnection(this.#spare)
    this.#spare = undefined
  }

  #configuration(): RTCConfiguration {
    return configurationOf(this.#engine, this.iceServers, this.#iceTransportPolicy)
  }
}
