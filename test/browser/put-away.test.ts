/**
 * A page that is put into the browser's back-forward cache and comes back: the link goes on, and nothing is lost. With
 * the SDK and its extras as a page of another origin loads them.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { joinObserved } from '../support/observed-network.ts'
import { startService, type Service } from '../support/server.ts'
import type { IncomingRequest } from '../../client/extras/index.ts'
import { nodeEngine } from '../../client/node/engine.ts'
import type { Network } from '../../client/node/index.ts'

declare global {
  var kept: Kept
}

let service: Service
let server: Server
let browser: Browser
let origin: string

/** What the page keeps for the test. */
interface Kept {
  readonly network: Network
  readonly seen: unknown[]
  readonly states: string[]
}

beforeAll(async () => {
  service = await startService()
  server = createServer((request, response) => {
    const page = `<!doctype html><title>${request.url}</title><script type="module">
      import { join } from '${service.url}/edge-net.js'
      import { requests } from '${service.url}/edge-net-extras.js'
      globalThis.kept = { join, requests }
    </script>`
    response.setHeader('content-type', 'text/html')
    response.end(request.url === '/' ? page : '<!doctype html><title>elsewhere</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const executablePath = await findChromium()
  if (!executablePath) throw new Error('no Chromium found')
  // Playwright switches the back-forward cache off.
  const ignoreDefaultArgs = ['--disable-back-forward-cache']
  browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'], ignoreDefaultArgs })
})
afterAll(async () => {
  await browser?.close()
  server?.close()
  await service?.close()
})

it.each(['off', 'on'] as const)('its link goes on where it was (direct: %s)', async (direct) => {
  const roomUrl = service.roomUrl(`put-away-${direct}`)
  const rtc = await nodeEngine()
  const bob = await joinObserved(roomUrl, { name: 'Bob', direct, ...(rtc && { rtc }) })
  const page = await (await browser.newContext()).newPage()
  await page.goto(origin)
  await page.waitForFunction(() => 'kept' in globalThis)
  await page.evaluate(
    async ([url, option]) => {
      const { join: joinHere, requests } = (globalThis as unknown as { kept: Record<string, CallableFunction> }).kept
      const network = (await joinHere?.(url, { name: 'Ada', direct: option })) as Network
      const kept: Kept = { network, seen: [], states: [] }
      Object.assign(globalThis, { kept })
      network.on('message', ({ data }) => void kept.seen.push(data))
      network.on('state', ({ state }) => void kept.states.push(state))
      requests?.(network, { handler: ({ data }: IncomingRequest) => `Ada heard ${data as string}` })
    },
    [roomUrl, direct] as const,
  )
  await eventually(() => expect(bob.network.peers.size).toBe(1), 10_000)
  const [ada] = bob.network.peers.values()
  if (!ada) throw new Error('they have not met')
  if (direct === 'on') await eventually(() => expect(ada.path.kind).toBe('direct'), 15_000)

  const numbers: string[] = []
  const say = (count: number) => {
    for (let i = 0; i < count; i++) {
      numbers.push(`message ${numbers.length}`)
      void ada.send(numbers.at(-1) ?? '')
    }
  }
  say(20)
  await page.goto(`${origin}/elsewhere`)
  say(20)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  say(20)
  expect(ada.state).toBe('stalled')
  await page.evaluate(() => history.back())
  // Nothing is loaded, so no load is waited for.
  await page.waitForURL(`${origin}/`, { waitUntil: 'commit' })
  say(20)
  // A page that was loaded anew would have none of this.
  expect(await page.evaluate(() => globalThis.kept.states)).toContain('reconnecting')
  await eventually(async () => expect(await page.evaluate(() => globalThis.kept.seen)).toEqual(numbers), 20_000)
  await page.evaluate(() => globalThis.kept.network.broadcast('back again'))
  await eventually(() => expect(bob.messages.map(({ data }) => data)).toEqual(['back again']), 10_000)
  // Nobody left, nobody came anew.
  expect(bob.presence).toEqual([`announced ${ada.id}`, `peer ${ada.id}`])
  if (direct === 'on') await eventually(() => expect(ada.path.kind).toBe('direct'), 15_000)
  await bob.network.close()
  await page.close()
})
