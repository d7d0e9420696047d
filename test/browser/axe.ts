/** What machines find wrong with a page for people who see it large, in the dark, or not at all. */
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { contrastFaults, overflowFaults, structureFaults, targetFaults } from './accessibility.ts'

/** What our own checks find. */
export async function faultsOf(page: Page): Promise<string[]> {
  const found = await Promise.all(
    [structureFaults, contrastFaults, targetFaults, overflowFaults].map((faults) => page.evaluate(faults)),
  )
  return found.flat()
}

/** What axe finds (WCAG 2.2 A and AA, and good practice). */
export async function axeFaults(page: Page): Promise<string[]> {
  // Not a script element: the page's policy would not let one run.
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}
