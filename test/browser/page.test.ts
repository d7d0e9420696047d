/** The join page in real Chromium, in rooms of the real Worker. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startMisnamingProxy } from '../support/misnaming-proxy.ts'
import { startService, type Service } from '../support/server.ts'

/** Two engines on two busy cores; joining and a direct path take a fraction of it. */
const WITHIN = { timeout: 20_000, interval: 50 }

let service: Service
let browser: Browser
let rooms = 0
const contexts: BrowserContext[] = []
const commands: RunningCommand[] = []
/** Hosts of every request and socket of every page of a test. */
const hosts = new Set<string>()
const faults: string[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  await service.close()
})
afterEach(async () => {
  for (const running of commands.splice(0)) {
    running.signal('SIGKILL')
    await running.ended
  }
  for (const context of contexts.splice(0)) await context.close()
  hosts.clear()
  // A violation of the content security policy and an uncaught error both end up here.
  expect(faults.splice(0)).toEqual([])
})

const freshName = () => `page-${++rooms}`

/** A person with a browser of their own: nothing is shared with the others. */
async function person(
  settings?: { name: string; direct?: boolean },
  scheme: 'light' | 'dark' = 'light',
): Promise<Page> {
  const context = await browser.newContext({ colorScheme: scheme })
  contexts.push(context)
  if (settings) {
    await context.addInitScript((text) => {
      if (location.protocol.startsWith('http')) localStorage.setItem('edge-net.settings', text)
    }, JSON.stringify(settings))
  }
  context.on('request', (request) => {
    if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host)
  })
  const page = await context.newPage()
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && message.text().includes('Content Security Policy')) faults.push(message.text())
  })
  return page
}

async function personIn(room: string, settings?: { name: string; direct?: boolean }): Promise<Page> {
  const page = await person(settings)
  await page.goto(room)
  await status(page, 'open')
  return page
}

function command(...args: string[]): RunningCommand {
  const started = startCommand(['join', ...args])
  commands.push(started)
  return started
}

async function idsOf(page: Page): Promise<{ site: string | null; peer: string | null }> {
  return { site: await page.locator('#site-id').textContent(), peer: await page.locator('#peer-id').textContent() }
}

async function status(page: Page, wanted: string): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.body.dataset['status']), WITHIN).toBe(wanted)
}

const namesOn = async (page: Page) => (await page.locator('#peers .name').allTextContents()).toSorted()
const textsOn = (page: Page) => page.locator('#log .text').allTextContents()

async function say(page: Page, text: string, to?: string): Promise<void> {
  if (to !== undefined) {
    const label = await page.locator('#to option', { hasText: to }).textContent()
    await page.getByLabel('To', { exact: true }).selectOption({ label: label ?? '' })
  }
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.keyboard.press('Enter')
}

describe('two pages and a terminal', () => {
  it('find each other, talk over direct paths, and ask no other host for anything', async () => {
    const room = service.roomUrl(freshName())
    const hostile = '<img src=x onerror=alert(1)>'
    const ada = await personIn(room, { name: 'Ada' })
    const grace = await personIn(room, { name: 'Grace' })
    const terminal = command(room, '--json', '--name', hostile)
    await expect.poll(() => namesOn(ada), WITHIN).toEqual([hostile, 'Grace'])
    await expect.poll(() => namesOn(grace), WITHIN).toEqual([hostile, 'Ada'])
    await terminal.event('peer', ({ peer }) => peer.name === 'Ada')
    await terminal.event('peer', ({ peer }) => peer.name === 'Grace')
    expect(await ada.locator('main img, footer img').count()).toBe(0)
    expect(await ada.locator('#census').textContent()).toBe('3 members')

    await say(ada, 'hello everyone')
    await expect.poll(() => textsOn(grace), WITHIN).toContain('hello everyone')
    await terminal.event('message', ({ text }) => text === 'hello everyone')
    terminal.type('<b>from the terminal</b>')
    await expect.poll(() => textsOn(ada), WITHIN).toContain('<b>from the terminal</b>')
    await say(ada, 'only for Grace', 'Grace')
    await expect.poll(() => textsOn(grace), WITHIN).toContain('only for Grace')
    expect(await terminal.event('message')).toMatchObject({ text: 'hello everyone' })
    expect(terminal.stdout()).not.toContain('only for Grace')

    // Every direct path, with its candidates and a measured round trip, on the page that has a person in front of it.
    for (const page of [ada, grace]) {
      await expect.poll(() => page.locator('#peers li[data-route="direct"]').count(), WITHIN).toBe(2)
      await expect
        .poll(
          async () => (await page.locator('#peers .rtt').allTextContents()).every((t) => /^[\d.]+ m?s$/.test(t)),
          WITHIN,
        )
        .toBe(true)
      for (const detail of await page.locator('#peers .detail').allTextContents()) {
        expect(detail).toMatch(/\((host|prflx|srflx)\).*, UDP$/)
      }
    }
    expect(await ada.locator('#steps li.done').count()).toBe(5)
    expect(await ada.locator('#steps .time').allTextContents()).toEqual(
      Array.from({ length: 5 }, () => expect.stringMatching(/^[\d.]+ m?s$/)),
    )
    expect(hosts).toEqual(new Set([new URL(service.url).host]))
  })
})

