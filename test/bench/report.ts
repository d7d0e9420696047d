/** What a benchmark found, and how it is told: on the console, as Markdown and as JSON. */

export interface Row {
  readonly what: string
  readonly ours: string
  readonly control: string
  /** What the bar is about: a ratio, a number of round trips, a count. */
  readonly value?: number
  /** `value` must not be above it. Without a bar the row is for information. */
  readonly bar?: number
  /** Behind `value` and `bar`, such as `×` or ` round trips`. */
  readonly unit?: string
}

export interface Finding {
  readonly title: string
  readonly rows: readonly Row[]
  /** How it was measured and what to know before reading it. */
  readonly notes: readonly string[]
  /** Every sample, for whoever wants to compute something else. */
  readonly samples: unknown
}

export interface BenchOptions {
  /** How often each side is measured; each benchmark has its own default. */
  readonly rounds: number | undefined
}

export type Bench = (options: BenchOptions) => Promise<Finding>

export function isMissed({ value, bar }: Row): boolean {
  // Written so that a value that is not a number misses its bar.
  return bar !== undefined && !(value !== undefined && value <= bar)
}

export function markdownOf({ title, rows, notes }: Finding): string {
  const table = [['', 'Edge-Net', 'control', 'value', 'bar', 'verdict'], ...rows.map(cells)]
  const lines = table.map((line) => `| ${line.join(' | ')} |`)
  lines.splice(1, 0, '|---|---:|---:|---:|---:|---|')
  return `## ${title}\n\n${lines.join('\n')}\n\n${notes.map((note) => `- ${note}`).join('\n')}\n`
}

export function consoleTextOf({ title, rows, notes }: Finding): string {
  const table = [['', 'Edge-Net', 'control', 'value', 'bar', ''], ...rows.map(cells)]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => (line[column] ?? '').length))) ?? []
  const lines = table.map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
  return `\n${title}\n\n${lines.join('\n')}\n\n${notes.map((note) => `  ${note}`).join('\n')}\n`
}

function cells(row: Row): string[] {
  const unit = row.unit ?? ''
  const value = row.value === undefined ? '' : `${row.value.toFixed(2)}${unit}`
  const bar = row.bar === undefined ? '' : `≤ ${row.bar}${unit}`
  const verdict = row.bar === undefined ? '' : isMissed(row) ? 'MISSED' : 'met'
  return [row.what, row.ours, row.control, value, bar, verdict]
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || column === 5 ? cell.padEnd(width) : cell.padStart(width)
}
