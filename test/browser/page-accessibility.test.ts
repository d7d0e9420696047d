/** The join page for people who see it large, in the dark, on a small phone, with a keyboard, or not at all. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startService, type Service } from '../support/server.ts'
import { overflowFaults } from './accessibility.ts'
import { axeFaults, faultsOf } from './axe.ts'

const LONG_NAME = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter'

let service: Service
let browser: Browser
let neighbour: RunningCommand
let room: string

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  browser = await launchChromium()
  room = service.roomUrl('accessibility')
  neighbour = startCommand(['join', room, '--json', '--name', LONG_NAME, '--message', 'x'.repeat(300)])
  await neighbour.event('joined')
})
afterAll(async () => {
  neighbour.signal('SIGKILL')
  await neighbour.ended
  await browser.close()
  await service.close()
})

async function withPage(
  url: string,
  options: BrowserContextOptions,
  test: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options)
  try {
    const page = await context.newPage()
    await page.goto(url)
    await page.locator('body[data-status="open"]').waitFor()
    if (url === room) await page.locator('#log .text').first().waitFor()
    await test(page)
  } finally {
    await context.close()
  }
}

describe('the page', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has names, order and contrast in ${colorScheme}, with company, alone and after leaving`, async () => {
      await withPage(room, { colorScheme }, async (page) => {
        await page.getByText('Name and privacy').click()
        await page.getByRole('button', { name: /^Details/ }).click()
        await page.locator('.diagnosis').waitFor()
        expect(await faultsOf(page)).toEqual([])
        expect(await axeFaults(page)).toEqual([])
        await page.getByRole('button', { name: 'Leave' }).click()
        await page.locator('body[data-status="left"]').waitFor()
        expect(await faultsOf(page)).toEqual([])
      })
      await withPage(service.roomUrl(`alone-${colorScheme}`), { colorScheme }, async (page) => {
        expect(await faultsOf(page)).toEqual([])
      })
    })
  }

  it('is judged by checks that see what is wrong', async () => {
    await withPage(room, {}, async (page) => {
      await page.evaluate(() => {
        document.querySelector<HTMLElement>('#my-name')?.style.setProperty('color', '#999')
        document.querySelector<HTMLElement>('#leave')?.style.setProperty('min-height', '0')
        document.querySelector<HTMLElement>('#leave')?.style.setProperty('height', '20px')
        document.querySelector<HTMLElement>('#you-heading')?.style.setProperty('width', '3000px')
        document.querySelector('label[for="to"]')?.removeAttribute('for')
      })
      expect(await faultsOf(page)).toEqual([
        '#to has no label',
        expect.stringMatching(/^2\.85: /),
        expect.stringMatching(/^BUTTON "Leave" is .* × 20$/),
        expect.stringMatching(/^the page is \d+ px wide/),
      ])
    })
  })

  it('fits a screen of 320 pixels, whatever others call themselves and write', async () => {
    await withPage(room, { viewport: { width: 320, height: 568 } }, async (page) => {
      await page.getByText('Name and privacy').click()
      await page.getByRole('button', { name: /^Details/ }).click()
      await page.locator('.diagnosis').waitFor()
      expect(await page.locator('#peers .name').textContent()).toBe(LONG_NAME)
      expect(await page.evaluate(overflowFaults)).toEqual([])
    })
  })

  it('fits it while a peer is reconnecting', async () => {
    const alone = service.roomUrl('narrow')
    const stopped = startCommand(['join', alone, '--json', '--name', LONG_NAME])
    await stopped.event('joined')
    try {
      await withPage(alone, { viewport: { width: 320, height: 568 } }, async (page) => {
        await page.locator('.peer').waitFor()
        stopped.signal('SIGSTOP')
        await page.locator('.peer[data-route="stalled"]').waitFor()
        await page.getByRole('button', { name: /^Details/ }).click()
        await page.locator('.diagnosis').waitFor()
        expect(await faultsOf(page)).toEqual([])
        expect(await axeFaults(page)).toEqual([])
      })
    } finally {
      stopped.signal('SIGKILL')
      await stopped.ended
    }
  })

  it('can be used with the keyboard alone, and shows where it is', async () => {
    await withPage(room, {}, async (page) => {
      const reached: string[] = []
      for (let i = 0; i < 32; i++) {
        await page.keyboard.press('Tab')
        const [id, outlinePx] = await page.evaluate(() => {
          const focused = document.activeElement ?? document.body
          const { outlineStyle, outlineWidth } = getComputedStyle(focused)
          return [
            focused.id || focused.className || focused.tagName,
            outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth),
          ] as const
        })
        if (id === 'BODY') break
        expect(outlinePx, id).toBeGreaterThanOrEqual(2)
        reached.push(id)
      }
      expect(reached.filter((id) => ['leave', 'toggle', 'to', 'text', 'send', 'SUMMARY'].includes(id))).toEqual([
        'leave',
        'toggle',
        'to',
        'text',
        'send',
        'SUMMARY',
      ])
      await page.locator('#text').focus()
      await page.keyboard.type('by keyboard')
      await page.keyboard.press('Enter')
      await neighbour.event('message', ({ text }) => text === 'by keyboard')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('text')
    })
  })

  it('moves nothing for people who asked for that', async () => {
    await withPage(service.roomUrl('still'), { reducedMotion: 'reduce' }, async (page) => {
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
    })
    await withPage(service.roomUrl('moving'), {}, async (page) => {
      expect(await page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0)
    })
  })

  it('tells changes of state politely, messages as a log, and no measurement', async () => {
    await withPage(room, {}, async (page) => {
      const live = await page.evaluate(() =>
        [...document.querySelectorAll('[role="status"], [role="alert"], [role="log"], [aria-live]')].map(
          ({ id }) => id,
        ),
      )
      expect(live.toSorted()).toEqual([
        'ask-name-error',
        'ask-note-error',
        'asking',
        'asking-error',
        'backup-error',
        // Of the entry that was chosen; of all others that arrive nothing is told.
        'chosen',
        'contribute-error',
        'copied',
        'failure',
        'found-note',
        'founding-error',
        'go-note',
        'go-text-error',
        'history-note',
        'identities-error',
        'identities-note',
        'invite-error',
        'invite-fault',
        'invite-text-error',
        'label-text-error',
        'ledger-files-status',
        'log-frame',
        'membership-error',
        'notice',
        'remove-error',
        'restore-error',
        'settings-error',
        'status',
        'waiting-badge',
        'ways',
      ])
      expect(await page.evaluate(() => document.querySelector('[role="status"] .rtt, [role="log"] .rtt'))).toBeNull()
    })
  })

  it('weighs less than 60 KB until it is painted; the ledger and the plots come after that', () => {
    const served = join(import.meta.dirname, '..', '..', 'dist', 'public')
    const weightOf = (path: string) => brotliCompressSync(readFileSync(join(served, path))).length
    const names = readdirSync(join(served, 'page')).filter((name) => /\.(js|css)$/.test(name))
    const scripts = new Set(names.filter((name) => /^page-.*\.js$/.test(name)))
    expect(scripts.size).toBe(1)
    // What a script imports statically comes before it runs. One that is added while the loop runs has its turn, too.
    for (const script of scripts) {
      const code = readFileSync(join(served, 'page', script), 'utf8')
      for (const [, name = ''] of code.matchAll(/(?:from|import)\s*"\.\/([\w-]+\.js)"/g)) scripts.add(name)
    }
    const first = [...scripts, ...names.filter((name) => name.endsWith('.css'))].map((name) => weightOf(`page/${name}`))
    const firstBytes = first.reduce((sum, bytes) => sum + bytes, weightOf('page.html'))
    const allBytes = names.reduce((sum, name) => sum + weightOf(`page/${name}`), weightOf('page.html'))
    process.stdout.write(`the page: ${firstBytes} B brotli until it is painted, ${allBytes} B in all\n`)
    expect(scripts.size).toBeLessThan(names.length)
    expect(firstBytes).toBeLessThan(60 * 1_024)
  })
})
