/** Dialogs, the waiting room and who decides, for people who see them large, in the dark, on a small phone, or not at all. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startService, type Service } from '../support/server.ts'
import { axeFaults, faultsOf } from './axe.ts'
import { ask, found, invite, People, status, WITHIN } from './people.ts'

/** A small phone, and a desktop at 200 %, light and dark between them. */
const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  'a small phone in the dark': { viewport: { width: 320, height: 568 }, colorScheme: 'dark', reducedMotion: 'reduce' },
  'a desktop at 200 %': { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2, reducedMotion: 'reduce' },
}
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter'

let service: Service
let browser: Browser
let people: People

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  people = new People(browser)
})
afterAll(async () => {
  await browser.close()
  await service.close()
})
afterEach(() => people.leave())

/** A dialog scrolls by itself, so the page does not tell. */
function sideways(): string[] {
  const dialogs = [...document.querySelectorAll('dialog[open]')]
  return dialogs.filter((one) => one.scrollWidth > one.clientWidth).map(({ id }) => `#${id} scrolls sideways`)
}

async function isInOrder(page: Page, state: string): Promise<void> {
  expect([...(await faultsOf(page)), ...(await axeFaults(page)), ...(await page.evaluate(sideways))], state).toEqual([])
}

const press = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' }).click()

for (const [look, options] of Object.entries(LOOKS)) {
  describe(`on ${look}`, () => {
    it('every dialog has names, order, contrast, and fits', async () => {
      const page = await people.in(service.roomUrl('mainnet'), LONG, options)
      await press(page, 'Networks')
      await page.locator('#found-note:not(:empty), #found .network').first().waitFor()
      await page.locator('#go-text').fill('no link at all')
      await press(page, 'Join')
      await isInOrder(page, 'networks')
      await press(page, 'Create a network')
      await page.getByRole('radio', { name: 'Consortium' }).check()
      await page.getByText('Advanced').click()
      await page.locator('#draft-maxDegree').fill('1')
      await press(page, 'Create it')
      await isInOrder(page, 'founding, with faults')
      await page.keyboard.press('Escape')
      await press(page, 'QR code')
      await page.locator('#link[open]').waitFor()
      await isInOrder(page, 'link')
      await page.keyboard.press('Escape')
      await press(page, 'What I contributed')
      await page.locator('#history-note:not(:empty)').waitFor()
      await isInOrder(page, 'history')
      await page.keyboard.press('Escape')
      await press(page, 'Identities and backup')
      await page.locator('#identity-list .person').waitFor()
      await isInOrder(page, 'identities')
      await press(page, 'New identity')
      await page.locator('#label-text').fill(LONG)
      await isInOrder(page, 'a new identity')
      await press(page, 'Save')
      await page.locator('#backup-form:not([hidden])').waitFor()
      await page.locator('#pass-phrase').fill('short')
      await press(page, 'Download the backup')
      await isInOrder(page, 'a backup, with a fault')
      await page.locator('#backup-form').getByRole('button', { name: 'Cancel' }).click()
      await press(page, /^Delete/)
      await page.getByRole('alertdialog').waitFor()
      await isInOrder(page, 'a question')
      await press(page, 'Cancel')
      await press(page, 'Restore from a file')
      await press(page, 'Restore')
      await isInOrder(page, 'restoring, with a fault')
    })

    it('so have the waiting room, and the panels of who decides', async () => {
      const creator = await people.in(service.roomUrl('mainnet'), LONG, options)
      const room = await found(creator, { name: LONG, description: `${LONG} ${LONG}`, policy: 'Private' })
      await invite(creator, 3)
      const stranger = await people.meet('Eve', options)
      await stranger.goto(`${room}#invite=nonsense`)
      await status(stranger, 'outside')
      await expect.poll(() => stranger.locator('#invite-fault').textContent(), WITHIN).not.toBe('')
      await isInOrder(stranger, 'outside')
      await ask(stranger, LONG, LONG.repeat(3))
      await isInOrder(stranger, 'waiting')
      await creator.locator('#applicants .person').waitFor()
      await creator.getByText('Remove a member').click()
      await isInOrder(creator, 'somebody waits')
      await creator.getByRole('button', { name: /^Decline/ }).click()
      await expect.poll(() => stranger.locator('#asking').textContent(), WITHIN).toContain('declined')
      await isInOrder(stranger, 'declined')
    })
  })
}
