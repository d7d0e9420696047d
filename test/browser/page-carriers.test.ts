/** Open pages whose host is gone: they go on over each other, and over the Gun relays that the host had named. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startGunRelay, type GunRelay } from '../support/gun-relay.ts'
import { startService, type Service } from '../support/server.ts'
import { axeFaults, faultsOf } from './axe.ts'
import { namesOn, People, status, WITHIN } from './people.ts'

let service: Service | undefined
let relay: GunRelay
let browser: Browser
let people: People
const commands: RunningCommand[] = []

beforeAll(async () => {
  relay = await startGunRelay()
  browser = await launchChromium()
  people = new People(browser)
})
afterAll(async () => {
  await browser.close()
  await relay.close()
})
afterEach(async () => {
  for (const running of commands.splice(0)) {
    running.signal('SIGKILL')
    await running.ended
  }
  await people.leave()
  await service?.close()
  service = undefined
})

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.keyboard.press('Enter')
}

const textsOn = (page: Page) => page.locator('#log .text').allTextContents()
const textOf = (page: Page, id: string) => page.locator(`#${id}`).textContent()
const waysOn = (page: Page) => page.locator('#ways .way').allTextContents()
const isDirectTo = (page: Page, count: number) =>
  expect.poll(() => page.locator('#peers li[data-route="direct"]').count(), WITHIN).toBe(count)

describe('pages whose host names no Gun relay', () => {
  it('load nothing of Gun, and go on over each other', async () => {
    service = await startService({ rateLimits: 'off' })
    const { port } = service
    const room = service.roomUrl('page-carriers')
    const asked: string[] = []
    const ada = await people.meet('Ada')
    ada.on('request', (request) => asked.push(request.url()))
    await ada.goto(room)
    const bob = await people.in(room, 'Bob')
    await Promise.all([isDirectTo(ada, 1), isDirectTo(bob, 1)])
    await expect.poll(() => waysOn(ada), WITHIN).toEqual(['Room in reach', 'Neighbours in reach'])
    expect(await ada.locator('#without-room').isVisible()).toBe(false)
    await service.close()
    service = undefined

    await status(ada, 'reconnecting')
    await expect.poll(() => textOf(ada, 'status'), WITHIN).toBe('Going on without the room')
    expect(await ada.locator('body').getAttribute('data-goes-on')).toBe('true')
    expect(await ada.locator('#failure').isVisible()).toBe(false)
    expect(await waysOn(ada)).toEqual(['Room out of reach', 'Neighbours in reach'])
    expect(await textOf(ada, 'without-room')).toBe(
      'The room does not answer, and is being tried again. Meanwhile members go on over neighbours; newcomers come in only where a member reaches them.',
    )
    expect(await textOf(ada, 'census')).toBe('1 member in reach, a neighbour')
    for (const colorScheme of ['light', 'dark'] as const) {
      await ada.emulateMedia({ colorScheme })
      expect(await faultsOf(ada)).toEqual([])
      expect(await axeFaults(ada)).toEqual([])
    }
    await ada.setViewportSize({ width: 320, height: 640 })
    // Plots follow with their next sample.
    await expect.poll(() => faultsOf(ada), WITHIN).toEqual([])
    await say(ada, 'still here')
    await expect.poll(() => textsOn(bob), WITHIN).toContain('still here')

    await ada.getByRole('button', { name: /^Details of Bob/ }).click()
    const fact = (name: string) => ada.locator(`.diagnosis .fact[data-key="${name}"] dd`).textContent()
    await expect.poll(() => fact('Neighbour'), WITHIN).toMatch(/^yes/)
    expect(await fact('Carrier')).toBe('neighbours')

    service = await startService({ rateLimits: 'off', port })
    await status(ada, 'open')
    expect(await ada.locator('#without-room').isVisible()).toBe(false)
    expect(asked.filter((url) => url.includes('gun'))).toEqual([])
  })
})

describe('pages whose host names a Gun relay', () => {
  it('talk to it and to nobody else, and meet newcomers over it when the host is gone', async () => {
    service = await startService({ rateLimits: 'off', vars: { EDGE_NET_GUN_RELAYS: relay.url } })
    const room = service.roomUrl('page-carriers')
    const own = new URL(service.url).host
    const ada = await people.in(room, 'Ada')
    const bob = await people.in(room, 'Bob')
    await Promise.all([isDirectTo(ada, 1), isDirectTo(bob, 1)])
    await expect
      .poll(() => waysOn(ada), WITHIN)
      .toEqual(['Room in reach', 'Neighbours in reach', 'Gun relays in reach'])
    expect(people.hosts).toEqual(new Set([own, new URL(relay.url).host]))
    await service.close()
    service = undefined

    await status(ada, 'reconnecting')
    await expect
      .poll(() => textOf(ada, 'without-room'), WITHIN)
      .toContain(
        'members go on over neighbours and Gun relays; newcomers come in only where they use the same Gun relays.',
      )
    const carol = startCommand(['join', room, '--json', '--name', 'Carol', '--gun', relay.url])
    commands.push(carol)
    await expect.poll(() => namesOn(ada), WITHIN).toEqual(['Bob', 'Carol'])
    await expect.poll(() => namesOn(bob), WITHIN).toEqual(['Ada', 'Carol'])
    await Promise.all([isDirectTo(ada, 2), isDirectTo(bob, 2)])
    carol.type('I came without a room')
    for (const page of [ada, bob]) await expect.poll(() => textsOn(page), WITHIN).toContain('I came without a room')
    await say(bob, 'welcome, Carol')
    await carol.event('message', ({ text }) => text === 'welcome, Carol')
  })
})
