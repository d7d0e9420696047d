/** Identities in a real Chromium: backups that go from a page to Node and back, and several identities in one browser. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as identityEntry from '../../client/identity/index.ts'
import { backUp, createRecoverableIdentity, restore } from '../../client/identity/index.ts'
import { argon2Thread } from '../../scripts/argon2-thread.ts'
import { launchChromium } from '../support/chromium.ts'
import type { IdentityPage } from '../support/identity-page.ts'
import { startService, type Service } from '../support/server.ts'

declare global {
  var identityPage: IdentityPage
}

type Edge = typeof identityEntry

const PASS_PHRASE = 'correct horse battery staple'

let service: Service
let server: Server
let origin: string
let browser: Browser

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '..', 'support', 'identity-page.ts')],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    plugins: [argon2Thread],
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  server = createServer((request, response) => {
    const isScript = request.url === '/script.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    // As strict as the join page's, and without workers where that is asked for.
    const workers = request.url === '/no-workers' ? "'none'" : 'blob:'
    response.setHeader('content-security-policy', `default-src 'none'; script-src 'self'; worker-src ${workers}`)
    response.end(isScript ? script : '<!doctype html><title>identity</title><script src="/script.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  server?.close()
  await service?.close()
})

async function openTab(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin + path)
  return page
}

const load = (page: Page) => page.evaluate(() => globalThis.identityPage.load())
const listed = (page: Page) => page.evaluate(() => globalThis.identityPage.identities())
const make = (page: Page, label: string) => page.evaluate((word) => globalThis.identityPage.makeIdentity(word), label)
const use = (page: Page, siteId: string) => page.evaluate((id) => globalThis.identityPage.useIdentity(id), siteId)

describe('backups', () => {
  /** With what the Worker serves, from another origin. */
  const inPage = <Argument, Result>(work: (edge: Edge, argument: Argument) => Promise<Result>, argument: Argument) =>
    withPage((page) =>
      page.evaluate<Result>(
        `import('${service.url}/edge-net-identity.js').then((edge) => (${work.toString()})(edge, ${JSON.stringify(argument)}))`,
      ),
    )

  async function withPage<Result>(act: (page: Page) => Promise<Result>): Promise<Result> {
    const page = await browser.newPage()
    try {
      await page.goto(`${service.url}/health`)
      return await act(page)
    } finally {
      await page.close()
    }
  }

  it('of a page are restored by Node', async () => {
    const { text, siteId } = await inPage(async (edge, passPhrase) => {
      const made = await edge.createRecoverableIdentity()
      const options = { label: 'the page’s' }
      return { text: await edge.backUp(made, passPhrase, options), siteId: made.identity.siteId }
    }, PASS_PHRASE)
    const restored = await restore(text, PASS_PHRASE)
    expect(restored).toMatchObject({ siteId, label: 'the page’s' })
    await expect(restore(text, PASS_PHRASE.toUpperCase())).rejects.toMatchObject({ code: 'pass-phrase-wrong' })
  })

  it('of Node are restored by a page, which signs as the same contributor', async () => {
    const recoverable = await createRecoverableIdentity()
    const text = await backUp(recoverable, PASS_PHRASE)
    const { siteId, signature, isExtractable, wrong } = await inPage(
      async (edge, [file = '', passPhrase = '']) => {
        const restored = await edge.restore(file, passPhrase)
        const { identity, keys } = restored.recoverable
        return {
          siteId: restored.siteId,
          signature: [...(await identity.sign(new Uint8Array([1, 2, 3])))],
          isExtractable: keys.privateKey.extractable,
          wrong: await edge.restore(file, 'something else').catch((error: { code: string }) => error.code),
        }
      },
      [text, PASS_PHRASE],
    )
    expect({ siteId, isExtractable, wrong }).toEqual({
      siteId: recoverable.identity.siteId,
      isExtractable: false,
      wrong: 'pass-phrase-wrong',
    })
    const { publicKey } = recoverable.keys
    const message = new Uint8Array([1, 2, 3])
    expect(await crypto.subtle.verify('Ed25519', publicKey, new Uint8Array(signature), message)).toBe(true)
  })

  it('are made in a thread, and can be given up', async () => {
    const seen = await inPage(async (edge, passPhrase) => {
      const own = globalThis.Worker
      let threads = 0
      let threadsAtWork = 0
      globalThis.Worker = class extends own {
        constructor(...args: ConstructorParameters<typeof Worker>) {
          super(...args)
          threads++
        }
        override terminate(): void {
          super.terminate()
          threads--
        }
      }
      const giving = new AbortController()
      const onProgress = (done: number) => {
        threadsAtWork = threads
        if (done > 0.2) giving.abort()
      }
      const recoverable = await edge.createRecoverableIdentity()
      const making = edge.backUp(recoverable, passPhrase, { signal: giving.signal, onProgress })
      const code = await making.then(
        () => 'made',
        (error: { code: string }) => error.code,
      )
      return { code, threads, threadsAtWork }
    }, PASS_PHRASE)
    expect(seen).toEqual({ code: 'aborted', threads: 0, threadsAtWork: 1 })
  })

  it('are made without a thread where a policy forbids it', async () => {
    const page = await openTab(await browser.newContext(), '/no-workers')
    const { siteId } = await load(page)
    const text = await page.evaluate(
      ([id = '', passPhrase = '']) => globalThis.identityPage.backedUp(id, passPhrase, 'strict'),
      [siteId, PASS_PHRASE],
    )
    expect((await restore(text ?? '', PASS_PHRASE)).siteId).toBe(siteId)
    await page.context().close()
  })
})

