/** Finding, founding and changing networks through the page, and a device without a network. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { join } from '../../client/index.ts'
import type { Network } from '../../client/api.ts'
import { launchChromium } from '../support/chromium.ts'
import { startService, type Service } from '../support/server.ts'
import { found, People, siteIdOf, status, WITHIN } from './people.ts'

let service: Service
let browser: Browser
let people: People
const networks: Network[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  people = new People(browser)
})
afterAll(async () => {
  await Promise.all(networks.map((network) => network.close()))
  await browser.close()
  await service.close()
})
afterEach(() => people.leave())

const picker = (page: Page) => page.getByRole('dialog', { name: 'Networks' })
async function openPicker(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Networks' }).click()
  // It is loaded first.
  await picker(page).waitFor()
}

const foundOn = (page: Page) => page.locator('#found .name').allTextContents()

/** Somebody in a network, so that there is something to find. */
async function inhabit(...names: string[]): Promise<void> {
  for (const name of names) networks.push(await join(service.roomUrl(name), { direct: 'off' }))
}

describe('the picker', () => {
  it('finds public networks by their size and by name, page by page, and follows their sizes', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `crowd-${String(i).padStart(2, '0')}`)
    await inhabit(...names, 'proteins', 'proteins')
    const page = await people.in(service.roomUrl('mainnet'), 'Ada')
    // The registry hears of members a moment later.
    await expect
      .poll(async () => {
        const answer = await fetch(`${service.url}/networks?query=proteins`)
        return ((await answer.json()) as { networks: { members: number }[] }).networks[0]?.members
      }, WITHIN)
      .toBe(2)
    await openPicker(page)
    await expect.poll(async () => (await foundOn(page)).length, WITHIN).toBe(20)
    expect((await foundOn(page))[0]).toBe('proteins')
    await page.getByRole('button', { name: 'More' }).click()
    await expect.poll(async () => (await foundOn(page)).length, WITHIN).toBeGreaterThanOrEqual(25)
    await page.getByLabel('Search public networks').fill('prot')
    await expect.poll(() => foundOn(page), WITHIN).toEqual(['proteins'])
    expect(await page.locator('#found .detail').textContent()).toBe('2 members now')
    await inhabit('proteins')
    await expect.poll(() => page.locator('#found .detail').textContent(), WITHIN).toBe('3 members now')
    await page.getByLabel('Search public networks').fill('nobody-is-here')
    await expect.poll(() => page.locator('#found-note').textContent(), WITHIN).toContain('called like this')
    expect(people.hosts).toEqual(new Set([new URL(service.url).host]))
  })

  it('leads from one network to another and back, as the same person, and remembers where one was', async () => {
    const page = await people.in(service.roomUrl('first'), 'Ada')
    const site = await siteIdOf(page)
    await openPicker(page)
    await page.getByLabel('Join by room URL or invite link').fill('second')
    await page.keyboard.press('Enter')
    await page.waitForURL(service.roomUrl('second'))
    await status(page, 'open')
    expect(await siteIdOf(page)).toBe(site)
    await openPicker(page)
    expect(await page.locator('#visited .name').allTextContents()).toEqual(['second', 'first'])
    expect(await page.locator('#visited .current .detail').textContent()).toBe('You are here')
    await picker(page).getByRole('link', { name: 'first' }).click()
    await page.waitForURL(service.roomUrl('first'))
    await status(page, 'open')
    await page.goBack()
    await status(page, 'open')
    expect(await page.locator('#network').textContent()).toBe('second')
    await openPicker(page)
    await page.getByRole('button', { name: 'Forget first' }).click()
    expect(await page.locator('#visited .name').allTextContents()).toEqual(['second'])
  })

  it('says what is wrong with a link, and where one leads that is not of this host', async () => {
    const page = await people.in(service.roomUrl('mainnet'), 'Ada')
    await openPicker(page)
    const link = page.getByLabel('Join by room URL or invite link')
    for (const [text, words] of [
      ['', 'Paste a room URL'],
      ['hello there', 'no link'],
      [`${service.url}/networks`, 'does not lead to a network'],
      [`${service.url}/n/net-tooshort`, 'not whole'],
    ] as const) {
      await link.fill(text)
      await page.keyboard.press('Enter')
      expect(await page.locator('#go-text-error').textContent()).toContain(words)
      expect(await link.getAttribute('aria-invalid')).toBe('true')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('go-text')
    }
    await link.fill('https://elsewhere.example/n/mainnet')
    expect(await page.locator('#go-note').textContent()).toContain('another host, elsewhere.example')
    expect(people.hosts).toEqual(new Set([new URL(service.url).host]))
  })

  it('keeps the focus inside while it is open, closes by Escape and beside it, and gives the focus back', async () => {
    const page = await people.in(service.roomUrl('mainnet'), 'Ada')
    await openPicker(page)
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      // The browser's own controls have their turn, too: then nothing of the page has the focus.
      expect(await page.evaluate(() => document.activeElement?.closest('dialog')?.id ?? 'networks')).toBe('networks')
    }
    await page.keyboard.press('Escape')
    expect(await picker(page).isVisible()).toBe(false)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Networks')
    await openPicker(page)
    await page.mouse.click(5, 5)
    expect(await picker(page).isVisible()).toBe(false)
  })
})

