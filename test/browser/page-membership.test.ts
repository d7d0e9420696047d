/** Closed networks through the page, each person in a browser of their own: invites, approvals, waiting, and being removed. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity } from '../../client/identity/identity.ts'
import { foundNetwork } from '../../client/networks/index.ts'
import { fromBase64Url } from '../../protocol/bytes.ts'
import { decodeInviteCode, encodeInviteCode, signInvite } from '../../protocol/invite.ts'
import { parseNetworkId } from '../../protocol/network.ts'
import { launchChromium } from '../support/chromium.ts'
import { startService, type Service } from '../support/server.ts'
import { ask, found, invite, namesOn, People, siteIdOf, status, WITHIN } from './people.ts'

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

const HOSTILE = '<img src=x onerror=alert(1)>'
const inviteFault = (page: Page) => expect.poll(() => page.locator('#invite-fault').textContent(), WITHIN)
const applicants = async (page: Page) => (await page.locator('#applicants .name').allTextContents()).toSorted()

describe('a private network', () => {
  it('is founded in a page and entered by an invite in another browser, once, and its address keeps no secret', async () => {
    const ada = await people.in(service.roomUrl('mainnet'), 'Ada')
    const room = await found(ada, { name: 'Ada & friends', policy: 'Private', description: 'Thursdays.' })
    expect(await ada.locator('#membership-words').textContent()).toBe('You founded this network.')
    const link = await invite(ada)
    expect(link.startsWith(`${room}#invite=`)).toBe(true)
    expect(await ada.locator('#invites .person').count()).toBe(1)

    const bob = await people.in(link, 'Bob')
    expect(bob.url()).toBe(room)
    expect(await bob.locator('#network').textContent()).toBe('Ada & friends')
    expect(await bob.locator('#network-kind').textContent()).toBe('Private network')
    expect(await bob.locator('#network-description').textContent()).toBe('Thursdays.')
    expect(await bob.locator('#membership-words').textContent()).toMatch(/^You came in by an invite; .* until /)
    expect(await bob.getByRole('button', { name: 'Make an invite' }).isVisible()).toBe(false)
    await expect.poll(() => namesOn(ada), WITHIN).toEqual(['Bob'])
    await expect.poll(() => namesOn(bob), WITHIN).toEqual(['Ada'])

    // The same person in the same browser needs it no more; for another one it is used up.
    await bob.reload()
    await status(bob, 'open')
    const eve = await people.meet('Eve')
    await eve.goto(link)
    await status(eve, 'outside')
    await inviteFault(eve).toContain('used as often as it may be')
    // The approver lets her in all the same.
    await ask(eve, 'Eve', 'It was used up.')
    await expect.poll(() => applicants(ada), WITHIN).toEqual(['Eve'])
    expect(await ada.locator('#waiting-badge').textContent()).toBe('1 waiting')
    expect(await ada.title()).toContain('(1 waiting)')
    // From the top of the page one press leads there.
    await ada.locator('#to-waiting').click()
    expect(await ada.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Approve Eve')
    await ada.keyboard.press('Enter')
    await status(eve, 'open')
    expect(await eve.locator('#membership-words').textContent()).toBe('You were approved, for good.')
    await expect.poll(() => namesOn(eve), WITHIN).toEqual(['Ada', 'Bob'])
    expect(people.hosts).toEqual(new Set([new URL(service.url).host]))
  })

  it('lets nobody in by an invite that is expired, foreign, truncated, damaged or forged, and says which it is', async () => {
    const [creator, stranger] = [await createIdentity(), await createIdentity()]
    const network = await foundNetwork({ host: service.url, identity: creator, name: 'One', policy: 'private' })
    const other = await foundNetwork({ host: service.url, identity: creator, name: 'Two', policy: 'private' })
    const good = await network.invite()
    const expiring = await network.invite({ expiresAtMs: Date.now() + 1_000 })
    const decoded = await decodeInviteCode(good.code)
    const id = parseNetworkId(network.facts.id)
    const inviteKey = fromBase64Url(good.inviteKey)
    if (typeof decoded === 'string' || !id || !inviteKey) throw new Error('no invite to bend')
    const terms = { inviteKey, expiresAtMs: decoded.expiresAtMs, uses: decoded.uses }
    const signedByStranger = await signInvite(id, terms, (bytes) => stranger.sign(bytes))
    const flipped = `${good.code.slice(0, 60)}${good.code[60] === 'A' ? 'B' : 'A'}${good.code.slice(61)}`
    const codes: readonly (readonly [code: string, words: string])[] = [
      [(await other.invite()).code, 'another network'],
      [good.code.slice(0, -5), 'not whole'],
      [flipped, 'a character is wrong'],
      [await encodeInviteCode(id, signedByStranger, decoded.secret), 'not from the creator'],
      [HOSTILE, 'not whole'],
      [expiring.code, 'has expired'],
    ]
    await expect.poll(() => Date.now() > (expiring.expiresAtMs ?? 0), WITHIN).toBe(true)
    const page = await people.meet('Eve')
    for (const [code, words] of codes) {
      await page.goto('about:blank')
      await page.goto(`${network.facts.roomUrl}#invite=${code}`)
      await status(page, 'outside')
      await inviteFault(page).toContain(words)
    }
    // Pasted into the waiting room, a bad one says so and a good one opens.
    await page.getByLabel('Invite link', { exact: true }).fill(good.url.slice(0, -1))
    await page.getByRole('button', { name: 'Use this invite' }).click()
    await inviteFault(page).toContain('not whole')
    await page.getByLabel('Invite link', { exact: true }).fill(good.url)
    await page.getByRole('button', { name: 'Use this invite' }).click()
    await status(page, 'open')
  })

  it('is left for good by who is removed, and by who came in with an invite that is revoked', async () => {
    const ada = await people.in(service.roomUrl('mainnet'), 'Ada')
    const room = await found(ada, { name: 'Removal', policy: 'Private' })
    const [forBob, forEve] = [await invite(ada), await invite(ada)]
    const bob = await people.in(forBob, 'Bob')
    const eve = await people.in(forEve, 'Eve')
    await expect.poll(() => namesOn(ada), WITHIN).toEqual(['Bob', 'Eve'])
    await ada.getByText('Remove a member').click()
    await ada.getByRole('button', { name: 'Remove Bob' }).click()
    const question = ada.getByRole('alertdialog')
    expect(await question.textContent()).toContain('Remove Bob')
    // Whoever thinks again changes nothing.
    await question.getByRole('button', { name: 'Cancel' }).click()
    expect(await namesOn(ada)).toEqual(['Bob', 'Eve'])
    await ada.getByRole('button', { name: 'Remove Bob' }).click()
    await question.getByRole('button', { name: 'Remove', exact: true }).click()
    await status(bob, 'outside')
    expect(await bob.locator('#outside-heading').textContent()).toBe('You were removed from this network')
    expect(await bob.getByRole('button', { name: 'Ask to be let in' }).isVisible()).toBe(false)
    await expect.poll(() => namesOn(eve), WITHIN).toEqual(['Ada'])
    await bob.goto('about:blank')
    await bob.goto(forBob)
    await status(bob, 'outside')

    // The newest invite is at the head of the list.
    await ada
      .locator('#invites')
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .click()
    await question.getByRole('button', { name: 'Revoke' }).click()
    await status(eve, 'outside')
    await expect.poll(() => namesOn(ada), WITHIN).toEqual([])
    expect(await ada.locator('#invites .person').count()).toBe(1)
    expect(await ada.locator('#removed-words').textContent()).toBe('2 members and invites removed so far.')
    // Nor does an unused one open after that.
    await ada
      .locator('#invites')
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .click()
    await question.getByRole('button', { name: 'Revoke' }).click()
    await expect.poll(() => ada.locator('#invites .person').count(), WITHIN).toBe(0)
    const late = await people.meet('Late')
    await late.goto(forBob)
    await status(late, 'outside')
    await inviteFault(late).toContain('revoked')
    expect(late.url()).toContain(room)
  })
})

describe('a membership that ends', () => {
  it('ends by itself in front of who has it, who can ask again', async () => {
    const creator = await createIdentity()
    const network = await foundNetwork({ host: service.url, identity: creator, name: 'For a while', policy: 'private' })
    const bob = await people.meet('Bob')
    await bob.goto(network.facts.roomUrl)
    await ask(bob, 'Bob')
    const site = await siteIdOf(bob)
    await network.approve(site, { expiresAtMs: Date.now() + 8_000 })
    await status(bob, 'open')
    expect(await siteIdOf(bob)).toBe(site)
    expect(await bob.locator('#membership-words').textContent()).toMatch(/^You were approved; .* until /)
    await status(bob, 'outside')
    expect(await bob.locator('#outside-heading').textContent()).toBe('Your membership has ended')
    await ask(bob, 'Bob', 'Once more, please.')
    await network.approve(site)
    await status(bob, 'open')
    expect(await bob.locator('#membership-words').textContent()).toBe('You were approved, for good.')
  })
})

describe('a consortium', () => {
  it('of two approvers lets in whom both have approved, sends away whom one declines, and shows names as text', async () => {
    const ada = await people.in(service.roomUrl('mainnet'), 'Ada')
    const bob = await people.in(service.roomUrl('mainnet'), 'Bob')
    const approvers = [await siteIdOf(ada), await siteIdOf(bob)]
    const room = await found(ada, { name: HOSTILE, description: HOSTILE, policy: 'Consortium', approvers })
    await bob.goto(room)
    await status(bob, 'open')
    expect(await bob.locator('#membership-words').textContent()).toBe('You are one of its approvers.')
    expect(await bob.locator('#network').textContent()).toBe(HOSTILE)

    const eve = await people.meet('Eve')
    await eve.goto(room)
    await status(eve, 'outside')
    expect(await eve.locator('#deciders-heading').textContent()).toBe('2 of 2 approvers must approve')
    await ask(eve, HOSTILE, `${HOSTILE} please`)
    await expect.poll(() => applicants(ada), WITHIN).toEqual([HOSTILE])
    await expect.poll(() => applicants(bob), WITHIN).toEqual([HOSTILE])
    await ada.getByRole('button', { name: `Approve ${HOSTILE}` }).click()
    await expect.poll(() => eve.locator('#asking').textContent(), WITHIN).toContain('1 of 2 approvals')
    await expect.poll(() => ada.locator('#applicants .detail').textContent(), WITHIN).toContain('yours among them')
    await status(eve, 'outside')
    await bob.getByRole('button', { name: `Approve ${HOSTILE}` }).click()
    await status(eve, 'open')
    await expect.poll(() => namesOn(eve), WITHIN).toEqual(['Ada', 'Bob'])

    const mallory = await people.meet('Mallory')
    await mallory.goto(room)
    await ask(mallory, 'Mallory')
    await expect.poll(() => applicants(bob), WITHIN).toContain('Mallory')
    await bob.getByRole('button', { name: 'Decline Mallory' }).click()
    await expect.poll(() => mallory.locator('#asking').textContent(), WITHIN).toBe('Your request was declined.')
    for (const page of [ada, bob, eve, mallory]) expect(await page.locator('main img, dialog img').count()).toBe(0)
  })
})

describe('several tabs of one member', () => {
  it('are let in by what the first one has shown, and one that waits need not ask again', async () => {
    const ada = await people.in(service.roomUrl('mainnet'), 'Ada')
    const room = await found(ada, { name: 'Tabs', policy: 'Private' })
    const bob = await people.in(await invite(ada), 'Bob')
    const second = await people.tabOf(bob.context())
    await second.goto(room)
    await status(second, 'open')
    expect(await siteIdOf(second)).toBe(await siteIdOf(bob))
    await expect.poll(() => namesOn(ada), WITHIN).toEqual(['Bob', 'Bob'])
  })
})
