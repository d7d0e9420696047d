/** The ledger's vectors in Chromium: everybody must answer alike, or a ledger would be split by runtime. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectedAnswers, type Answers } from '../qdag/answers.ts'
import type { Vectors } from '../qdag/vector-types.ts'
import { VECTORS_FILE } from '../qdag/vectors.ts'
import { launchChromium } from '../support/chromium.ts'

const vectors = JSON.parse(await readFile(VECTORS_FILE, 'utf8')) as Vectors
/** Pages of the own machine have WebCrypto, as those that came over TLS. */
const URL = 'http://localhost/vectors'

let browser: Browser
let code: string

beforeAll(async () => {
  browser = await launchChromium()
  const contents = `
    export * from './answers.ts'
    export { webCryptoVerifier } from '../../client/qdag/verifier.ts'
    export { webWorkerVerifier } from '../../client/qdag/web-worker-verifier.ts'`
  const stdin = { contents, resolveDir: join(import.meta.dirname, '..', 'qdag') }
  const { outputFiles } = await build({ stdin, bundle: true, globalName: 'ledger', write: false })
  code = outputFiles[0]?.text ?? ''
})

afterAll(() => browser.close())

describe.each([
  ['in the page', 'webCryptoVerifier', ''],
  ['in Web Workers', 'webWorkerVerifier', ''],
  ['where Web Workers are forbidden', 'webWorkerVerifier', "worker-src 'none'"],
])('Chromium, %s,', (_, verifier, policy) => {
  test('answers the published vectors as every other runtime', async () => {
    const page = await openPage(policy)
    expect(await answers(page, verifier)).toMatchObject(expectedAnswers(vectors))
    const held = page.evaluate<boolean[]>(`(async () => {
      globalThis.verifier = ledger.${verifier}()
      const checks = ${JSON.stringify(vectors.signatures)}.map(ledger.checkOf)
      // So many that they go to workers, where there are any.
      return verifier.verify(Array.from({ length: 9 }, () => checks).flat())
    })()`)
    expect(await held).toEqual(Array.from({ length: 9 }, () => vectors.signatures.map(({ holds }) => holds)).flat())
    expect(page.workers().length > 0).toBe(verifier === 'webWorkerVerifier' && policy === '')
    await page.evaluate('verifier.close()')
    await expect.poll(() => page.workers()).toEqual([])
  })
})

test('without the signature rule, Chromium would answer otherwise', async () => {
  const { withoutRule } = await answers(await openPage(''), 'webCryptoVerifier')
  expect(withoutRule).not.toEqual(expectedAnswers(vectors).signatures)
})

async function openPage(policy: string): Promise<Page> {
  const page = await browser.newPage()
  const headers = { 'Content-Security-Policy': policy }
  await page.route(URL, (route) => route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' }))
  await page.goto(URL)
  await page.addScriptTag({ content: code })
  return page
}

function answers(page: Page, verifier: string): Promise<Answers> {
  return page.evaluate<Answers>(`ledger.answersTo(${JSON.stringify(vectors)}, ledger.${verifier}())`)
}
