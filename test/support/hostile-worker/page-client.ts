/** The same client in a real Chromium page. */
import type { Browser } from 'playwright-core'
import { joinInPage, type PageJoinOptions } from '../browser-peer.ts'
import type { Client } from './client.ts'

declare global {
  // What the page keeps for the test, beside what BrowserPeer does.
  var settled: { confirmed: string[]; unconfirmed: string[] }
}

export interface PageClient extends Client {
  /** Exceptions that nobody caught, and a page that crashed. */
  readonly accidents: readonly string[]
}

export async function pageClient(
  browser: Browser,
  roomUrl: string,
  name: string,
  options: PageJoinOptions = {},
): Promise<PageClient> {
  const peer = await joinInPage(browser, roomUrl, { name, ...options })
  const { page } = peer
  const accidents: string[] = []
  page.on('pageerror', (error) => void accidents.push(String(error)))
  page.on('crash', () => void accidents.push('the page crashed'))
  const { peerId: id, siteId } = await peer.seen()
  await page.evaluate(() => void (globalThis.settled = { confirmed: [], unconfirmed: [] }))
  return {
    name,
    id,
    siteId,
    accidents,
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
      const [seen, settled] = await Promise.all([peer.seen(), page.evaluate(() => globalThis.settled)])
      return {
        ...seen,
        ...settled,
        heard: seen.messages,
        met: seen.peers.map((met) => met.id),
        changes: [],
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
