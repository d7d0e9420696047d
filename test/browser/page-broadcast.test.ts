/** A network that is too large for a link to everybody: commands and a page, each with a few neighbours, hear what anybody says. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startService, type Service } from '../support/server.ts'
import { People, status, WITHIN } from './people.ts'

/** Founded for three neighbours each, so that twelve are many. */
const DEGREE = '3'
const COMMANDS = 11

let service: Service
let browser: Browser
let people: People
const commands: RunningCommand[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  people = new People(browser)
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
  await people.leave()
})

async function foundedRoom(): Promise<string> {
  const run = startCommand(['create', service.url, '--name', 'Many', '--degree', DEGREE, '--json'])
  const { stdout } = await run.ended
  const created = stdout.split('\n').find((line) => line.includes('"created"')) ?? ''
  return (JSON.parse(created) as { readonly roomUrl: string }).roomUrl
}

describe('what is said in a large network', () => {
  it('is heard by everybody, linked or not, from a page and from a terminal', async () => {
    const room = await foundedRoom()
    for (let i = 0; i < COMMANDS; i++) {
      const running = startCommand(['join', room, '--json', '--ephemeral', '--no-ledger', '--name', `peer-${i}`])
      commands.push(running)
      await running.event('joined')
    }
    const ada = await people.meet('Ada')
    await ada.goto(room)
    await status(ada, 'open')
    const census = ada.locator('#census')
    await expect.poll(() => census.textContent(), WITHIN).toMatch(/^12 members, linked to \d+, .*neighbour/)

    const [first] = commands
    first?.type('from a terminal')
    await expect.poll(() => ada.locator('#log .text').allTextContents(), WITHIN).toEqual(['from a terminal'])
    expect(await ada.locator('#log .sender').textContent()).toMatch(/^peer-0 · /)
    await ada.getByLabel('Message', { exact: true }).fill('from a page')
    await ada.keyboard.press('Enter')
    for (const running of commands.slice(1)) {
      expect(await running.event('broadcast', ({ text }) => text === 'from a terminal')).toMatchObject({
        from: { name: 'peer-0' },
      })
      await running.event('broadcast', ({ text }) => text === 'from a page')
    }
    expect(await first?.event('sent')).toMatchObject({ receivers: COMMANDS })
    // Once each, whoever passed it on.
    expect(await ada.locator('#log .text').allTextContents()).toEqual(['from a terminal', 'from a page'])
    const heard = commands.map((running) => running.stdout().split('"from a page"').length - 1)
    expect(heard).toEqual(commands.map(() => 1))
  })
})
