/** One Chromium, and pages in it that are loaded, in the foreground and idle before any clock starts. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve as absolutePath } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { Page } from 'playwright-core'
import { COMPILE_HINT, sdkFile } from '../../scripts/build.ts'
import { launchChromium } from '../support/chromium.ts'
import type { Mark } from './pages/recorder.ts'

/** Who signals: the SDK over the Worker, or two bare connections over a bare Durable Object. */
export type Side = 'ours' | 'bare'

export interface PageFactory {
  readonly browserVersion: string
  /** A page of its own in a browser context of its own. */
  open(side: Side): Promise<OpenPage>
  close(): Promise<void>
}

export interface OpenPage {
  readonly page: Page
  join(roomUrl: string): Promise<void>
  /** When a step happened for the nth time, on the clock that all pages share. */
  reached(step: string, times: number): Promise<number>
  marks(): Promise<readonly Mark[]>
  close(): Promise<void>
}

/** Far above anything measured here; a link that is not up by then has failed. */
const STEP_TIMEOUT_MS = 30_000
const ENTRIES: Record<Side, string> = { ours: 'test/bench/pages/edge-net.ts', bare: 'test/bench/control/page.ts' }

/**
 * `readable` bundles the sources with their function names, `traced` marks their calls to the platform, both for
 * profiles; otherwise it is the SDK as it is served.
 */
export async function startPages({
  sides = ['ours', 'bare'] as readonly Side[],
  readable = false,
  traced = false,
} = {}): Promise<PageFactory> {
  const scripts = new Map<string, string>()
  for (const side of sides) scripts.set(`/${side}`, await script(side, readable, traced))
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><script type="module">${scripts.get(request.url ?? '') ?? ''}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await launchChromium()

  return {
    browserVersion: browser.version(),
    open: async (side) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${origin}/${side}`)
      await page.bringToFront()
      await page.waitForFunction(() => 'bench' in globalThis && document.visibilityState === 'visible')
      return openPage(page)
    },
    close: async () => {
      await browser.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function openPage(page: Page): OpenPage {
  const marks = () => page.evaluate(() => bench.marks)
  return {
    page,
    marks,
    join: (roomUrl) => page.evaluate((url) => bench.join(url), roomUrl),
    reached: async (step, times) => {
      const reached = page.evaluate(([name, count]) => bench.reached(name, count), [step, times] as const)
      let timer: NodeJS.Timeout | undefined
      const tooLate = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, STEP_TIMEOUT_MS, undefined)))
      const atMs = await Promise.race([reached, tooLate])
      clearTimeout(timer)
      if (atMs !== undefined) return atMs
      const failures = await page.evaluate(() => bench.failures)
      const happened = (await marks()).map((mark) => mark.step).join(', ')
      throw new Error(`"${step}" has not happened ${times} times. Steps: ${happened}. Failures: ${failures.join('; ')}`)
    },
    close: () => page.context().close(),
  }
}

async function script(side: Side, readable: boolean, traced: boolean): Promise<string> {
  const entry = `import ${JSON.stringify(`./${ENTRIES[side]}`)}`
  const tracer = `import { trace } from './test/bench/pages/tracer.ts'; trace();`
  const bundle = await build({
    stdin: { contents: traced ? `${tracer} ${entry}` : entry, resolveDir: '.' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: !readable,
    // package.json says that nothing here has side effects; these pages are nothing but.
    ignoreAnnotations: true,
    plugins: readable ? [] : [builtSdk],
    write: false,
  })
  // The script stands inside HTML.
  // As the served SDK has it, so that neither side pays for compiling while the clock runs.
  return `${COMPILE_HINT}\n${bundle.outputFiles[0]?.text ?? ''}`.replaceAll('</script', '<\\/script')
}

/** Puts the built SDK in the place of its source. */
const builtSdk: Plugin = {
  name: 'built-sdk',
  setup: (bundler) =>
    bundler.onResolve({ filter: /client\/index\.ts$/ }, async () => ({
      path: absolutePath(await sdkFile('dist/public')),
    })),
}
