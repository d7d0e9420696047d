/** Runs vitest with its usual output on the screen and counts the results from its JSON report. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './process.ts'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { status: string }[] }[]
}

/** Runs `vitest run` with these arguments. `show: false` keeps its output for the case of failure. */
export async function runVitest(args: readonly string[], show: boolean): Promise<Counts & { readonly output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-net-vitest-'))
  const reportFile = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
    const { code, output } = await run('vitest', ['run', ...reporters, ...args], { show })
    const report = await readReport(reportFile)
    if (!report) return { passed: 0, failed: 1, skipped: 0, output: `${output}\nvitest wrote no report (exit ${code})` }
    const failed = report.numFailedTests + brokenFiles(report)
    return {
      passed: report.numPassedTests,
      // An unhandled error fails the run without failing a test.
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
      output,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Files that failed as a whole, before or beside their tests: a syntax error, a failing hook. */
function brokenFiles({ testResults }: Report): number {
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  return broken.length
}

async function readReport(path: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}
