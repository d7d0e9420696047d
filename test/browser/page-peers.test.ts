/** What the join page shows of its peers over time: plots, quality, and a diagnosis that can be handed on. */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Explanation } from '../../client/api.ts'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startService, type Service } from '../support/server.ts'

/** Two engines on two busy cores; a silent direct path is given up after 5 s, a silent relay after 10. */
const WITHIN = { timeout: 40_000, interval: 100 }

let service: Service
let browser: Browser
let rooms = 0
const contexts: BrowserContext[] = []
const commands: RunningCommand[] = []

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
})

/** A page in a fresh room with these commands. */
async function pageWith(...people: readonly (readonly string[])[]): Promise<Page> {
  const room = service.roomUrl(`page-peers-${++rooms}`)
  for (const args of people) commands.push(startCommand(['join', room, '--json', ...args]))
  await Promise.all(commands.map((running) => running.event('joined')))
  const context = await browser.newContext()
  contexts.push(context)
  const page = await context.newPage()
  await page.goto(room)
  await expect.poll(() => page.locator('#peers .peer').count(), WITHIN).toBe(people.length)
  return page
}

const labelOfPlot = (page: Page) => page.locator('.plot').first().getAttribute('aria-label')
const isDirect = (page: Page) =>
  expect.poll(() => page.locator('.peer').first().getAttribute('data-route'), WITHIN).toBe('direct')

/** How many pixels of a plot are anything but empty. */
function drawnPixels(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector('canvas')
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    return [...pixels].filter((value, i) => i % 4 === 3 && value > 0).length
  })
}

describe('a row', () => {
  it('plots round trips and the ways by which the peer was reached, in words, too', async () => {
    const page = await pageWith(['--name', 'Ada'])
    await isDirect(page)
    await expect
      .poll(() => labelOfPlot(page), WITHIN)
      .toMatch(/^Round trips .*: now [\d.]+ m?s, between .*\. Reached by: Relay, then Direct\.$/)
    await expect.poll(() => drawnPixels(page), WITHIN).toBeGreaterThan(100)
    await expect.poll(() => page.locator('.level').textContent(), WITHIN).toMatch(/^(Excellent|Good|Poor)$/)
  })

  it('says reconnecting while no path reaches a peer, and goes on when one does', async () => {
    const page = await pageWith(['--name', 'Ada'])
    await isDirect(page)
    // A process that is stopped answers nothing, and its sockets stay open.
    commands[0]?.signal('SIGSTOP')
    await expect.poll(() => page.locator('.route').textContent(), WITHIN).toBe('Reconnecting')
    expect(await page.locator('.level').textContent()).toBe('No connection')
    expect(await page.locator('.peer .detail').textContent()).toContain('messages wait')
    await page.getByLabel('Message', { exact: true }).fill('said meanwhile')
    await page.keyboard.press('Enter')
    commands[0]?.signal('SIGCONT')
    await commands[0]?.event('message', ({ text }) => text === 'said meanwhile')
    await expect.poll(() => page.locator('.route').textContent(), WITHIN).not.toBe('Reconnecting')
    expect(await labelOfPlot(page)).toContain('then Reconnecting, then ')
  })

  it('is gone with its plot when the peer leaves', async () => {
    const page = await pageWith(['--name', 'Ada'], ['--name', 'Bob'])
    commands[0]?.signal('SIGINT')
    await expect.poll(() => page.locator('#peers .name').allTextContents(), WITHIN).toEqual(['Bob'])
    expect(await page.locator('.plot').count()).toBe(1)
  })
})

describe('a page that was put away', () => {
  it('comes back from the back-forward cache as the same peer, with what it had and what was sent meanwhile', async () => {
    const room = service.roomUrl(`page-peers-${++rooms}`)
    const ada = startCommand(['join', room, '--json', '--name', 'Ada'])
    commands.push(ada)
    await ada.event('joined')
    const executablePath = (await findChromium()) ?? ''
    // Playwright turns the cache off by default, since a page that is in it cannot be driven.
    const ignoreDefaultArgs = ['--disable-back-forward-cache']
    const caching = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'], ignoreDefaultArgs })
    try {
      const page = await caching.newPage()
      await page.goto(room)
      await isDirect(page)
      const id = await page.locator('#peer-id').textContent()
      await page.evaluate(() => {
        addEventListener('pageshow', ({ persisted }) => (document.body.dataset['persisted'] = `${persisted}`))
      })
      await page.goto(`${service.url}/health`)
      await ada.event('peer-state', ({ state }) => state === 'stalled')
      ada.type('sent meanwhile')
      // A page that comes out of the cache does not load again.
      await page.goBack({ waitUntil: 'commit' })
      await expect.poll(() => page.locator('body').getAttribute('data-persisted'), WITHIN).toBe('true')
      await expect.poll(() => page.locator('#log .text').allTextContents(), WITHIN).toEqual(['sent meanwhile'])
      await isDirect(page)
      expect(await page.locator('#peer-id').textContent()).toBe(id)
      expect(await page.locator('body').getAttribute('data-status')).toBe('open')
      expect(ada.stdout()).not.toContain('"peer-left"')
    } finally {
      await caching.close()
    }
  })
})

describe('a diagnosis', () => {
  it('opens by keyboard, explains the path, and can be copied as JSON', async () => {
    const page = await pageWith(['--name', 'Ada'])
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await isDirect(page)
    const toggle = page.getByRole('button', { name: /^Details of Ada/ })
    await toggle.focus()
    await page.keyboard.press('Enter')
    const diagnosis = page.getByRole('group', { name: /^Diagnosis of Ada/ })
    await expect.poll(() => diagnosis.isVisible(), WITHIN).toBe(true)
    expect(await toggle.getAttribute('aria-expanded')).toBe('true')
    expect(await diagnosis.locator('.phase').textContent()).toBe('Direct: messages pass over a healthy direct path')
    expect(await diagnosis.locator('.attempts li').first().textContent()).toMatch(
      /^No\. \d+ \((ours|theirs)\), .* open after/,
    )
    await diagnosis.getByRole('button', { name: 'Copy report' }).click()
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
    await expect.poll(clipboard).toContain('"explanation"')
    const report = JSON.parse(await clipboard()) as {
      explanation: Explanation
      peer: { name: string }
      history: object
    }
    expect(report.peer.name).toBe('Ada')
    expect(report.explanation).toMatchObject({ phase: 'direct', path: { kind: 'direct' }, relayIsUp: true })
    await toggle.press('Enter')
    await expect.poll(() => page.locator('.diagnosis').isVisible()).toBe(false)
  })

  it('says what would help', async () => {
    const page = await pageWith(['--name', 'Ada', '--direct', 'off'])
    await page.getByRole('button', { name: /^Details/ }).click()
    await expect.poll(() => page.locator('.advice').textContent(), WITHIN).toContain('The peer has no WebRTC')
    expect(await page.locator('.phase').textContent()).toMatch(/^Relay: messages pass through the room/)
    expect(await page.locator('.no-attempts').isVisible()).toBe(true)
  })

  it('shows the report where copying is not allowed', async () => {
    const page = await pageWith(['--name', 'Ada', '--direct', 'off'])
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } })
    })
    await page.getByRole('button', { name: /^Details/ }).click()
    await page.getByRole('button', { name: 'Copy report' }).click()
    await expect.poll(() => page.locator('.report').isVisible(), WITHIN).toBe(true)
    expect(await page.evaluate(() => getSelection()?.toString())).toContain('"explanation"')
  })
})
