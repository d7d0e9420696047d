/** Named steps with a printed result and time each; the scripts that check the project are lists of these. */

export interface Step {
  readonly name: string
  /** Resolves with what is worth printing beside the name; throws when the step fails. */
  run(): Promise<string | undefined>
}

/** The toolchain's processes are single-threaded for most of their life; two at a time fill a small machine. */
const CONCURRENT_STEPS = 2

/** Runs the steps, a few at a time, and counts their results. */
export async function runSteps(steps: readonly Step[]): Promise<{ passed: number; failed: number }> {
  const waiting = [...steps]
  let passed = 0
  async function work(): Promise<void> {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      if (await runStep(step)) passed++
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_STEPS }, work))
  return { passed, failed: steps.length - passed }
}

/** Runs one step and prints its result; true when it passed. */
export async function runStep(step: Step): Promise<boolean> {
  const startedMs = performance.now()
  const seconds = () => `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`.padStart(7)
  try {
    const note = await step.run()
    console.log(`✓ ${step.name.padEnd(24)}${seconds()}${note ? `  ${note}` : ''}`)
    return true
  } catch (error) {
    console.log(`✗ ${step.name.padEnd(24)}${seconds()}`)
    console.log(indented(error instanceof Error ? error.message : String(error)))
    return false
  }
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ')
}
