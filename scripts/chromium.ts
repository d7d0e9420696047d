/** Sees to it that there is a Chromium for the system tests: finds one, or installs one. */
import { findChromium } from '../test/support/chromium.ts'
import { run } from './process.ts'

const INSTALLERS: readonly { readonly name: string; readonly needsRoot: boolean; readonly commands: string[][] }[] = [
  // apt first where it is allowed: it brings the shared libraries along.
  {
    name: 'apt-get',
    needsRoot: true,
    commands: [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
    ],
  },
  { name: 'Playwright', needsRoot: false, commands: [['playwright-core', 'install', 'chromium']] },
]

const ADVICE = `no Chromium found, and installing one failed. Do one of these and run the command again:
    sudo apt-get install chromium          (Debian, Ubuntu)
    npx playwright-core install chromium   (any system with access to Playwright's download host)
    CHROME_PATH=/path/to/chrome npm test   (a Chromium or Chrome that is somewhere else)`

/** The path of a Chromium, installed first if need be. */
export async function ensureChromium(): Promise<string> {
  const found = await findChromium()
  if (found) return found
  const reasons: string[] = []
  for (const { name, needsRoot, commands } of INSTALLERS) {
    if (needsRoot && process.getuid?.() !== 0) continue
    console.log(`  no Chromium here: installing one with ${name} …`)
    const reason = await firstFailure(commands)
    if (reason) reasons.push(`${name}: ${reason}`)
    const installed = await findChromium()
    if (installed) return installed
  }
  throw new Error([ADVICE, ...reasons].join('\n\n'))
}

/** Runs commands until one fails, and says why it did. */
async function firstFailure(commands: string[][]): Promise<string | undefined> {
  for (const [program = '', ...args] of commands) {
    try {
      const { code, output } = await run(program, args, { env: { DEBIAN_FRONTEND: 'noninteractive' } })
      if (code !== 0) return `${program} ${args.join(' ')} ended with ${code}\n${output.trim().slice(-1_000)}`
    } catch (error) {
      return String(error)
    }
  }
  return undefined
}
