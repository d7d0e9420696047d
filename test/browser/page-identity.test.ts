/** Several identities through the page: made, named, backed up, restored in another browser, chosen and deleted. */
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startService, type Service } from '../support/server.ts'
import { People, siteIdOf, status, WITHIN } from './people.ts'

const PASS_PHRASE = 'copper violin meadow tiger lantern'

let service: Service
let browser: Browser
let people: People
let folder: string

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  people = new People(browser)
  folder = await mkdtemp(join(tmpdir(), 'edge-net-page-'))
})
afterAll(async () => {
  await browser.close()
  await service.close()
  await rm(folder, { recursive: true })
})
afterEach(() => people.leave())

const openIdentities = (page: Page) => page.getByRole('button', { name: 'Identities and backup' }).click()
const labelsOn = (page: Page) => page.locator('#identity-list .name').allTextContents()

/** Makes one and backs it up at once, which the page leads to. @returns the path of the file */
async function makeAndBackUp(page: Page, label: string): Promise<string> {
  await openIdentities(page)
  await page.getByRole('button', { name: 'New identity' }).click()
  await page.getByLabel('What to call it').fill(label)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByLabel('Pass phrase', { exact: true }).fill(PASS_PHRASE)
  await page.getByLabel('The same again').fill(PASS_PHRASE)
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the backup' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe(`edge-net-${label}.json`)
  const path = join(folder, `${label}-${Date.now()}.json`)
  await download.saveAs(path)
  await expect.poll(() => page.locator('#identities-note').textContent(), WITHIN).toContain('among your downloads')
  return path
}

describe('identities in the page', () => {
  it('are made, backed up under a pass phrase and restored in another browser, where they are the same', async () => {
    const room = service.roomUrl('identities')
    const ada = await people.in(room, 'Ada')
    const first = await siteIdOf(ada)
    const file = await makeAndBackUp(ada, 'work')
    expect(await readFile(file, 'utf8')).not.toContain(PASS_PHRASE)
    await ada.getByRole('button', { name: 'Use work' }).click()
    await status(ada, 'open')
    await expect.poll(() => siteIdOf(ada), WITHIN).not.toBe(first)
    const work = await siteIdOf(ada)

    const elsewhere = await people.in(room, 'Ada, at work')
    await openIdentities(elsewhere)
    await elsewhere.getByRole('button', { name: 'Restore from a file' }).click()
    const restore = elsewhere.getByRole('button', { name: 'Restore', exact: true })
    const told = () => expect.poll(() => elsewhere.locator('#restore-error').textContent(), WITHIN)
    await restore.click()
    await told().toContain('Choose the file')
    await elsewhere.getByLabel('Backup file').setInputFiles(file)
    await elsewhere.getByLabel('Its pass phrase').fill(`${PASS_PHRASE}!`)
    await restore.click()
    await told().toContain('not the one that the backup was made with')
    expect(await elsewhere.evaluate(() => document.activeElement?.id)).toBe('restore-phrase')
    const damaged = join(folder, 'damaged.json')
    await writeFile(damaged, (await readFile(file, 'utf8')).replace('work', 'wark'))
    await elsewhere.getByLabel('Backup file').setInputFiles(damaged)
    await restore.click()
    await told().not.toContain('not the one that')
    expect(await labelsOn(elsewhere)).toHaveLength(1)
    await elsewhere.getByLabel('Backup file').setInputFiles(file)
    await elsewhere.getByLabel('Its pass phrase').fill(PASS_PHRASE)
    await restore.click()
    await expect.poll(() => labelsOn(elsewhere), WITHIN).toHaveLength(2)
    await elsewhere.getByRole('button', { name: 'Use work' }).click()
    await status(elsewhere, 'open')
    await expect.poll(() => siteIdOf(elsewhere), WITHIN).toBe(work)
    expect(people.hosts).toEqual(new Set([new URL(service.url).host]))
  })

  it('are renamed and deleted, except the one in use, and kept over a reload, when they cannot be backed up any more', async () => {
    const page = await people.in(service.roomUrl('identities'), 'Ada')
    const first = await siteIdOf(page)
    await openIdentities(page)
    await expect.poll(async () => (await labelsOn(page)).length, WITHIN).toBe(1)
    expect(await page.getByRole('button', { name: /^Back up / }).count()).toBe(1)
    await page.getByRole('button', { name: /^Rename / }).click()
    await page.getByLabel('What to call it').fill('  ')
    await page.getByRole('button', { name: 'Save' }).click()
    expect(await page.locator('#label-text-error').textContent()).not.toBe('')
    await page.getByLabel('What to call it').fill('<b>home</b>')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect.poll(() => labelsOn(page), WITHIN).toEqual(['<b>home</b>'])
    await page.getByRole('button', { name: 'New identity' }).click()
    await page.getByLabel('What to call it').fill('spare')
    await page.getByRole('button', { name: 'Save' }).click()
    // It can be backed up later in this visit, or never.
    await page.getByLabel('Pass phrase', { exact: true }).fill('short')
    await page.getByRole('button', { name: 'Download the backup' }).click()
    expect(await page.locator('#backup-error').textContent()).toContain('at least')
    await page.locator('#backup-form').getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(() => labelsOn(page), WITHIN).toEqual(['<b>home</b>', 'spare'])
    expect(await page.getByRole('button', { name: 'Delete <b>home</b>' }).count()).toBe(0)

    await page.reload()
    await status(page, 'open')
    expect(await siteIdOf(page)).toBe(first)
    await openIdentities(page)
    await expect.poll(() => labelsOn(page), WITHIN).toEqual(['<b>home</b>', 'spare'])
    expect(await page.getByRole('button', { name: /^Back up / }).count()).toBe(0)
    expect(await page.locator('#identities-note').textContent()).toContain('make a new one')
    await page.getByRole('button', { name: 'Delete spare' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => labelsOn(page), WITHIN).toEqual(['<b>home</b>'])
  })

  it('have each their own contributions, which are listed, and the ledger goes out and in as a file', async () => {
    const page = await people.in(service.roomUrl('contributions'), 'Ada')
    await page.getByLabel('Share of one core').fill('100')
    await page.getByRole('button', { name: 'Start contributing' }).click()
    await expect.poll(() => page.locator('#contribution-figures dd').first().textContent(), WITHIN).toBe('1')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'What I contributed' }).click()
    const rows = page.locator('#history-entries li')
    await expect.poll(() => rows.count(), WITHIN).toBeGreaterThan(0)
    expect(await rows.first().textContent()).toMatch(/vectors\/.*2,099 units.*20 credits.*waiting/)
    await page.keyboard.press('Escape')

    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    const download = await downloading
    const path = join(folder, download.suggestedFilename())
    await download.saveAs(path)
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(await page.locator('#ledger-files-status').textContent()).toMatch(/ exported\.$/)

    const other = await people.in(service.roomUrl('contributions-elsewhere'), 'Bob')
    await other.locator('#ledger-file').setInputFiles(path)
    // Another network's entries are no entries here.
    await expect.poll(() => other.locator('#ledger-files-status').textContent(), WITHIN).toContain('refused')
    await page.locator('#ledger-file').setInputFiles(path)
    await expect
      .poll(() => page.locator('#ledger-files-status').textContent(), WITHIN)
      .toMatch(/^0 new entries, \d+ known one/)
    expect(lines.length).toBeGreaterThan(0)
  })
})
