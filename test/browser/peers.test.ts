/** Peers in real Chromium pages and in Node, in a real room: they list each other and talk over data channels. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { join, type Network } from '../../client/node/index.ts'
import { joinInPage, type BrowserPeer, type PageJoinOptions } from '../support/browser-peer.ts'
import { launchChromium } from '../support/chromium.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let browser: Browser
const pages: BrowserPeer[] = []
const networks: Network[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
})

afterAll(async () => {
  await browser.close()
  await service.close()
})

afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()))
  await Promise.all(pages.splice(0).map((peer) => peer.page.context().close()))
})

async function page(network: string, options?: PageJoinOptions): Promise<BrowserPeer> {
  const peer = await joinInPage(browser, service.roomUrl(network), options)
  pages.push(peer)
  return peer
}

async function nodePeer(network: string, options?: Parameters<typeof join>[1]): Promise<Network> {
  const peer = await join(service.roomUrl(network), options)
  networks.push(peer)
  return peer
}

describe('two pages', () => {
  it('list each other and talk over a data channel, with mDNS candidates on', async () => {
    const ada = await page('two-pages', { name: 'Ada' })
    const bob = await page('two-pages', { name: 'Bob' })
    await vi.waitFor(async () => expect((await ada.seen()).peers[0]?.path.kind).toBe('direct'), 10_000)
    await vi.waitFor(async () => expect((await bob.seen()).peers[0]?.path.kind).toBe('direct'), 10_000)
    const [a, b] = await Promise.all([ada.seen(), bob.seen()])
    expect(a.peers).toMatchObject([{ id: b.peerId, name: 'Bob', siteId: b.siteId, state: 'verified' }])
    expect(b.peers).toMatchObject([{ id: a.peerId, name: 'Ada', siteId: a.siteId, state: 'verified' }])
    await ada.send(b.peerId, 'hello Bob')
    await bob.sendBytes(a.peerId, 100_000)
    await vi.waitFor(
      async () => expect((await bob.seen()).messages).toEqual([{ from: a.peerId, data: 'hello Bob' }]),
      10_000,
    )
    await vi.waitFor(async () => expect((await ada.seen()).messages).toHaveLength(1), 10_000)
    expect((await ada.seen()).messages[0]?.data).toEqual(Array.from({ length: 100_000 }, (_, i) => i % 256))
    const label = (await ada.seen()).peers[0]?.path
    expect(label).toMatchObject({ kind: 'direct', protocol: 'udp' })
  })

  it('talk over the sealed relay when one of them makes no direct paths', async () => {
    const ada = await page('relay-only', { direct: 'off' })
    const bob = await page('relay-only', { greeting: 'first words' })
    const a = await ada.seen()
    await vi.waitFor(async () => expect((await ada.seen()).messages).toMatchObject([{ data: 'first words' }]))
    await bob.sendBytes(a.peerId, 400_000)
    await vi.waitFor(async () => expect((await ada.seen()).messages).toHaveLength(2), 10_000)
    expect((await bob.seen()).peers).toMatchObject([{ state: 'verified', path: { kind: 'relay' } }])
  })

  it('join though one clock is ten minutes off', async () => {
    const ada = await page('clocks', { clockOffsetMs: 600_000 })
    const bob = await page('clocks', { clockOffsetMs: -600_000 })
    await vi.waitFor(async () => expect((await ada.seen()).peers[0]?.path.kind).toBe('direct'), 10_000)
    expect((await bob.seen()).peers).toMatchObject([{ id: (await ada.seen()).peerId }])
  })

  it('hear at once that the other has left', async () => {
    const ada = await page('leaving')
    const bob = await page('leaving')
    const { peerId } = await ada.seen()
    await vi.waitFor(async () => expect((await bob.seen()).peers[0]?.path.kind).toBe('direct'), 10_000)
    await ada.leave()
    await vi.waitFor(async () => expect((await bob.seen()).left).toEqual([{ id: peerId, reason: 'left' }]), 1_000)
    expect((await bob.seen()).total).toBe(1)
  })
})

describe('a page and a Node process', () => {
  it('list each other and talk over a data channel that getStats confirms', async () => {
    const ada = await page('page-and-node', { name: 'Ada' })
    const node = await nodePeer('page-and-node', { name: 'Node' })
    const heard: unknown[] = []
    node.on('message', ({ data }) => void heard.push(data))
    const { peerId } = await ada.seen()
    await vi.waitFor(
      () => expect([...node.peers.values()]).toMatchObject([{ id: peerId, path: { kind: 'direct' } }]),
      10_000,
    )
    await vi.waitFor(
      async () =>
        expect((await ada.seen()).peers).toMatchObject([{ name: 'Node', path: { kind: 'direct', protocol: 'udp' } }]),
      10_000,
    )
    await node.broadcast('from Node')
    await ada.broadcast('from the page')
    await vi.waitFor(() => expect(heard).toEqual(['from the page']))
    await vi.waitFor(async () => expect((await ada.seen()).messages).toMatchObject([{ data: 'from Node' }]))
  })
})
