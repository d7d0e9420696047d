import type { IceAnswer } from '../protocol/http.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import { listOf, type Settings } from './settings.ts'
export async function iceAnswer(settings: Settings, _peer: PeerId, _nowMs: number): Promise<IceAnswer> {
  const urls = listOf(settings.EDGE_NET_STUN_URLS)
  return { iceServers: urls.length > 0 ? [{ urls }] : [] }
}
export function iceProviderName(_settings: Settings): string {
  return 'stun'
}
