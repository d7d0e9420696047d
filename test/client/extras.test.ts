/** Requests, answers and streams between real clients, over the relay of a room that does as it is told. */
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { RequestError, requests, readableOf, writableOf, type Requests } from '../../client/extras/index.ts'
import type { Data, Network, Peer, Sendable } from '../../client/index.ts'
import { eventually } from '../support/eventually.ts'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

let room: ScriptedRoom
let ada: ObservedNetwork
let bob: ObservedNetwork

beforeEach(async () => {
  room = await ScriptedRoom.open('extras')
  ada = await joinObserved(room.roomUrl, { name: 'Ada' })
  bob = await joinObserved(room.roomUrl, { name: 'Bob' })
  await eventually(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all([ada.network.close(), bob.network.close()])
  await room.close()
})

function peerOf(from: ObservedNetwork, to: ObservedNetwork): Peer {
  const peer = from.network.peers.get(to.network.peerId)
  if (!peer) throw new Error('they have not met')
  return peer
}
const toBob = () => peerOf(ada, bob)
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `message ${i}`)

describe('a request', () => {
  it('is answered, texts by texts and bytes by bytes, and no application message is made of it', async () => {
    const { request } = requests(ada.network)
    requests(bob.network, { handler: ({ data, peer }) => (typeof data === 'string' ? `${peer.name}: ${data}` : data) })
    expect(await request(toBob(), 'hello')).toBe('Ada: hello')
    expect(await request(toBob(), new Uint8Array([1, 2, 3]))).toEqual(new Uint8Array([1, 2, 3]))
    expect(await request(toBob(), new Blob(['abc']))).toEqual(new Uint8Array([97, 98, 99]))
    expect(await request(toBob(), new Float32Array([1]))).toEqual(new Uint8Array([0, 0, 128, 63]))
    expect([ada.messages, bob.messages]).toEqual([[], []])
  })

  it('gets its own answer, however the answers come, in both directions at once', async () => {
    const handler = async ({ data }: { data: Data }) => {
      await new Promise((resolve) => setTimeout(resolve, 30 - Number(data)))
      return `${data as string}!`
    }
    const [fromAda, fromBob] = [requests(ada.network, { handler }), requests(bob.network, { handler })]
    const asked = Array.from({ length: 30 }, (_, i) => `${i}`)
    const answers = [
      ...asked.map((text) => fromAda.request(toBob(), text)),
      ...asked.map((text) => fromBob.request(peerOf(bob, ada), text)),
    ]
    expect(await Promise.all(answers)).toEqual([...asked, ...asked].map((text) => `${text}!`))
  })

  it('without a word for an answer is answered with nothing', async () => {
    requests(bob.network, { handler: () => undefined })
    expect(await requests(ada.network).request(toBob(), 'note this')).toBe('')
  })

  it('survives the loss of sockets', async () => {
    requests(bob.network, { handler: ({ data }) => data })
    const { request } = requests(ada.network)
    const answers = numbered(20).map((text) => request(toBob(), text))
    room.seat(ada.network.peerId).cut()
    room.seat(bob.network.peerId).cut()
    expect(await Promise.all(answers)).toEqual(numbered(20))
  })

  it('whose handler fails says so; the reason stays there, unless it is meant for others', async () => {
    requests(bob.network, {
      handler: ({ data }) => {
        if (data === 'quota') throw new RequestError('handler-failed', 'No quota left.')
        throw new Error('the password is 1234')
      },
    })
    const { request } = requests(ada.network)
    const secret = await request(toBob(), 'secret').catch((error: unknown) => error)
    expect(secret).toBeInstanceOf(RequestError)
    expect(secret).toMatchObject({ code: 'handler-failed', message: 'The handler at the other side failed.' })
    await expect(request(toBob(), 'quota')).rejects.toMatchObject({ code: 'handler-failed', message: 'No quota left.' })
    expect(bob.errors.map(({ code }) => code)).toEqual(['handler-failed', 'handler-failed'])
    expect(ada.errors).toEqual([])
  })

  it('to a peer that answers none is refused', async () => {
    requests(bob.network)
    await expect(requests(ada.network).request(toBob(), 'hello')).rejects.toMatchObject({ code: 'no-handler' })
  })

  it('on another channel is another matter', async () => {
    requests(bob.network, { channel: 300, handler: () => 'on 300' })
    requests(bob.network, { channel: 301, handler: () => 'on 301' })
    expect(await requests(ada.network, { channel: 300 }).request(toBob(), '')).toBe('on 300')
    expect(await requests(ada.network, { channel: 301 }).request(toBob(), '')).toBe('on 301')
  })

  it('is given up after its time, and the handler learns it', async () => {
    const gaveUp = vi.fn()
    requests(bob.network, {
      handler: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            gaveUp()
            resolve('too late')
          })
        }),
    })
    const asked = requests(ada.network).request(toBob(), 'hello', { timeoutMs: 50 })
    await expect(asked).rejects.toMatchObject({ code: 'timeout', message: 'No answer within 50 ms.' })
    await eventually(() => expect(gaveUp).toHaveBeenCalledOnce())
  })

  it('is given up by its signal, before or after it was sent', async () => {
    const signals: AbortSignal[] = []
    const handler = ({ signal }: { signal: AbortSignal }) => new Promise<void>(() => signals.push(signal))
    requests(bob.network, { handler })
    const { request } = requests(ada.network)
    const aborted = { code: 'aborted', cause: 'changed my mind' }
    await expect(request(toBob(), '', { signal: AbortSignal.abort('changed my mind') })).rejects.toMatchObject(aborted)
    expect(signals).toHaveLength(0)
    const abort = new AbortController()
    const asked = request(toBob(), '', { signal: abort.signal })
    await eventually(() => expect(signals).toHaveLength(1))
    abort.abort('changed my mind')
    await expect(asked).rejects.toMatchObject(aborted)
    await eventually(() => expect(signals[0]?.aborted).toBe(true))
  })

  it('ends with its peer, at both sides', async () => {
    let signal: AbortSignal | undefined
    requests(bob.network, {
      handler: (incoming) => {
        signal = incoming.signal
        return new Promise<void>(() => {})
      },
    })
    const asking = requests(bob.network, { channel: 2 }).request(peerOf(bob, ada), 'are you there?')
    const lost = expect(asking).rejects.toMatchObject({ code: 'peer-left' })
    requests(ada.network)
      .request(toBob(), 'hello')
      .catch(() => undefined)
    await eventually(() => expect(signal).toBeDefined())
    await ada.network.close()
    await lost
    expect(signal?.aborted).toBe(true)
  })

  it('to a stranger fails as sending does', async () => {
    const stranger = { id: 'AAAAAAAAAAAAAAAAAAAAAA' as Peer['id'] }
    await expect(requests(ada.network).request(stranger, '')).rejects.toMatchObject({ code: 'peer-unknown' })
  })

  it('ends when the requests are closed; later ones are refused', async () => {
    requests(bob.network, { handler: () => new Promise<void>(() => {}) })
    const asking = requests(ada.network)
    const asked = asking.request(toBob(), '')
    asking.close()
    await expect(asked).rejects.toMatchObject({ code: 'aborted' })
    await expect(asking.request(toBob(), '')).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is not disturbed by what no honest peer sends', async () => {
    requests(bob.network, { handler: ({ data }) => data })
    const { request } = requests(ada.network)
    for (const junk of ['text', new Uint8Array(0), new Uint8Array([0, 0]), new Uint8Array([77, 0, 0, 0, 1])]) {
      await ada.network.send(bob.network.peerId, junk, { channel: 1 })
      await bob.network.send(ada.network.peerId, junk, { channel: 1 })
    }
    // An answer to what nobody asked.
    await bob.network.send(ada.network.peerId, new Uint8Array([1, 0, 0, 0, 9, 1]), { channel: 1 })
    expect(await request(toBob(), 'still here')).toBe('still here')
    expect([...ada.errors, ...bob.errors]).toEqual([])
  })
})

