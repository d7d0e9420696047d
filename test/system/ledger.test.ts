/**
 * One ledger in two Chromium pages and a Node process, in a real room: all three contribute, and have the same; one leaves,
 * the others go on, and it catches up when it comes back, as the same contributor and without a fork.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { join as joinFromSdk, generateIdentityKeys, identityOf } from '../../client/index.ts'
import type { Network } from '../../client/index.ts'
import type { IndexedDbStore, LedgerStatistics, openLedger as openFromSdk } from '../../client/qdag/index.ts'
import { createIdentity, join, type Identity } from '../../client/node/index.ts'
import { openLedger, SqliteStore } from '../../client/node/ledger/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { startService, type Service } from '../support/server.ts'

/** Generous: three runtimes on a busy machine. */
const AGREE_MS = 30_000

declare global {
  // What the page keeps for the test.
  var ledgerTest: {
    join: typeof joinFromSdk
    generateIdentityKeys: typeof generateIdentityKeys
    identityOf: typeof identityOf
    openLedger: typeof openFromSdk
    IndexedDbStore: typeof IndexedDbStore
    keys?: CryptoKeyPair
    network?: Network
  }
}

interface Contributor {
  contribute(name: string, count: number): Promise<void>
  statistics(): Promise<LedgerStatistics>
  leave(): Promise<void>
}

class NodeContributor implements Contributor {
  readonly #network: Network

  private constructor(network: Network) {
    this.#network = network
  }

  static async join(roomUrl: string, identity: Identity, file: string): Promise<NodeContributor> {
    const ledger = openLedger({ network: roomUrl, identity, store: new SqliteStore(file) })
    return new NodeContributor(await join(roomUrl, { identity, ledger, iceServers: [], name: 'node' }))
  }

  async contribute(name: string, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#network.contribute({ taskId: `${name}/${i}`, computeUnits: 500 })
  }

  async statistics(): Promise<LedgerStatistics> {
    const statistics = this.#network.ledger?.statistics()
    if (!statistics) throw new Error('joined without a ledger')
    return statistics
  }

  leave(): Promise<void> {
    return this.#network.close()
  }
}

class PageContributor implements Contributor {
  readonly #page: Page

  private constructor(page: Page) {
    this.#page = page
  }

  static async open(context: BrowserContext, roomUrl: string): Promise<PageContributor> {
    const page = await context.newPage()
    await page.goto(new URL('/health', roomUrl).href)
    await page.addScriptTag({
      type: 'module',
      content: `import * as sdk from '/edge-net.js'
import * as ledger from '/edge-net-ledger.js'
globalThis.ledgerTest = { ...sdk, ...ledger }`,
    })
    await page.waitForFunction(() => 'ledgerTest' in globalThis)
    const peer = new PageContributor(page)
    await peer.join(roomUrl)
    return peer
  }

  /** With the same identity and the same store as before. */
  async join(roomUrl: string): Promise<void> {
    await this.#page.evaluate(async (url) => {
      const sdk = globalThis.ledgerTest
      sdk.keys ??= await sdk.generateIdentityKeys()
      const identity = await sdk.identityOf(sdk.keys)
      const ledger = sdk.openLedger({ network: url, identity, store: (id) => sdk.IndexedDbStore.open(id) })
      sdk.network = await sdk.join(url, { identity, ledger, name: 'page' })
    }, roomUrl)
  }

  contribute(name: string, count: number): Promise<void> {
    return this.#page.evaluate(
      async ([what, times]) => {
        for (let i = 0; i < times; i++) {
          await ledgerTest.network?.contribute({ taskId: `${what}/${i}`, computeUnits: 300 })
        }
      },
      [name, count] as const,
    )
  }

  async statistics(): Promise<LedgerStatistics> {
    const statistics = await this.#page.evaluate(() => ledgerTest.network?.ledger?.statistics())
    if (!statistics) throw new Error('joined without a ledger')
    return statistics
  }

  leave(): Promise<void> {
    return this.#page.evaluate(() => ledgerTest.network?.close())
  }
}

async function agreed(peers: readonly Contributor[], entries: number): Promise<LedgerStatistics> {
  return eventually(async () => {
    const all = await Promise.all(peers.map((peer) => peer.statistics()))
    const [first] = all
    expect(all.map((one) => one.entries)).toEqual(peers.map(() => entries))
    expect(new Set(all.map(({ digest }) => digest)).size).toBe(1)
    if (!first) throw new Error('nobody was asked')
    return first
  }, AGREE_MS)
}

describe('two pages and a process', () => {
  let service: Service
  let browser: Browser
  let folder: string
  const contexts: BrowserContext[] = []

  beforeAll(async () => {
    service = await startService({ rateLimits: 'off' })
    browser = await launchChromium()
    folder = mkdtempSync(joinPath(tmpdir(), 'edge-net-ledger-'))
  })
  afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())))
  afterAll(async () => {
    await browser.close()
    await service.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('keep one ledger, whoever comes, goes and comes back', { timeout: 180_000 }, async () => {
    const roomUrl = service.roomUrl('one-ledger')
    const open = async () => {
      const context = await browser.newContext()
      contexts.push(context)
      return PageContributor.open(context, roomUrl)
    }
    const identity = await createIdentity()
    const file = joinPath(folder, 'ledger.sqlite')
    const pages = [await open(), await open()] as const
    let process = await NodeContributor.join(roomUrl, identity, file)

    await Promise.all([pages[0].contribute('ada', 40), pages[1].contribute('bob', 40), process.contribute('node', 40)])
    const first = await agreed([...pages, process], 120)
    expect(first).toMatchObject({ contributors: 3, credits: 40 * (3 + 3 + 5), forkedContributors: 0 })
    expect(first.orphans + first.parked).toBe(0)

    // The process leaves; the pages go on.
    await process.leave()
    await Promise.all([pages[0].contribute('ada goes on', 300), pages[1].contribute('bob goes on', 20)])
    await agreed(pages, 440)

    // It comes back with its file, and catches up while one of the others is contributing.
    const more = pages[0].contribute('ada at once', 30)
    process = await NodeContributor.join(roomUrl, identity, file)
    await Promise.all([more, process.contribute('node again', 10)])
    await agreed([...pages, process], 480)

    // A page leaves and comes back from IndexedDB, after the process has written more.
    await pages[1].leave()
    await process.contribute('meanwhile', 100)
    await pages[1].join(roomUrl)
    await pages[1].contribute('bob again', 10)
    const last = await agreed([...pages, process], 590)
    expect(last).toMatchObject({ contributors: 3, forkedContributors: 0 })
    await process.leave()
  })
})
