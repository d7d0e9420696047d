/** `npm run check`: format, lint, types and unit tests, in less than half a minute. */
import { STATIC_STEPS } from './static-steps.ts'
import { runStep, runSteps } from './steps.ts'
import { runVitest } from './vitest.ts'

const failedSteps = await runSteps(STATIC_STEPS)
const unitPassed = await runStep({
  name: 'unit tests',
  async run() {
    const { passed, failed, output } = await runVitest(['--project', 'unit'], false)
    if (failed > 0) throw new Error(output)
    return `${passed} passed`
  },
})
process.exitCode = failedSteps === 0 && unitPassed ? 0 : 1
