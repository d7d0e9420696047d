/** Scenes with more than one person, for screenshots: what a page looks like to who founds, invites, waits, decides, and leaves. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startCommand } from '../support/command.ts'
import { startGunRelay } from '../support/gun-relay.ts'
import { startService, type Service } from '../support/server.ts'
import { ask, found, invite, People, status, WITHIN } from './people.ts'

export type Picture = (page: Page, state: string, fullPage?: boolean) => Promise<void>

/** Dialogs have arrived, and lists are there. */
const SETTLE_MS = 700

export async function networkScenes(
  browser: Browser,
  service: Service,
  options: BrowserContextOptions,
  picture: Picture,
): Promise<void> {
  const people = new People(browser)
  const settled = async (page: Page, state: string, fullPage = false) => {
    await page.waitForTimeout(SETTLE_MS)
    await picture(page, state, fullPage)
  }
  const ada = await people.in(service.roomUrl('mainnet'), 'Ada', options)
  await ada.getByRole('button', { name: 'Networks' }).click()
  await settled(ada, 'networks')
  await ada.locator('#go-text').fill('https://elsewhere.example/n/mainnet')
  await ada.getByRole('button', { name: 'Create a network' }).click()
  await ada.getByRole('radio', { name: 'Consortium' }).check()
  await ada.getByRole('button', { name: 'Create it' }).click()
  await settled(ada, 'founding')
  await ada.keyboard.press('Escape')
  const description = 'We fold proteins on Thursdays, and talk about it afterwards.'
  const room = await found(ada, { name: 'Ada & friends', policy: 'Private', description })

  const bob = await people.meet('Bob', options)
  await bob.goto(`${room}#invite=AQID`)
  await status(bob, 'outside')
  await settled(bob, 'outside', true)
  await ask(bob, 'Bob', 'It is me, Bob from Thursday!')
  await settled(bob, 'waiting', true)
  await ada.locator('#applicants .person').waitFor()
  const link = await invite(ada, 3)
  await invite(ada)
  const eve = await people.in(link, 'Eve', options)
  await ada.getByText('Remove a member').click()
  await settled(ada, 'deciding', true)
  await ada.locator('#invites').getByRole('button', { name: /^Show/ }).first().click()
  await settled(ada, 'invite')
  await ada.keyboard.press('Escape')
  await settled(eve, 'member', true)
  await ada.getByRole('button', { name: 'Remove Eve' }).click()
  await settled(ada, 'removing')
  await ada.getByRole('alertdialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await status(eve, 'outside')
  await settled(eve, 'removed', true)
  await ada.context().setOffline(true)
  await settled(ada, 'offline')
  await people.leave()
}

export async function identityScenes(
  browser: Browser,
  service: Service,
  options: BrowserContextOptions,
  picture: Picture,
): Promise<void> {
  const people = new People(browser)
  const settled = async (page: Page, state: string) => {
    await page.waitForTimeout(SETTLE_MS)
    await picture(page, state)
  }
  const ada = await people.in(service.roomUrl('mainnet'), 'Ada', options)
  await ada.getByRole('button', { name: 'Identities and backup' }).click()
  await ada.getByRole('button', { name: 'New identity' }).click()
  await ada.getByLabel('What to call it').fill('work')
  await ada.getByRole('button', { name: 'Save' }).click()
  await ada.getByLabel('Pass phrase', { exact: true }).fill('copper violin meadow tiger')
  await ada.getByLabel('The same again').fill('copper violin meadow')
  await ada.getByRole('button', { name: 'Download the backup' }).click()
  await settled(ada, 'backup')
  await ada.locator('#backup-form').getByRole('button', { name: 'Cancel' }).click()
  await settled(ada, 'identities')
  await ada.getByRole('button', { name: 'Restore from a file' }).click()
  await settled(ada, 'restore')
  await people.leave()
}

/** A room that goes away while people talk: they go on over neighbours and a Gun relay, then over neighbours, then over nothing. */
export async function carrierScenes(browser: Browser, options: BrowserContextOptions, picture: Picture): Promise<void> {
  const relay = await startGunRelay()
  const service = await startService({ rateLimits: 'off', vars: { EDGE_NET_GUN_RELAYS: relay.url } })
  const people = new People(browser)
  const settled = async (page: Page, state: string) => {
    await page.waitForTimeout(SETTLE_MS)
    await picture(page, state, true)
  }
  const room = service.roomUrl('mainnet')
  const others = ['build-server', 'Grace', 'Linus'].map((name) =>
    startCommand(['join', room, '--json', '--name', name]),
  )
  try {
    await Promise.all(others.map((other) => other.event('joined')))
    const ada = await people.in(room, 'Ada', options)
    await ada.locator('#peers li[data-route="direct"]').nth(2).waitFor(WITHIN)
    await ada.locator('#ways .way.up').nth(2).waitFor(WITHIN)
    await settled(ada, 'ways')
    await service.close()
    await status(ada, 'reconnecting')
    others[0]?.type('The room is gone. Does anybody read this?')
    await ada.getByLabel('Message', { exact: true }).fill('Yes, over the direct path.')
    await ada.keyboard.press('Enter')
    await settled(ada, 'without-room')
    await ada.getByRole('button', { name: /^Details of Grace/ }).click()
    await settled(ada, 'without-room-diagnosis')
    await ada.getByRole('button', { name: /^Details of Grace/ }).click()
    await relay.stop()
    await ada
      .locator('#ways .way.up')
      .nth(1)
      .waitFor({ ...WITHIN, state: 'detached' })
    await settled(ada, 'without-room-neighbours')
    for (const other of others) other.signal('SIGINT')
    await ada
      .locator('#peers li')
      .first()
      .waitFor({ ...WITHIN, state: 'detached' })
    await settled(ada, 'without-room-alone')
  } finally {
    for (const other of others) other.signal('SIGKILL')
    await people.leave()
    await service.close()
    await relay.close()
  }
}
