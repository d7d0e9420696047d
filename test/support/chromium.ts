/** The Chromium that the system tests and the benches drive. */
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const FIXED_PATHS = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** As users run it, except that nothing of its own goes over the network. mDNS candidates stay on. */
export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * The path of a Chromium: the one in CHROME_PATH, the one that Playwright installed, or the system's; `undefined` when
 * there is none.
 *
 * @throws when CHROME_PATH names something that cannot be run: a wish that cannot be met is not replaced in silence.
 */
export async function findChromium(): Promise<string | undefined> {
  const wanted = process.env['CHROME_PATH']
  if (wanted) {
    if (await isExecutable(wanted)) return wanted
    throw new Error(`CHROME_PATH is not a program: ${wanted}`)
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const inPath = COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command)))
  for (const path of [chromium.executablePath(), ...FIXED_PATHS, ...inPath]) {
    if (await isExecutable(path)) return path
  }
  return undefined
}

/** A running headless Chromium, with more flags if need be. Close it when done. */
export async function launchChromium(extraFlags: readonly string[] = []): Promise<Browser> {
  const executablePath = await findChromium()
  if (!executablePath) throw new Error('no Chromium found: run npm test, which installs one, or set CHROME_PATH')
  return chromium.launch({ executablePath, args: [...FLAGS, ...extraFlags] })
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
