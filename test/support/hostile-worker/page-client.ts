/** The same client in a real Chromium page. */
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { joinInPage, type PageJoinOptions } from '../browser-peer.ts'
import type { Client } from './client.ts'

declare global {
  // What the page keeps for the test, beside what BrowserPeer does.
  var settled: { confirmed: string[]; unconfirmed: string[] }
  var connections: RTCPeerConnection[]
  var changes: string[]
}

export interface PageClient extends Client {
  /** Exceptions that nobody caught, and a page that crashed. */
  readonly accidents: readonly string[]
  /** The session descriptions of its connections, where they are recorded. */
  descriptions(): Promise<string[]>
}

/** The browser, in whose pages every connection that is made is kept. */
export function recordingConnections(browser: Browser): Pick<Browser, 'newContext'> {
  return {
    newContext: async (options?: BrowserContextOptions) => {
      const context = await browser.newContext(options)
      await context.addInitScript(() => {
        globalThis.connections = []
        globalThis.RTCPeerConnection = class extends RTCPeerConnection {
          constructor(configuration?: RTCConfiguration) {
            super(configuration)
            globalThis.connections.push(this)
          }
        }
      })
      return context
    },
  }
}

export async function pageClient(
  browser: Pick<Browser, 'newContext'>,
  roomUrl: string,
  name: string,
  options: PageJoinOptions = {},
): Promise<PageClient> {
  const peer = await joinInPage(browser as Browser, roomUrl, { name, ...options })
  const { page } = peer
  const accidents: string[] = []
  page.on('pageerror', (error) => void accidents.push(String(error)))
  page.on('crash', () => void accidents.push('the page crashed'))
  const { peerId: id, siteId } = await peer.seen()
  await page.evaluate(() => {
    globalThis.settled = { confirmed: [], unconfirmed: [] }
    globalThis.changes = []
    globalThis.network.on('peer-state', ({ state }) => void globalThis.changes.push(state))
    globalThis.network.on('path', ({ path }) => void globalThis.changes.push(path.kind))
  })
  return {
    name,
    id,
    siteId,
    accidents,
    descriptions: () => page.evaluate(() => globalThis.connections.map((pc) => pc.localDescription?.sdp ?? '')),
    send: (to, texts) =>
      page.evaluate(
        ([receiver, words]) => {
          for (const text of words) {
            const sending = globalThis.network.send(receiver as never, text)
            sending.catch(() => undefined)
            void sending.delivered.then(
              () => globalThis.settled.confirmed.push(text),
              () => globalThis.settled.unconfirmed.push(text),
            )
          }
        },
        [to, texts] as const,
      ),
    record: async () => {
      const [seen, own] = await Promise.all([
        peer.seen(),
        page.evaluate(() => ({ ...globalThis.settled, changes: globalThis.changes })),
      ])
      return {
        ...seen,
        ...own,
        stateError: undefined,
        heard: seen.messages,
        announced: seen.peers.map((met) => ({ id: met.id, name: met.name })),
        met: seen.peers.map((met) => met.id),
        left: seen.left.map((gone) => ({ ...gone, unconfirmed: 0 })),
        peers: seen.peers.map(({ path, ...rest }) => ({ ...rest, path: path.kind })),
      }
    },
    forget: (contributor) =>
      page.evaluate((known) => {
        globalThis.network.block(known)
        globalThis.network.unblock(known)
      }, contributor),
    leave: async () => {
      await peer.leave()
      await page.context().close()
    },
  }
}
