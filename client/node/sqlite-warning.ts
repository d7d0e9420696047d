/** A warning of Node 22 that would stand above all that this command says. */

const WARNING = 'SQLite is an experimental feature'

/**
 * Node before 24 warns of its own SQLite, once in every process that uses it. What ledgers use of it has been the same in all
 * versions that have it, and whoever reads the warning here can do nothing about it. All other warnings are shown.
 */
export function hideSqliteWarning(): void {
  const emit = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error, ...more: never[]) => {
    if (!String(warning).startsWith(WARNING)) emit(warning, ...more)
  }
}
