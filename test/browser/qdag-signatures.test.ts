/** The ledger's vectors in Chromium: everybody must answer alike, or a ledger would be split by runtime. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectedAnswers, type Answers } from '../qdag/answers.ts'
import type { Vectors } from '../qdag/vector-types.ts'
import { VECTORS_FILE } from '../qdag/vectors.ts'
import { launchChromium } from '../support/chromium.ts'

const vectors = JSON.parse(await readFile(VECTORS_FILE, 'utf8')) as Vectors
/** Pages of the own machine have WebCrypto, as those that came over TLS. */
const URL = 'http://localhost/vectors'

let browser: Browser
let page: Page

beforeAll(async () => {
  browser = await launchChromium()
  page = await browser.newPage()
  await page.route(URL, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }))
  await page.goto(URL)
  const entry = join(import.meta.dirname, '..', 'qdag', 'answers.ts')
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, globalName: 'ledger', write: false })
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '' })
})

afterAll(() => browser.close())

test('Chromium answers the published vectors as every other runtime', async () => {
  expect(await answers()).toMatchObject(expectedAnswers(vectors))
})

test('without the signature rule it would not', async () => {
  const { withoutRule } = await answers()
  expect(withoutRule).not.toEqual(expectedAnswers(vectors).signatures)
})

function answers(): Promise<Answers> {
  return page.evaluate<Answers>(`ledger.answersTo(${JSON.stringify(vectors)})`)
}
