/** `npm run check`: format, lint, types and unit tests, in less than half a minute. */
import { STATIC_STEPS } from './static-steps.ts'
import { runStep, runSteps } from './steps.ts'
import { runVitest } from './vitest.ts'

const { failed } = await runSteps(STATIC_STEPS)
const unitPassed = await runStep({
  name: 'unit tests',
  async run() {
    const tests = await runVitest(['--project', 'unit'], false)
    if (tests.failed > 0) throw new Error(tests.output)
    return `${tests.passed} passed`
  },
})
process.exitCode = failed === 0 && unitPassed ? 0 : 1