describe('one person', () => {
  it('who is alone is told how to invite, and can copy what it takes', async () => {
    const room = service.roomUrl(freshName())
    const page = await personIn(room)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    expect(await page.locator('#empty').isVisible()).toBe(true)
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
    await page.getByRole('button', { name: 'Copy the link' }).click()
    await expect.poll(clipboard).toBe(room)
    await page.getByRole('button', { name: 'Copy the command' }).click()
    await expect.poll(clipboard).toBe(`npx edge-net join ${room}`)
    await page.getByRole('button', { name: 'Copy your site id' }).click()
    await expect.poll(clipboard).toMatch(/^[\w-]{43}$/)
  })

  it('can share the link where the browser shares', async () => {
    const room = service.roomUrl(freshName())
    const page = await person()
    await page.addInitScript(() => {
      navigator.share = (data) => {
        document.documentElement.dataset['shared'] = data?.url ?? ''
        return Promise.resolve()
      }
    })
    await page.goto(room)
    await page.getByRole('button', { name: 'Share…' }).click()
    expect(await page.evaluate(() => document.documentElement.dataset['shared'])).toBe(room)
    const without = await personIn(room)
    expect(await without.locator('#share').isVisible()).toBe(await without.evaluate(() => 'share' in navigator))
  })

  it('keeps the identity over a reload, as a new peer, and has another one in another browser', async () => {
    const room = service.roomUrl(freshName())
    const page = await personIn(room)
    await expect.poll(async () => (await idsOf(page)).peer).toMatch(/^[\w-]{22}$/)
    const before = await idsOf(page)
    await page.reload()
    await status(page, 'open')
    await expect.poll(async () => (await idsOf(page)).peer).toMatch(/^[\w-]{22}$/)
    const after = await idsOf(page)
    expect(after.site).toBe(before.site)
    expect(after.peer).not.toBe(before.peer)
    const other = await personIn(room)
    expect((await idsOf(other)).site).not.toBe(before.site)
  })

  it('can take part where storage is denied', async () => {
    const page = await person()
    await page.addInitScript(() => {
      Object.defineProperty(window, 'indexedDB', { get: () => undefined })
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError')
        },
      })
    })
    await page.goto(service.roomUrl(freshName()))
    await status(page, 'open')
    expect(await page.locator('#kept').textContent()).toBe('Identity for this visit only')
  })

  it('is seen under a new name after saving it, and on the relay alone without direct connections', async () => {
    const room = service.roomUrl(freshName())
    const watcher = await personIn(room)
    const page = await personIn(room, { name: 'Before' })
    await expect.poll(() => namesOn(watcher), WITHIN).toEqual(['Before'])
    await page.getByText('Name and privacy').click()
    await page.getByLabel('Your name, shown to others').fill('é'.repeat(40))
    await page.getByRole('button', { name: 'Save and join again' }).click()
    expect(await page.locator('#settings-error').textContent()).toContain('80 bytes')
    await page.getByLabel('Your name, shown to others').fill('After')
    await page.getByRole('checkbox').uncheck()
    await page.getByRole('button', { name: 'Save and join again' }).click()
    await expect.poll(() => namesOn(watcher), WITHIN).toEqual(['After'])
    await say(page, 'through the room')
    await expect.poll(() => textsOn(watcher), WITHIN).toContain('through the room')
    expect(await watcher.locator('#peers li').getAttribute('data-route')).toBe('relay')
  })

  it('leaves by the button and by going away, which the others see at once', async () => {
    const room = service.roomUrl(freshName())
    const stays = await personIn(room, { name: 'Stays' })
    const goes = await personIn(room, { name: 'Goes' })
    await expect.poll(() => namesOn(stays), WITHIN).toEqual(['Goes'])
    // A place without bye would be kept for 8 s.
    const soon = { timeout: 4_000, interval: 50 }
    await goes.getByRole('button', { name: 'Leave' }).click()
    await expect.poll(() => namesOn(stays), soon).toEqual([])
    await status(goes, 'left')
    await goes.getByRole('button', { name: 'Join again' }).click()
    await expect.poll(() => namesOn(stays), WITHIN).toEqual(['Goes'])
    await goes.goto('about:blank')
    await expect.poll(() => namesOn(stays), soon).toEqual([])
    await goes.goBack()
    await expect.poll(() => namesOn(stays), WITHIN).toEqual(['Goes'])
  })
})

describe('trouble', () => {
  it('at the door is told with its code and a way out', async () => {
    const proxy = await startMisnamingProxy(service.port)
    try {
      const page = await person()
      await page.goto(`${proxy.url}/n/${freshName()}`)
      await status(page, 'failed')
      const alert = page.getByRole('alert').filter({ visible: true })
      expect(await alert.locator('#failure-code').textContent()).toBe('join-refused: host-mismatch')
      expect((await alert.locator('#failure-hint').textContent())?.length).toBeGreaterThan(10)
      proxy.repair()
      await page.getByRole('button', { name: 'Try again' }).click()
      await status(page, 'open')
      expect(await page.locator('#failure').isVisible()).toBe(false)
    } finally {
      await proxy.close()
    }
  })

  it('with the room is told while it lasts, and ends by itself', async () => {
    const name = freshName()
    const ada = await personIn(service.roomUrl(name), { name: 'Ada' })
    const grace = await personIn(service.roomUrl(name), { name: 'Grace' })
    await expect.poll(() => namesOn(ada), WITHIN).toEqual(['Grace'])
    const seen = await ada.evaluateHandle(() => {
      const statuses: string[] = []
      const note = () => statuses.push(document.body.dataset['status'] ?? '')
      new MutationObserver(note).observe(document.body, { attributes: true, attributeFilter: ['data-status'] })
      return statuses
    })
    // The room would be back before anybody saw that it was gone.
    await ada.context().setOffline(true)
    await service.evict(name, 'close')
    await expect.poll(() => seen.jsonValue(), WITHIN).toEqual(['reconnecting'])
    await ada.context().setOffline(false)
    await expect.poll(() => seen.jsonValue(), WITHIN).toEqual(['reconnecting', 'open'])
    await say(ada, 'still here')
    await expect.poll(() => textsOn(grace), WITHIN).toContain('still here')
  })
})
