import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { findChromium, FLAGS } from '../../support/chromium.ts'
import { WORKER_ADDRESSES } from '../lab/internet.ts'
import type { Namespace } from '../lab/namespace.ts'
import type { DriverMethod } from './driver.ts'
import { RemoteDriver } from './remote-driver.ts'

const ORIGINS = Object.values(WORKER_ADDRESSES).map((address) => `http://${address}`)

let bundle: Promise<string> | undefined

/** The SDK in a Chromium of its own, in a page of the Worker's origin. */
export class PagePeer extends RemoteDriver {
  readonly engine = 'chromium'
  readonly #browser: Browser
  readonly #page: Page

  constructor(browser: Browser, page: Page) {
    super()
    this.#browser = browser
    this.#page = page
  }

  static async start(namespace: Namespace, certificate: string): Promise<PagePeer> {
    const program = await findChromium()
    if (!program) throw new Error('no Chromium found')
    const browser = await chromium.launch({
      executablePath: join(import.meta.dirname, 'in-namespace.sh'),
      env: { ...process.env, NETWORK_NAMESPACE: namespace.name, NAMESPACED_PROGRAM: program },
      args: [
        ...FLAGS,
        // The laboratory has no certificates for its Workers, and pages over plain HTTP have no crypto.subtle.
        `--unsafely-treat-insecure-origin-as-secure=${ORIGINS.join(',')}`,
        `--ignore-certificate-errors-spki-list=${certificate}`,
      ],
    })
    return new PagePeer(browser, await browser.newPage())
  }

  override async warmUp(): Promise<void> {
    await this.#load(ORIGINS[0] ?? '')
    await super.warmUp()
  }

  override async join(roomUrl: string, options = {}): Promise<string> {
    await this.#load(new URL(roomUrl).origin)
    return super.join(roomUrl, options)
  }

  close(): Promise<void> {
    return this.#browser.close()
  }

  async #load(origin: string): Promise<void> {
    if (this.#page.url().startsWith(`${origin}/`)) return
    await this.#page.goto(`${origin}/health`)
    await this.#page.evaluate(await (bundle ??= bundled()))
  }

  protected call(method: DriverMethod, ...args: readonly unknown[]): Promise<unknown> {
    return this.#page.evaluate(
      ([name, some]) => {
        const { driver } = globalThis
        return (driver[name] as (...values: unknown[]) => unknown).apply(driver, some)
      },
      [method, [...args]] as [DriverMethod, unknown[]],
    )
  }
}

async function bundled(): Promise<string> {
  const entryPoints = [join(import.meta.dirname, 'page-program.ts')]
  const { outputFiles } = await build({ entryPoints, bundle: true, format: 'iife', target: 'es2022', write: false })
  return outputFiles[0]?.text ?? ''
}
