#!/usr/bin/env node
/** The `edge-net` command. */
import { run } from './program.ts'
import { hideSqliteWarning } from './sqlite-warning.ts'

/** The first Node with a WebSocket of its own. */
const OLDEST_NODE = 22
/** Time for the output to drain and for handles to close; what holds the process longer is not waited for. */
const LINGER_MS = 1_000

if (Number.parseInt(process.versions.node) < OLDEST_NODE) {
  process.stderr.write(`edge-net: this is Node ${process.versions.node}; ${OLDEST_NODE} or newer is needed.\n`)
  process.stderr.write(
    'hint: install a current Node from https://nodejs.org, or run: npx -p node@24 -p edge-net edge-net\n',
  )
  process.exitCode = 1
} else {
  hideSqliteWarning()
  process.exitCode = await run(process.argv.slice(2))
  process.stdin.destroy()
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
