/**
 * `npm test`: everything. Arguments go to vitest, and then only the build and the tests they name run:
 * `npm test -- --project unit`, `npm test -- test/worker/door.test.ts`.
 */
import { build } from './build.ts'
import { ensureChromium } from './chromium.ts'
import { runOrThrow } from './process.ts'
import { checkSize } from './size.ts'
import { STATIC_STEPS } from './static-steps.ts'
import { runStep, runSteps, type Step } from './steps.ts'
import { runVitest } from './vitest.ts'

const BUILD: Step = { name: 'build', run: () => build().then(() => undefined) }
const SIZE: Step = { name: 'size', run: checkSize }
const CHROMIUM: Step = { name: 'chromium', run: ensureChromium }
const DRY_RUN: Step = {
  name: 'wrangler deploy --dry-run',
  async run() {
    const output = await runOrThrow('wrangler', ['deploy', '--dry-run'])
    return /Total Upload: .*/.exec(output)?.[0]
  },
}

const args = process.argv.slice(2)
// The sources first, two steps at a time; then what is built from them, in order.
let { passed, failed } = await runSteps(args.length === 0 ? STATIC_STEPS : [])
let built = true
for (const step of args.length === 0 ? [BUILD, SIZE, DRY_RUN, CHROMIUM] : stepsFor(args)) {
  if (step !== BUILD && !built) continue
  const stepPassed = await runStep(step)
  if (step === BUILD) built = stepPassed
  if (stepPassed) passed++
  else failed++
}
if (!built) console.log('nothing else ran, since it needs the build')
const tests = built ? await runVitest(args, true) : { passed: 0, failed: 0, skipped: 0 }
passed += tests.passed
failed += tests.failed
if (tests.skipped > 0) console.log(`${tests.skipped} skipped`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** What chosen tests need: unit tests run from the sources alone. */
function stepsFor(chosen: readonly string[]): Step[] {
  const text = chosen.join(' ')
  const sourcesAlone = /--project[= ](?:unit|thorough)\b/.test(text) || /^test\/(protocol|client|sim|qdag)\//.test(text)
  return sourcesAlone ? [] : [BUILD, CHROMIUM]
}
