/** Do the Gun relays answer that the host names, or the environment? Nothing is written to them. */
import { gunRelayUrl, MAX_GUN_RELAYS } from '../../../protocol/gun-relays.ts'
import type { RoomUrl } from '../../room-url.ts'
import { finding, type Finding } from './finding.ts'

/** As long as the carrier waits for one. */
const ANSWER_MS = 10_000
/** Gun's greeting, which every relay answers with its own. */
const GREETING = JSON.stringify({ '#': 'edge-net-doctor', dam: '?', pid: 'edge-net-doctor' })

/** What a host says of its relays, as far as it can be used. */
export function relaysOf(described: unknown): readonly string[] {
  if (!Array.isArray(described)) return []
  const urls = described.flatMap((text) => (typeof text === 'string' ? (gunRelayUrl(text) ?? []) : []))
  return [...new Set(urls)].slice(0, MAX_GUN_RELAYS)
}

/** @param relays WebSocket URLs, one at least */
export async function checkGun(relays: readonly string[], room: RoomUrl, answerMs = ANSWER_MS): Promise<Finding> {
  const asked = await Promise.all(relays.map(async (url) => ({ url, answered: await answers(url, answerMs) })))
  const count = asked.filter(({ answered }) => answered).length
  const isPlain = room.http.startsWith('https:') && relays.some((url) => url.startsWith('ws:'))
  const silent = asked.filter(({ answered }) => !answered).map(({ url }) => url)
  const advice = [
    ...(silent.length > 0 ? [`${silent.join(', ')}: no answer. ${DOWN}`] : []),
    ...(isPlain ? [PLAIN] : []),
  ]
  const verdict = count === 0 ? 'failed' : advice.length > 0 ? 'limited' : 'ok'
  const summary = `${count} of ${relays.length} Gun ${relays.length === 1 ? 'relay answers' : 'relays answer'}`
  return finding('gun', verdict, summary, { advice, facts: { relays: asked } })
}

const DOWN = 'Members who name a relay that is down find nobody there while the room is out of reach. Name another one.'
const PLAIN = 'Pages that came over https: cannot use a relay with http:. Give it a certificate.'

function answers(url: string, answerMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    const settle = (answered: boolean) => {
      clearTimeout(giveUp)
      socket.onmessage = socket.onclose = null
      socket.close()
      resolve(answered)
    }
    const giveUp = setTimeout(() => settle(false), answerMs)
    socket.onopen = () => socket.send(GREETING)
    socket.onmessage = ({ data }: MessageEvent<unknown>) => settle(isOfGun(data))
    socket.onclose = () => settle(false)
  })
}

/** Messages are objects, or lists of them packed together; `[]` is a sign of life. */
function isOfGun(data: unknown): boolean {
  if (typeof data !== 'string') return false
  try {
    const message: unknown = JSON.parse(data)
    return typeof message === 'object' && message !== null
  } catch {
    return false
  }
}
