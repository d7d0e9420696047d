/** `npm run check`: format, lint, types and unit tests, in less than half a minute. */
import { STATIC_STEPS } from './static-steps.ts'
import { runSteps, type Step } from './steps.ts'
import { runVitest } from './vitest.ts'

/** Unit tests wait for sockets and timers most of the time, so that more of them share a core. */
const WORKERS = 4

const UNIT_TESTS: Step = {
  name: 'unit tests',
  async run() {
    const tests = await runVitest(['--project', 'unit', `--maxWorkers=${WORKERS}`], false)
    if (tests.failed > 0) throw new Error(tests.output)
    return `${tests.passed} passed`
  },
}

// The longest first: the others run beside it.
const { failed } = await runSteps([UNIT_TESTS, ...STATIC_STEPS])
process.exitCode = failed === 0 ? 0 : 1