describe('the identities of a browser', () => {
  it('begin with one, which is the same the next time and in every tab', async () => {
    const context = await browser.newContext()
    const tabs = await Promise.all(Array.from({ length: 4 }, () => openTab(context)))
    const loaded = await Promise.all(tabs.map(load))
    expect(new Set(loaded.map(({ siteId }) => siteId)).size).toBe(1)
    expect(loaded.every(({ kept }) => kept)).toBe(true)
    const lists = await Promise.all(tabs.map(listed))
    for (const list of lists) expect(list).toMatchObject([{ label: 'default', isCurrent: true }])
    // Only the tab that made it has its seed.
    expect(lists.flat().filter(({ canBackUp }) => canBackUp)).toHaveLength(1)
    const [{ isExtractable } = { isExtractable: true }] = await Promise.all(
      tabs.map((tab) => tab.evaluate(() => globalThis.identityPage.foundByEarlier())),
    )
    expect(isExtractable).toBe(false)
    await context.close()
  })

  it('take over what an earlier version of the page has kept, and leave it to be found by one', async () => {
    const context = await browser.newContext()
    const [tab, other] = [await openTab(context), await openTab(context)]
    const earlier = await tab.evaluate(() => globalThis.identityPage.keepAsEarlier())
    const loaded = await Promise.all([tab, other].map(load))
    expect(loaded).toEqual([
      { siteId: earlier, kept: true },
      { siteId: earlier, kept: true },
    ])
    expect(await listed(tab)).toMatchObject([{ siteId: earlier, isCurrent: true, canBackUp: false }])
    const found = () => tab.evaluate(() => globalThis.identityPage.foundByEarlier())
    expect(await found()).toEqual({ siteId: earlier, isExtractable: false })
    const second = await make(tab, 'second')
    await use(tab, second)
    expect((await found()).siteId).toBe(second)
    await use(tab, earlier)
    expect((await found()).siteId).toBe(earlier)
    await context.close()
  })

  it('are made, chosen, renamed and deleted, and other tabs see it', async () => {
    const context = await browser.newContext()
    const [tab, other] = [await openTab(context), await openTab(context)]
    const { siteId: first } = await load(tab)
    const [second, third] = [await make(tab, 'work'), await make(other, 'work')]
    expect(await listed(tab)).toMatchObject([
      { siteId: first, label: 'default', isCurrent: true },
      { siteId: second, label: 'work', isCurrent: false, canBackUp: true },
      { siteId: third, label: 'work 2', isCurrent: false, canBackUp: false },
    ])
    await use(other, third)
    const reloaded = await openTab(context)
    expect((await load(reloaded)).siteId).toBe(third)
    expect((await listed(reloaded)).some(({ canBackUp }) => canBackUp)).toBe(false)

    const refusal = (name: 'useIdentity' | 'deleteIdentity' | 'renameIdentity', siteId: string, label = '') =>
      tab.evaluate(([act, id, word]) => globalThis.identityPage.refusal(act, id, word), [name, siteId, label] as const)
    expect(await refusal('renameIdentity', first, 'work')).toBe('invalid-argument label')
    expect(await refusal('renameIdentity', first, 'a\u202eb')).toBe('invalid-argument label')
    expect(await refusal('renameIdentity', first, 'home')).toBe('nothing')
    expect(await refusal('useIdentity', 'nobody')).toBe('invalid-argument identity')
    // The one in use: the one used last before takes its place.
    await use(tab, first)
    await use(tab, third)
    expect(await refusal('deleteIdentity', third)).toBe('nothing')
    expect(await listed(other)).toMatchObject([
      { siteId: first, label: 'home', isCurrent: true },
      { siteId: second, isCurrent: false },
    ])
    expect(await refusal('useIdentity', third)).toBe('invalid-argument identity')
    expect(await refusal('deleteIdentity', second)).toBe('nothing')
    expect(await refusal('deleteIdentity', first)).toBe('invalid-argument identity')
    await context.close()
  })

  it('go to another browser by a backup', async () => {
    const [here, there] = [await openTab(await browser.newContext()), await openTab(await browser.newContext())]
    const { siteId } = await load(here)
    const text = await here.evaluate(
      ([id = '', passPhrase = '']) => globalThis.identityPage.backedUp(id, passPhrase, 'default'),
      [siteId, PASS_PHRASE],
    )
    const { siteId: other } = await load(there)
    const restored = await there.evaluate(
      ([file = '', passPhrase = '']) => globalThis.identityPage.restored(file, passPhrase),
      [text ?? '', PASS_PHRASE],
    )
    expect(restored).toBe(siteId)
    expect(await listed(there)).toMatchObject([
      { siteId: other, isCurrent: true },
      { siteId, label: 'default 2', canBackUp: true },
    ])
    await use(there, siteId)
    await there.reload()
    expect((await load(there)).siteId).toBe(siteId)
    for (const tab of [here, there]) await tab.context().close()
  })

  it('live as long as the page where storage is denied, and it says so', async () => {
    const context = await browser.newContext()
    await context.addInitScript(() => {
      Object.defineProperty(indexedDB, 'open', {
        value: () => {
          throw new DOMException('denied', 'SecurityError')
        },
      })
    })
    const tab = await openTab(context)
    const { siteId, kept } = await load(tab)
    expect(kept).toBe(false)
    expect(await tab.evaluate(() => globalThis.identityPage.identitiesAreKept())).toBe(false)
    const second = await make(tab, 'second')
    await use(tab, second)
    expect(await listed(tab)).toMatchObject([
      { siteId, canBackUp: true },
      { siteId: second, isCurrent: true },
    ])
    expect(await load(tab)).toEqual({ siteId: second, kept: false })
    await tab.reload()
    expect((await load(tab)).siteId).not.toBe(siteId)
    await context.close()
  })

  it('are still there to be used when the disk is full', async () => {
    const context = await browser.newContext()
    const { siteId } = await load(await openTab(context))
    await context.addInitScript(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError')
      }
    })
    expect(await load(await openTab(context))).toEqual({ siteId, kept: true })
    const fresh = await browser.newContext()
    await fresh.addInitScript(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError')
      }
    })
    expect((await load(await openTab(fresh))).kept).toBe(false)
    for (const used of [context, fresh]) await used.close()
  })
})
