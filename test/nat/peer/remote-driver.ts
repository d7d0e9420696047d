/** A peer of the laboratory as the test sees it: the driver's methods, called in another process. */
import type { BareResult } from './bare.ts'
import type { Driver, PeerReport, PlainJoinOptions } from './driver.ts'
import type { IceServer } from '../../../protocol/http.ts'

export abstract class RemoteDriver {
  abstract readonly engine: 'node' | 'chromium'
  abstract close(): Promise<void>
  protected abstract call(method: keyof Driver, ...args: readonly unknown[]): Promise<unknown>

  async join(roomUrl: string, options: PlainJoinOptions = {}): Promise<string> {
    return (await this.call('join', roomUrl, options)) as string
  }
  async report(): Promise<PeerReport> {
    return (await this.call('report')) as PeerReport
  }
  async startTraffic(everyMs: number): Promise<void> {
    await this.call('startTraffic', everyMs)
  }
  async stopTraffic(): Promise<void> {
    await this.call('stopTraffic')
  }
  async mark(note: string): Promise<number> {
    return (await this.call('mark', note)) as number
  }
  async nudge(): Promise<void> {
    await this.call('nudge')
  }
  async warmUp(): Promise<void> {
    await this.call('warmUp')
  }
  async leave(): Promise<void> {
    await this.call('leave')
  }
  async bareReady(url: string, role: 'offerer' | 'answerer', iceServers: readonly IceServer[]): Promise<void> {
    await this.call('bareReady', url, role, iceServers)
  }
  async bareResult(timeoutMs: number): Promise<BareResult> {
    return (await this.call('bareResult', timeoutMs)) as BareResult
  }
}
