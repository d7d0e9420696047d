/**
 * A program that writes own entries to the ledger in the file of its first argument until it is killed, and prints each when
 * it is kept: writer, number and id. Meanwhile it hears of others' entries, which own ones build on, if it is given a number
 * for them. First it prints how many entries it has loaded and how many segments were damaged.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { toBase64Url } from '../../protocol/bytes.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { SqliteStore } from '../../client/node/ledger/sqlite-store.ts'
import { KeptLedger } from '../qdag/support/kept-ledger.ts'
import { othersOf } from '../qdag/support/others.ts'

const [, , path = '', others] = process.argv
const kept = await KeptLedger.open({
  store: new SqliteStore(path),
  sha256,
  after: (delayMs, act) => setTimeout(act, delayMs),
  // Nobody will bring what is missing, so there is no need to wait for it as long as among peers.
  sleep: (ms) => sleep(ms / 20),
})
print('loaded', kept.report.entries, kept.report.damagedSegments)
const heard = others === undefined ? undefined : othersOf(Number(others))
for (;;) {
  const some = heard?.next().value
  if (some) kept.hear(some)
  const { writer, seq, id } = await kept.contribute()
  print('kept', toBase64Url(writer), seq, toBase64Url(id))
  // What was written without being asked for has its turn, too.
  await new Promise((resolve) => setImmediate(resolve))
}

/** At once: a killed process flushes nothing. */
function print(...words: readonly unknown[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}
