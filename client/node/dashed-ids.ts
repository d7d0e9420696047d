/**
 * Ids are base64url, so one in 64 begins with the sign that options begin with. Whoever copies one must not have to know. So
 * such words are marked before the command line is taken apart, and unmarked when that is done.
 */
import type { Command } from 'commander'

/** No argument of a process can have it. */
const MARK = '\u0000'

/** A whole key; or the beginning of one, or a peer id, that is longer than any cluster of short options that there is. */
const DASHED_ID = /^-(?:[\w-]{42}|\w[\w-]{10,40})$/

/** Marks words that are ids and look like options. */
export function markDashedIds(argv: readonly string[]): string[] {
  return argv.map((word) => (DASHED_ID.test(word) ? MARK + word : word))
}

/** Has the sub-commands of a program see them as they were written. */
export function unmarkDashedIds(program: Command): void {
  program.hook('preAction', (_, command) => {
    for (const [i, value] of command.processedArgs.entries()) command.processedArgs[i] = unmarked(value)
    for (const [name, value] of Object.entries(command.opts())) command.setOptionValue(name, unmarked(value))
  })
}

/** The same for what is told about the command line itself. */
export function unmarked<Value>(value: Value): Value
export function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked)
  return typeof value === 'string' ? value.replaceAll(MARK, '') : value
}
