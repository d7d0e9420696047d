/** What can be said about the sources without running them. */
import { run } from './process.ts'
import type { Step } from './steps.ts'

export const STATIC_STEPS: readonly Step[] = [
  command('lint', 'oxlint', ['--type-aware'], 'npx oxlint --type-aware --fix repairs what a machine can'),
  command(
    'worker/env.d.ts',
    'wrangler',
    ['types', '--include-runtime=false', 'worker/env.d.ts', '--check'],
    'npm run types',
  ),
  command(
    'format',
    'prettier',
    ['--check', '--log-level=warn', '--cache', '--cache-strategy=content', '.'],
    'npm run format',
  ),
  ...['worker', 'client', 'test'].map((part) => command(`types of ${part}`, 'tsc', ['-p', part])),
]

function command(name: string, program: string, args: readonly string[], repair?: string): Step {
  return {
    name,
    async run() {
      const { code, output } = await run(program, args)
      if (code !== 0) throw new Error(output + (repair ? `\nhint: ${repair}` : ''))
      return undefined
    },
  }
}
