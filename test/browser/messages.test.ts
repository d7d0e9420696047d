/** What `send` and its kin promise, in a real Chromium page that talks to a Node process. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { join, type Data, type Network } from '../../client/node/index.ts'
import { joinInPage, type BrowserPeer } from '../support/browser-peer.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { startService, type Service } from '../support/server.ts'

const PATIENCE_MS = 20_000
let service: Service
let browser: Browser
let page: BrowserPeer
let node: Network

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  page = await joinInPage(browser, service.roomUrl('page-messages'))
  node = await join(service.roomUrl('page-messages'), { iceServers: [] })
  await eventually(() => {
    expect([...node.peers.values()]).toMatchObject([{ path: { kind: 'direct' } }])
  }, PATIENCE_MS)
  await eventually(async () => {
    expect((await page.seen()).peers).toMatchObject([{ path: { kind: 'direct' } }])
  }, PATIENCE_MS)
})
afterAll(async () => {
  await node.close()
  await browser.close()
  await service.close()
})

it('sends every kind of data from a page, in order, and confirms each', async () => {
  const heard: Data[] = []
  const stop = node.on('message', ({ data }) => void heard.push(data))
  const ids = await page.page.evaluate(async (to) => {
    const { network } = globalThis
    const counted = (length: number) => Uint8Array.from({ length }, (_, i) => i)
    const sendings = ['text', counted(3), new Uint16Array([1, 2]), counted(4).buffer, new Blob([counted(2), 'b'])].map(
      (data) => network.send(to as never, data),
    )
    await Promise.all(sendings.map(({ delivered }) => delivered))
    return sendings.map(({ id }) => id)
  }, node.peerId)
  stop()
  expect(ids).toEqual([1, 2, 3, 4, 5])
  expect(heard).toEqual([
    'text',
    new Uint8Array([0, 1, 2]),
    new Uint8Array([1, 0, 2, 0]),
    new Uint8Array([0, 1, 2, 3]),
    new Uint8Array([0, 1, 98]),
  ])
})

it('carries datagrams, refuses what is too large and what was aborted, and explains itself', async () => {
  const heard: Data[] = []
  node.on('datagram', ({ data }) => void heard.push(data))
  await eventually(async () => {
    await page.page.evaluate((to) => globalThis.network.peers.get(to)?.datagram('ping'), node.peerId)
    expect(heard).toContain('ping')
  }, PATIENCE_MS)
  const [tooLarge, aborted, explanation] = await page.page.evaluate(async (to) => {
    const codeOf = (error: unknown) => (error as { code: string }).code
    const peer = globalThis.network.peers.get(to)
    if (!peer) throw new Error('the peer is gone')
    return [
      await peer.send(new Uint8Array(16 * 1_048_576 + 1)).then(() => 'sent', codeOf),
      await peer.send('never', { signal: AbortSignal.abort() }).then(() => 'sent', codeOf),
      peer.explain(),
    ] as const
  }, node.peerId)
  expect([tooLarge, aborted]).toEqual(['message-too-large', 'aborted'])
  expect(explanation).toMatchObject({ phase: 'direct', relayIsUp: true, path: { kind: 'direct' }, advice: [] })
  expect(explanation.attempts.at(-1)).toMatchObject({ state: 'open' })
})

it('gives a page messages one by one, and holds the sender back meanwhile', async () => {
  const [peer] = node.peers.values()
  if (!peer) throw new Error('met nobody')
  // The page reads before anything is sent; else the first message would be its listener's.
  await page.page.evaluate((to) => {
    const reader = globalThis.network.peers.get(to)?.messages()
    Object.assign(globalThis, { reader, first: reader?.next() })
  }, node.peerId)
  let taken = 0
  const sending = (async () => {
    for (let i = 0; i < 20; i++) {
      await peer.send(new Uint8Array(200_000 + i))
      taken++
    }
  })()
  const first = await page.page.evaluate(async () => {
    const { first: next } = globalThis as unknown as { first: Promise<IteratorResult<Uint8Array>> }
    return (await next).value.length
  })
  expect(first).toBe(200_000)
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(taken).toBeLessThan(20)
  const lengths = await page.page.evaluate(async () => {
    const { reader } = globalThis as unknown as { reader: AsyncIterator<string | Uint8Array> }
    const seen: number[] = []
    while (seen.length < 19) seen.push(((await reader.next()).value as Uint8Array).length)
    return seen
  })
  expect(lengths).toEqual(Array.from({ length: 19 }, (_, i) => 200_001 + i))
  await sending
})
