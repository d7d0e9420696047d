/** Whom a replica asks for entries that orphans wait for, when, and how often. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Fetch, type FetchHost } from '../../client/qdag/sync/fetch.ts'
import { MAX_FETCH_IDS } from '../../client/qdag/sync/limits.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'

const idOf = (name: string): Bytes => {
  const id = new Uint8Array(32)
  id.set(utf8(name))
  return id
}
const nameOf = (id: Bytes): string => String.fromCharCode(...id.filter((byte) => byte > 0))

describe('a fetch', () => {
  let nowMs = 1_000
  let peers: string[] = []
  let asked: string[] = []
  let behind: string[] = []
  let gone = new Set<string>()
  let fetch: Fetch

  beforeEach(() => {
    nowMs = 1_000
    peers = ['sender', 'one', 'two', 'three', 'four']
    asked = []
    behind = []
    gone = new Set()
    const host: FetchHost = {
      random: () => 0,
      livePeers: () => peers,
      isMissing: (id) => !gone.has(nameOf(id)),
      isUnderway: () => false,
      fetch: (peer, ids) => void asked.push(`${peer}: ${ids.map(nameOf).join(' ')}`),
      lacksMuch: (peer) => void behind.push(peer),
    }
    fetch = new Fetch(host)
  })

  /** Lets time pass, and says when somebody was asked. */
  const pass = (ms: number): string[] => {
    const log: string[] = []
    for (const endMs = nowMs + ms; nowMs <= endMs; nowMs += 100) {
      asked = []
      fetch.tick(nowMs)
      for (const question of asked) log.push(`${nowMs} ${question}`)
    }
    return log
  }

  it('asks the sender of the orphan at once, then others at growing intervals, and then nobody', () => {
    fetch.begin([idOf('a')], 'sender', nowMs)
    expect(pass(60_000)).toEqual(['1000 sender: a', '1500 one: a', '2500 two: a', '4500 three: a'])
    expect(fetch.nextMs()).toBe(Infinity)
  })

  it('asks for several in one message', () => {
    fetch.begin([idOf('a'), idOf('b')], 'sender', nowMs)
    fetch.begin([idOf('c')], 'sender', nowMs)
    expect(pass(0)).toEqual(['1000 sender: a b c'])
  })

  it('asks others when the sender is not there any more', () => {
    peers = ['one', 'two']
    fetch.begin([idOf('a')], 'sender', nowMs)
    expect(pass(1_000)).toEqual(['1000 one: a', '1500 two: a'])
  })

  it('waits for somebody to ask', () => {
    peers = []
    fetch.begin([idOf('a')], 'sender', nowMs)
    expect(pass(1_900)).toEqual([])
    peers = ['sender']
    expect(pass(600)).toEqual(['3000 sender: a'])
  })

  it('asks no more for what has come', () => {
    fetch.begin([idOf('a'), idOf('b')], 'sender', nowMs)
    pass(0)
    fetch.end(idOf('a'))
    expect(pass(1_000)).toEqual(['1500 one: b'])
  })

  it('asks no more for what no orphan waits for any more', () => {
    fetch.begin([idOf('a')], 'sender', nowMs)
    pass(0)
    gone.add('a')
    expect(pass(60_000)).toEqual([])
    expect(fetch.nextMs()).toBe(Infinity)
  })

  it('begins anew when another orphan waits for what was given up', () => {
    fetch.begin([idOf('a')], 'sender', nowMs)
    pass(60_000)
    fetch.begin([idOf('a')], 'one', nowMs)
    expect(pass(0)).toEqual(['61100 one: a'])
  })

  it('compares with whoever sent much that builds on what is not here, and asks for no more than one question holds', () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => idOf(`${i}`))
    fetch.begin(ids.slice(0, 32), 'sender', nowMs)
    expect(behind).toEqual([])
    fetch.begin(ids, 'sender', nowMs)
    expect(new Set(behind)).toEqual(new Set(['sender']))
    expect(pass(60_000).flatMap((question) => question.split(' ').slice(2))).toHaveLength(4 * MAX_FETCH_IDS)
  })

  it('lets a peer that sent much not keep others from being asked', () => {
    fetch.begin(
      Array.from({ length: 1_000 }, (_, i) => idOf(`${i}`)),
      'sender',
      nowMs,
    )
    fetch.begin([idOf('a')], 'one', nowMs)
    expect(pass(0)).toContain('1000 one: a')
  })
})
