/**
 * `node test/browser/screenshots.ts`: pictures of the join page in every state, on phone and desktop, in light and dark,
 * into dist/screenshots. The states are real: a real room, real peers, real failures. For eyes, not for comparison.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { startCommand } from '../support/command.ts'
import { startMisnamingProxy } from '../support/misnaming-proxy.ts'
import { startService } from '../support/server.ts'
import { carrierScenes, identityScenes, networkScenes } from './scenes.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'dist', 'screenshots')
const SCREENS = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  desktop: { viewport: { width: 1_280, height: 800 } },
} as const
/** Long enough for a direct path and a first round trip on a busy machine. */
const SETTLE_MS = 1_500
/** So that there is a ledger to look at, and time for the page. */
const WORKING = ['--contribute', '--share', '10']
/** Pieces that the page computes before its picture is taken. */
const PIECES = 3

const port = await freePort()
let service = await startService({ rateLimits: 'off', port })
const browser = await launchChromium()
const proxy = await startMisnamingProxy(port)
const room = service.roomUrl('mainnet')
const neighbours = [
  startCommand(['join', room, '--json', '--name', 'build-server', '--message', 'Hello from a terminal.', ...WORKING]),
  startCommand(['join', room, '--json', '--name', 'Grace', '--direct', 'off', ...WORKING]),
  startCommand(['join', room, '--json']),
]

try {
  await mkdir(FOLDER, { recursive: true })
  await Promise.all(neighbours.map((neighbour) => neighbour.event('joined')))
  for (const [screen, size] of Object.entries(SCREENS)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ ...size, colorScheme })
      await context.addInitScript(() => localStorage.setItem('edge-net.settings', '{"name":"Ada"}'))
      const page = await context.newPage()
      const take = async (of: Page, state: string, fullPage = false) => {
        await of.screenshot({ path: join(FOLDER, `${state}-${screen}-${colorScheme}.png`), fullPage })
      }
      const picture = (state: string, fullPage = screen === 'phone') => take(page, state, fullPage)
      await open(page, service.roomUrl(`alone-${screen}-${colorScheme}`), 'open')
      await picture('alone')
      await open(page, room, 'open')
      await page.waitForTimeout(SETTLE_MS)
      await page.getByLabel('Message', { exact: true }).fill('Hello everyone! Three ways to reach you, one room.')
      await page.keyboard.press('Enter')
      await page.getByText('Name and privacy').click()
      await page.waitForTimeout(SETTLE_MS)
      await picture('peers')
      await page.getByRole('button', { name: /^Details of build-server/ }).click()
      await page.waitForTimeout(SETTLE_MS)
      await picture('diagnosis')
      await page.getByRole('button', { name: /^Details of build-server/ }).click()
      await contribute(page)
      await picture('contributing')
      await page.locator('#dag').focus()
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft')
      await page.waitForTimeout(SETTLE_MS)
      await picture('ledger', true)
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByRole('button', { name: 'What I contributed' }).click()
      await page.waitForTimeout(SETTLE_MS)
      await picture('history', false)
      await page.keyboard.press('Escape')
      // It answers nothing any more, and its sockets stay open.
      neighbours[0]?.signal('SIGSTOP')
      await page.locator('.peer[data-route="stalled"]').waitFor()
      await page.waitForTimeout(SETTLE_MS)
      await picture('stalled')
      neighbours[0]?.signal('SIGCONT')
      await service.close()
      await page.locator('body[data-status="reconnecting"]').waitFor()
      await picture('reconnecting')
      service = await startService({ rateLimits: 'off', port })
      await page.locator('body[data-status="open"]').waitFor()
      await page.getByRole('button', { name: 'Leave' }).click()
      await page.locator('body[data-status="left"]').waitFor()
      await picture('left')
      await open(page, `${proxy.url}/n/mainnet`, 'failed')
      await picture('refused')
      await context.close()
      await networkScenes(browser, service, { ...size, colorScheme }, take)
      await identityScenes(browser, service, { ...size, colorScheme }, take)
      await carrierScenes(browser, { ...size, colorScheme }, take)
    }
  }
  console.log(FOLDER)
} finally {
  for (const neighbour of neighbours) neighbour.signal('SIGKILL')
  await browser.close()
  await proxy.close()
  await service.close()
}

async function open(page: Page, url: string, status: string): Promise<void> {
  await page.goto(url)
  await page.locator(`body[data-status="${status}"]`).waitFor()
}

/** Lets the page work for a while, in all of its time. */
async function contribute(page: Page): Promise<void> {
  await page.getByLabel('Share of one core').fill('100')
  await page.getByRole('button', { name: 'Start contributing' }).click()
  const tasks = page.locator('#contribution-figures dd').first()
  while (Number(await tasks.textContent()) < PIECES) await page.waitForTimeout(SETTLE_MS / 3)
}

/** The service must come back where it was. */
async function freePort(): Promise<number> {
  const probe = await startService()
  await probe.close()
  return probe.port
}
