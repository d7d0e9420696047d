import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Network, NetworkEvents, Peer } from '../../client/api.ts'
import { Emitter } from '../../client/events.ts'
import { sayLines } from '../../client/node/spoken-lines.ts'

/** What is typed, what is said of it, and a network that takes everything. */
function speaking({ isComplete, links = 1 }: { isComplete: boolean; links?: number }) {
  const emitter = new Emitter<NetworkEvents>(() => undefined)
  const heard: string[] = []
  const peers = new Map<string, Pick<Peer, 'send'>>()
  const send = (text: unknown) => Promise.resolve(void heard.push(String(text)))
  for (let i = 0; i < links; i++) peers.set(`${i}`, { send } as Pick<Peer, 'send'>)
  const on = emitter.on.bind(emitter)
  const network = { mesh: { isComplete }, total: 100, peers, on, broadcast: send } as unknown as Network
  const input = new PassThrough()
  const over = new AbortController()
  const said: string[] = []
  const failed = vi.fn<(error: unknown) => void>()
  const ended = sayLines(network, input, { said: (line) => said.push(line), failed }, over.signal)
  const arrive = () => {
    const peer = { send } as unknown as Peer
    peers.set('late', peer)
    emitter.emit('peer', { peer })
  }
  return { input, over, said, heard, failed, ended, arrive }
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`)

describe('lines that are typed', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('go out at once over links, in order', async () => {
    const { input, said, heard, over, ended } = speaking({ isComplete: true })
    input.write(`${lines(300).join('\n')}\n\n  \n`)
    await vi.waitFor(() => expect(said).toEqual(lines(300)))
    expect(heard).toEqual(lines(300))
    over.abort()
    await ended
  })

  it('wait for each other where members would not pass on more, and none is left out', async () => {
    const { input, said, over, ended } = speaking({ isComplete: false })
    input.write(`${lines(60).join('\n')}\n`)
    await vi.advanceTimersByTimeAsync(100)
    expect(said).toEqual(lines(40))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(said.length).toBeGreaterThanOrEqual(46)
    expect(said.length).toBeLessThanOrEqual(50)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(said).toEqual(lines(60))
    over.abort()
    await ended
  })

  it('wait until somebody is there', async () => {
    const { input, said, arrive, over, ended } = speaking({ isComplete: true, links: 0 })
    input.write('hello\n')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(said).toEqual([])
    arrive()
    await vi.waitFor(() => expect(said).toEqual(['hello']))
    over.abort()
    await ended
  })

  it('are given up when the stay is over, while they wait for somebody or for their turn', async () => {
    const alone = speaking({ isComplete: true, links: 0 })
    const busy = speaking({ isComplete: false })
    alone.input.write('hello\n')
    busy.input.write(`${lines(60).join('\n')}\n`)
    await vi.advanceTimersByTimeAsync(100)
    alone.over.abort()
    busy.over.abort()
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all([alone.ended, busy.ended])
    expect(alone.said).toEqual([])
    expect(busy.said).toEqual(lines(40))
  })
})