describe('streams', () => {
  it('carry a peer’s messages in order, and end with the link', async () => {
    const reader = readableOf(peerOf(bob, ada)).getReader()
    const writer = writableOf(toBob()).getWriter()
    for (const text of numbered(50)) void writer.write(text)
    const seen: Data[] = []
    for (let i = 0; i < 50; i++) seen.push((await reader.read()).value ?? '')
    expect(seen).toEqual(numbered(50))
    await writer.close()
    expect(bob.messages).toEqual([])
    await ada.network.close()
    expect(await reader.read()).toEqual({ done: true, value: undefined })
  })

  it('slow the writer down to the reader’s pace', async () => {
    const reader = readableOf(peerOf(bob, ada)).getReader()
    const writer = writableOf(toBob()).getWriter()
    const chunk = new Uint8Array(8_192)
    let written = 0
    const first = reader.read()
    const writing = (async () => {
      for (let i = 0; i < 800; i++) {
        await writer.write(chunk)
        written++
      }
    })()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    // Window and credit are about 1.3 MB together; 6.5 MB are to be sent.
    expect(written).toBeLessThan(400)
    expect((await first).value).toHaveLength(8_192)
    for (let i = 1; i < 800; i++) expect((await reader.read()).value).toHaveLength(8_192)
    await writing
  }, 20_000)

  it('can be piped, and closing waits until the other side had everything', async () => {
    const source = new ReadableStream<Sendable>({
      start(controller) {
        for (const text of numbered(20)) controller.enqueue(text)
        controller.close()
      },
    })
    const reader = readableOf(peerOf(bob, ada)).getReader()
    let isDone = false
    const piping = source.pipeTo(writableOf(toBob())).then(() => (isDone = true))
    for (let i = 0; i < 19; i++) await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(isDone).toBe(false)
    expect((await reader.read()).value).toBe('message 19')
    await piping
  })

  it('that are cancelled give the messages back', async () => {
    const reader = readableOf(peerOf(bob, ada)).getReader()
    await ada.network.send(bob.network.peerId, 'one')
    expect((await reader.read()).value).toBe('one')
    await reader.cancel()
    await ada.network.send(bob.network.peerId, 'two')
    await eventually(() => expect(bob.messages.map(({ data }) => data)).toEqual(['two']))
  })
})

it('the types are those of the network', () => {
  expectTypeOf(requests).parameter(0).toExtend<Pick<Network, 'channel' | 'on' | 'send'>>()
  expectTypeOf<Requests['request']>().parameter(1).toEqualTypeOf<Sendable>()
  expectTypeOf<Requests['request']>().returns.resolves.toEqualTypeOf<Data>()
  expectTypeOf(readableOf).returns.toEqualTypeOf<ReadableStream<Data>>()
  expectTypeOf(writableOf).returns.toEqualTypeOf<WritableStream<Sendable>>()
})
