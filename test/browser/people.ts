/** People with browsers of their own, for stories through the page. What a page should never do is noted down. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

/** Two engines on two busy cores; a person who waits is asked after every few seconds. */
export const WITHIN = { timeout: 30_000, interval: 100 }

export class People {
  readonly #browser: Browser
  readonly #contexts: BrowserContext[] = []
  /** Hosts of every request and socket. */
  readonly hosts = new Set<string>()
  /** Uncaught errors, and what the content security policy would not let happen. */
  readonly faults: string[] = []

  constructor(browser: Browser) {
    this.#browser = browser
  }

  /** Somebody with a profile of their own: nothing is shared with the others. */
  async meet(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext(options)
    this.#contexts.push(context)
    await context.addInitScript((settings) => {
      if (location.protocol.startsWith('http')) localStorage.setItem('edge-net.settings', settings)
    }, JSON.stringify({ name }))
    context.on('request', (request) => {
      if (/^https?:/.test(request.url())) this.hosts.add(new URL(request.url()).host)
    })
    return this.tabOf(context)
  }

  /** One more tab of the same person. */
  async tabOf(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    page.on('websocket', (socket) => this.hosts.add(new URL(socket.url()).host))
    page.on('pageerror', (error) => this.faults.push(error.message))
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.faults.push(message.text())
    })
    return page
  }

  async in(room: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.meet(name, options)
    await page.goto(room)
    await status(page, 'open')
    return page
  }

  async leave(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close()
    this.hosts.clear()
    const faults = this.faults.splice(0)
    if (faults.length > 0) throw new Error(faults.join('\n'))
  }
}

export async function status(page: Page, wanted: string): Promise<void> {
  await page.locator(`body[data-status="${wanted}"]`).waitFor(WITHIN)
}

export const namesOn = async (page: Page) => (await page.locator('#peers .name').allTextContents()).toSorted()

export async function siteIdOf(page: Page): Promise<string> {
  const siteId = page.locator('#site-id:not(:empty)')
  await siteId.waitFor(WITHIN)
  return (await siteId.textContent()) ?? ''
}

export interface Wish {
  readonly name: string
  readonly policy: 'Public' | 'Private' | 'Consortium'
  readonly description?: string
  readonly approvers?: readonly string[]
}

/** Founds a network as a person does, and is in it. @returns its room URL */
export async function found(page: Page, { name, policy, description = '', approvers = [] }: Wish): Promise<string> {
  await page.getByRole('button', { name: 'Networks' }).click()
  await page.getByRole('button', { name: 'Create a network' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel(/^Description/).fill(description)
  await page.getByRole('radio', { name: policy }).check()
  if (policy === 'Consortium') await page.getByLabel(/^Site ids of the approvers/).fill(approvers.join('\n'))
  await page.getByRole('button', { name: 'Create it' }).click()
  await page.waitForURL(/\/n\/net-[\w-]{43}$/)
  await status(page, 'open')
  return page.url()
}

/** Makes an invite as the creator does. @returns its link */
export async function invite(page: Page, people = 1): Promise<string> {
  await page.getByLabel('People', { exact: true }).fill(`${people}`)
  await page.getByRole('button', { name: 'Make an invite' }).click()
  const dialog = page.getByRole('dialog', { name: 'Invite' })
  await dialog.waitFor()
  const link = (await page.locator('#link-text').textContent()) ?? ''
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  return link
}

/** Asks to be let in, in front of a closed network. */
export async function ask(page: Page, name: string, note = ''): Promise<void> {
  await status(page, 'outside')
  await page.getByLabel('Your name', { exact: true }).fill(name)
  await page.getByLabel('A note to those who decide').fill(note)
  await page.getByRole('button', { name: 'Ask to be let in' }).click()
  await page.locator('#asking', { hasText: 'Your request is there' }).waitFor(WITHIN)
}
