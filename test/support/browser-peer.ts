/** A peer in a real Chromium page that has loaded the SDK from the Worker, as any website could. */
import type { Browser, Page } from 'playwright-core'
import type { join as joinFromSdk, JoinOptions, Network, Path, Peer } from '../../client/index.ts'

/** The options that can be sent into a page. */
export type PageJoinOptions = Pick<
  JoinOptions,
  'name' | 'direct' | 'iceTransportPolicy' | 'iceServers' | 'attempts' | 'blocked'
> & {
  /** Milliseconds that the page's clock is wrong by. */
  readonly clockOffsetMs?: number
  /** Sent to every peer as soon as it is announced. */
  readonly greeting?: string
}

export interface SeenPeer {
  readonly id: string
  readonly name: string
  readonly siteId: string
  readonly state: Peer['state']
  readonly path: Path
}

export interface Seen {
  readonly peerId: string
  readonly siteId: string
  readonly state: Network['state']
  readonly total: number
  readonly peers: readonly SeenPeer[]
  readonly messages: readonly { readonly from: string; readonly data: string | readonly number[] }[]
  readonly left: readonly { readonly id: string; readonly reason: string }[]
  readonly errors: readonly { readonly code: string; readonly reason: string }[]
}

declare global {
  // What the page keeps for the test.
  var edgeNet: { readonly join: typeof joinFromSdk }
  var network: Network
  var seen: { messages: Seen['messages'][number][]; left: Seen['left'][number][]; errors: Seen['errors'][number][] }
}

export class BrowserPeer {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Everything that the page has seen so far. */
  seen(): Promise<Seen> {
    return this.page.evaluate(() => {
      const { network, seen } = globalThis
      const peers = [...network.peers.values()].map(({ id, name, siteId, state, path }) => ({
        id,
        name,
        siteId,
        state,
        path,
      }))
      return {
        peerId: network.peerId,
        siteId: network.siteId,
        state: network.state,
        total: network.total,
        peers,
        ...seen,
      }
    })
  }

  send(peer: string, data: string): Promise<void> {
    return this.page.evaluate(([to, text]) => globalThis.network.send(to as never, text), [peer, data] as const)
  }

  /** Sends `bytes` bytes that count up from 0. */
  sendBytes(peer: string, bytes: number): Promise<void> {
    return this.page.evaluate(
      ([to, length]) =>
        globalThis.network.send(
          to as never,
          Uint8Array.from({ length }, (_, i) => i % 256),
        ),
      [peer, bytes] as const,
    )
  }

  broadcast(data: string): Promise<void> {
    return this.page.evaluate((text) => globalThis.network.broadcast(text), data)
  }

  leave(): Promise<void> {
    return this.page.evaluate(() => globalThis.network.close())
  }
}

/** Opens a page at the service, loads the SDK and joins. */
export async function joinInPage(
  browser: Browser,
  roomUrl: string,
  options: PageJoinOptions = {},
): Promise<BrowserPeer> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const { clockOffsetMs = 0, greeting, ...joinOptions } = options
  if (clockOffsetMs !== 0) {
    await page.addInitScript((offset) => {
      const now = Date.now.bind(Date)
      Date.now = () => now() + offset
    }, clockOffsetMs)
  }
  await page.goto(new URL('/health', roomUrl).href)
  await page.addScriptTag({
    type: 'module',
    content: `import * as edgeNet from '/edge-net.js'; globalThis.edgeNet = edgeNet`,
  })
  await page.waitForFunction(() => 'edgeNet' in globalThis)
  await page.evaluate(
    async ([url, rest, text]) => {
      const network = await globalThis.edgeNet.join(url, rest)
      globalThis.network = network
      globalThis.seen = { messages: [], left: [], errors: [] }
      network.on('message', ({ peer, data }) => {
        globalThis.seen.messages.push({ from: peer.id, data: typeof data === 'string' ? data : [...data] })
      })
      network.on('peer-left', ({ peer, reason }) => void globalThis.seen.left.push({ id: peer.id, reason }))
      network.on('error', ({ error }) => void globalThis.seen.errors.push({ code: error.code, reason: error.reason }))
      if (text !== undefined) network.on('announced', ({ peer }) => peer.send(text))
    },
    [roomUrl, joinOptions, greeting] as const,
  )
  return new BrowserPeer(page)
}
