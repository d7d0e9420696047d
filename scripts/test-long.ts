/**
 * `npm run test:long`: what takes too long for `npm test`. A long simulation, a process killed a thousand times, a
 * thousand forced moves, a network that outlives its room, the NAT laboratory.
 */
import { readFile } from 'node:fs/promises'
import { build } from './build.ts'
import { ensureChromium } from './chromium.ts'
import { ROOT, run } from './process.ts'

await build()
await ensureChromium()
const { scripts } = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as { scripts: Record<string, string> }
const failed: string[] = []
await part('model', 'vitest', ['run', 'test/sim'], { EDGE_NET_LONG: '1' })
await part('network of ledgers', 'vitest', ['run', 'test/qdag/sim/network.test.ts'], { EDGE_NET_LONG: '1' })
await part('crashes', 'vitest', ['run', 'test/system/ledger-crash.test.ts'], { EDGE_NET_CRASHES: '1000' })
for (const script of ['test:moves', 'test:outliving', 'test:nat']) {
  if (script in scripts) await part(script, 'npm', ['run', '--silent', script])
}
console.log(failed.length === 0 ? '\nall passed' : `\nfailed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function part(
  name: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  console.log(`\n== ${name}`)
  const { code } = await run(command, args, { show: true, env })
  if (code !== 0) failed.push(name)
}