describe('founding a network', () => {
  it('says beside the fields what is wrong, opens what hides one, and then leads into it as its creator', async () => {
    const page = await people.in(service.roomUrl('mainnet'), 'Ada')
    await openPicker(page)
    await page.getByRole('button', { name: 'Create a network' }).click()
    const create = page.getByRole('button', { name: 'Create it' })
    await create.click()
    expect(await page.locator('#draft-name-error').textContent()).toBe('Give the network a name.')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('draft-name')
    await page.getByLabel('Name', { exact: true }).fill('Folding')
    expect(await page.locator('#draft-name-error').textContent()).toBe('')
    await page.getByRole('radio', { name: 'Consortium' }).check()
    await create.click()
    expect(await page.locator('#draft-approvers-error').textContent()).toContain('at least one approver')
    await page.getByRole('button', { name: 'Add my own' }).click()
    expect(await page.locator('#draft-approvers-error').textContent()).toBe('')
    await page.getByText('Advanced').click()
    await page.getByLabel('Other contributors that confirm an entry').fill('99')
    await page.getByText('Advanced').click()
    await create.click()
    expect(await page.locator('#draft-confirmations-error').isVisible()).toBe(true)
    await page.getByLabel('Other contributors that confirm an entry').fill('2')
    await create.click()
    await page.waitForURL(/\/n\/net-/)
    await status(page, 'open')
    expect(await page.locator('#network-kind').textContent()).toBe('Consortium network')
    expect(await page.locator('#share-heading').isVisible()).toBe(true)
    expect(await page.locator('#invite-words').textContent()).toContain('ask the approvers')
  })

  it('makes a public one that others find, and both meet in it', async () => {
    const ada = await people.in(service.roomUrl('mainnet'), 'Ada')
    const room = await found(ada, { name: 'Open folding', policy: 'Public', description: 'Everybody may fold.' })
    const bob = await people.in(service.roomUrl('mainnet'), 'Bob')
    await openPicker(bob)
    await bob.getByLabel('Search public networks').fill('folding')
    const link = bob.locator('#found').getByRole('link', { name: 'Open folding' })
    await link.waitFor()
    expect(await bob.locator('#found .description').textContent()).toBe('Everybody may fold.')
    await link.click()
    await bob.waitForURL(room)
    await status(bob, 'open')
    await expect.poll(() => bob.locator('#peers .name').allTextContents(), WITHIN).toEqual(['Ada'])
    expect(await bob.locator('#membership').isVisible()).toBe(false)
  })
})

describe('the link to a network', () => {
  it('can be scanned: the QR code has what the link has', async () => {
    const page = await people.in(service.roomUrl('mainnet'), 'Ada')
    await page.getByRole('button', { name: 'QR code' }).click()
    await page.getByRole('dialog', { name: 'Room URL' }).waitFor()
    expect(await page.locator('#link-text').textContent()).toBe(service.roomUrl('mainnet'))
    expect(await page.locator('#qr path').getAttribute('d')).toMatch(/^M1 1h7v1h-7z/)
  })
})

describe('a device without a network', () => {
  it('is said to be offline, and goes on by itself when the network is back', async () => {
    const page = await people.in(service.roomUrl('mainnet'), 'Ada')
    await page.context().setOffline(true)
    await expect.poll(() => page.locator('#status').textContent(), WITHIN).toContain('Offline')
    await page.getByRole('button', { name: 'Networks' }).click()
    await expect.poll(() => page.locator('#notice').textContent(), WITHIN).toContain('Are you online?')
    await page.context().setOffline(false)
    await status(page, 'open')
    await expect.poll(() => page.locator('#status').textContent(), WITHIN).toBe('You are in the room')
  })
})
