/** The size budget of the SDK's core: what a page pays to take part. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { sdkFile } from './build.ts'
import { ROOT } from './process.ts'

/**
 * What the core has now and a little room, so that it does not grow unnoticed. The goal is 13 KB with the link (LIMITS.md says
 * why it is missed); the smallest library of the field has 13.9 KB and does less. 1.6 KB of it are
 * what lets several carriers run side by side and a mesh choose the links; mesh and Gun themselves are files of their own. 90 bytes
 * have a dead host probed without a WebSocket, or Chromium had pages wait for seconds when it was back (carrier/probe.ts).
 */
const BUDGET_BROTLI_BYTES = 21_900
/** What the core is to come down to. Said with every run, so that the budget is not taken for it. */
const GOAL_BROTLI_BYTES = 13 * 1_024

/** Measures the built SDK, as servers send it, and throws when it is over its budget. */
export async function checkSize(): Promise<string> {
  const path = await sdkFile(join(ROOT, 'dist', 'public'))
  const code = await readFile(path)
  const gzip = gzipSync(code, { level: 9 }).length
  const brotli = brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
  const goal = `goal ${GOAL_BROTLI_BYTES} ${brotli > GOAL_BROTLI_BYTES ? 'MISSED' : 'met'}`
  const report = `${basename(path)}: ${code.length} B raw, ${gzip} B gzip, ${brotli} B brotli of ${BUDGET_BROTLI_BYTES}, ${goal}`
  if (brotli > BUDGET_BROTLI_BYTES) throw new Error(`${report}\nThe SDK's core is over its budget.`)
  return report
}
