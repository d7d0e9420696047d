/** What `send` and its kin promise to applications, over both paths of a real room. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readableOf, requests, writableOf } from '../../client/extras/index.ts'
import type { Data } from '../../client/node/index.ts'
import { eventually } from '../support/eventually.ts'
import { heardBy, isDirect, useRoom } from '../support/two-peers.ts'

const MIB = 1_048_576
const LARGEST = 16 * MIB
/** Generous: sixteen mebibytes through a loaded machine, at the relay's two mebibytes a second. */
const LONG_MS = 60_000
const { meet } = useRoom()

function bytes(length: number, first = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => first + i)
}

/** What arrives may be viewed as numbers, and kept without keeping more. */
function hasMemoryOfItsOwn(data: Data): void {
  if (typeof data !== 'string') expect(data.buffer.byteLength).toBe(data.length)
}

describe.each([
  ['over the relay', 'off'],
  ['over a direct path', 'on'],
] as const)('messages %s', (_, direct) => {
  const pair = async (name: string) => {
    const both = await meet(`${name}-${direct}`, { direct })
    if (direct === 'on') await Promise.all(both.map(isDirect))
    return both
  }

  it('may be texts, bytes, other views, buffers and blobs, and keep their order', async () => {
    const [a, b] = await pair('kinds')
    const heard = heardBy(b.network)
    const sendings = [
      a.peer.send('a text, größer als ASCII'),
      a.peer.send(''),
      a.peer.send(bytes(3)),
      a.peer.send(new Blob([bytes(100_000), 'and a text'])),
      a.peer.send(new DataView(bytes(8).buffer, 2, 4)),
      a.peer.send(new Uint16Array([1, 256])),
      a.peer.send(bytes(5, 7).buffer),
      a.peer.send('the end'),
    ]
    await Promise.all(sendings.map(({ delivered }) => delivered))
    expect(sendings.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(heard).toHaveLength(8)
    const blob = new Uint8Array(await new Blob([bytes(100_000), 'and a text']).arrayBuffer())
    expect(heard.map((data, i) => (i === 3 ? blob.length : data))).toEqual([
      'a text, größer als ASCII',
      '',
      bytes(3),
      blob.length,
      bytes(4, 2),
      new Uint8Array(new Uint16Array([1, 256]).buffer),
      bytes(5, 7),
      'the end',
    ])
    expect(Buffer.compare(heard[3] as Uint8Array, blob)).toBe(0)
    heard.forEach(hasMemoryOfItsOwn)
  })

  it('are what they were when they were sent', async () => {
    const [a, b] = await pair('copies')
    const heard = heardBy(b.network)
    const data = bytes(4)
    const { delivered } = a.peer.send(data)
    data.fill(99)
    await delivered
    expect(heard).toEqual([bytes(4)])
  })

  it('of sixteen mebibytes pass both ways at once, and a byte more is refused', { timeout: 2 * LONG_MS }, async () => {
    const [a, b] = await pair('largest')
    const [heardByA, heardByB] = [heardBy(a.network), heardBy(b.network)]
    const [fromA, fromB] = [new Uint8Array(LARGEST).fill(1), new Uint8Array(LARGEST).fill(2)]
    await expect(a.peer.send(new Uint8Array(LARGEST + 1))).rejects.toMatchObject({ code: 'message-too-large' })
    await Promise.all([a.peer.send(fromA).delivered, b.peer.send(fromB).delivered])
    expect(Buffer.compare(heardByB[0] as Uint8Array, fromA)).toBe(0)
    expect(Buffer.compare(heardByA[0] as Uint8Array, fromB)).toBe(0)
  })

  it('wait until somebody listens, and are confirmed only then', async () => {
    const [a, b] = await pair('waiting')
    let confirmed = 0
    const sendings = ['one', 'two', 'three'].map((text) => a.peer.send(text))
    for (const { delivered } of sendings) void delivered.then(() => confirmed++)
    await Promise.all(sendings)
    await pause(300)
    expect(confirmed).toBe(0)
    const heard = heardBy(b.network)
    await eventually(() => expect(confirmed).toBe(3), 5_000)
    expect(heard).toEqual(['one', 'two', 'three'])
  })

  it('are read one by one, and a reader who pauses holds the sender back', async () => {
    const [a, b] = await pair('reading')
    const size = 200_000
    const count = 20
    let taken = 0
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        await a.peer.send(new Uint8Array(size).fill(i))
        taken++
      }
    })()
    const reader = b.peer.messages()
    expect((await reader.next()).value).toEqual(new Uint8Array(size).fill(0))
    await pause(1_000)
    // A mebibyte of credit at the reader, and a window of at most as much here.
    expect(taken).toBeLessThan(count)
    for (let i = 1; i < count; i++) expect(((await reader.next()).value as Uint8Array)[0]).toBe(i)
    await sending
    await reader.return?.()
    const heard = heardBy(b.network)
    await a.peer.send('after the reader').delivered
    expect(heard).toEqual(['after the reader'])
  })

  it('are not sent when their signal has aborted before', async () => {
    const [a, b] = await pair('aborted')
    const heard = heardBy(b.network)
    const sending = a.peer.send('never', { signal: AbortSignal.abort() })
    await expect(sending).rejects.toMatchObject({ code: 'aborted' })
    await expect(sending.delivered).rejects.toMatchObject({ code: 'aborted' })
    await a.peer.send('next').delivered
    expect(heard).toEqual(['next'])
  })

  it('that wait behind others can be taken back; what is on its way cannot', async () => {
    const [a, b] = await pair('taken-back')
    const abort = new AbortController()
    const first = a.peer.send(new Uint8Array(3 * MIB), { signal: abort.signal })
    const second = a.peer.send('taken back', { signal: abort.signal })
    const third = a.peer.send('goes')
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'aborted' })
    const heard = heardBy(b.network)
    await third.delivered
    await first.delivered
    expect(heard.map((data) => data.length)).toEqual([3 * MIB, 4])
  })

  it('have channels of their own, in one order with the others', async () => {
    const [a, b] = await pair('channels')
    const heard: string[] = []
    b.network.on('message', ({ data }) => void heard.push(`0 ${String(data)}`))
    const stop = b.network.channel(300, ({ peer, data }) => void heard.push(`300 ${peer.name}${String(data)}`))
    void a.peer.send('one')
    void a.peer.send('two', { channel: 300 })
    void a.peer.send('dropped', { channel: 301 })
    await a.peer.send('three').delivered
    stop()
    void a.peer.send('dropped', { channel: 300 })
    await a.peer.send('four').delivered
    expect(heard).toEqual(['0 one', '300 two', '0 three', '0 four'])
  })

  it('that are datagrams arrive on a quiet path, and have a size', async () => {
    const [a, b] = await pair('datagrams')
    const heard: Data[] = []
    b.network.on('datagram', ({ data }) => void heard.push(data))
    await eventually(() => {
      expect(a.peer.datagram('text')).toBe(true)
      expect(a.peer.datagram(bytes(1_000))).toBe(true)
      expect(heard).toContain('text')
      expect(heard).toContainEqual(bytes(1_000))
    }, 5_000)
    heard.forEach(hasMemoryOfItsOwn)
    expect(() => a.peer.datagram(new Uint8Array(16_369))).toThrow(
      expect.objectContaining({ code: 'message-too-large' }),
    )
  })

  it('sent right before leaving still arrive', async () => {
    const [a, b] = await pair('last-words')
    const heard = heardBy(b.network)
    const reasons: string[] = []
    b.network.on('peer-left', ({ reason, unconfirmed }) => void reasons.push(`${reason} ${unconfirmed.length}`))
    const sendings = Array.from({ length: 50 }, (_unused, i) => a.peer.send(`${i}`))
    // What the link has taken over at once: more than a window would not be.
    const large = a.peer.send(new Uint8Array(50_000))
    for (const sending of [...sendings, large]) sending.catch(() => undefined)
    await a.network.close()
    await eventually(() => expect(reasons).toEqual(['left 0']), 10_000)
    expect(heard.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_unused, i) => `${i}`))
    expect(heard).toHaveLength(51)
  })

  it('carry requests and answers', async () => {
    const [a, b] = await pair('requests')
    requests(b.network, { handler: ({ data }) => `You said ${String(data)}.` })
    const { request } = requests(a.network)
    const answers = await Promise.all(['one', 'two'].map((text) => request(a.peer, text)))
    expect(answers).toEqual(['You said one.', 'You said two.'])
  })

  it('flow through streams', async () => {
    const [a, b] = await pair('streams')
    const reader = readableOf(b.peer).getReader()
    const writer = writableOf(a.peer).getWriter()
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await writer.write(`${i}`)
    })()
    for (let i = 0; i < 20; i++) expect((await reader.read()).value).toBe(`${i}`)
    await writing
    await reader.cancel()
  })
})
