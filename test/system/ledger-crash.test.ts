/**
 * `kill -9` at any moment: a process writes own entries to a ledger in a file, is killed and started again, over and over.
 * `EDGE_NET_CRASHES` says how often, and `EDGE_NET_SEED` repeats the moments, as far as a machine repeats anything.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { SqliteStore } from '../../client/node/ledger/sqlite-store.ts'
import { KeptLedger } from '../qdag/support/kept-ledger.ts'
import { othersOf } from '../qdag/support/others.ts'
import { Random } from '../sim/random.ts'

const PROGRAM = join(import.meta.dirname, '..', 'support', 'ledger-writer.ts')
const CRASHES = Number(process.env['EDGE_NET_CRASHES'] ?? 30)
const SEED = Number(process.env['EDGE_NET_SEED'] ?? Date.now() % 1_000_000)
/** Then the ledger has grown so much that loading it takes most of the time, and another file begins. */
const CRASHES_A_FILE = 50
const PATIENT = { timeout: CRASHES * 5_000 }
/** One in so many is killed while it starts. */
const EARLY_SHARE = 0.25

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-net-crash-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it(
  `killed ${CRASHES} times, a process loses no own entry and uses no number twice (seed ${SEED})`,
  PATIENT,
  async () => {
    const random = new Random(SEED)
    for (let done = 0; done < CRASHES; done += CRASHES_A_FILE) {
      const told = new Told()
      const path = join(folder, `${done}.sqlite`)
      const runs = Math.min(CRASHES_A_FILE, CRASHES - done)
      const heard: number[] = []
      for (let run = 0; run < runs; run++) {
        const writer = new Writer(path, told, run)
        await killedOnce(writer, random)
        heard.push(writer.count)
      }
      await expectAllKept(path, told, heard)
    }
  },
)

it(`killed in turns, two processes on one file do not, either (seed ${SEED})`, PATIENT, async () => {
  const random = new Random(SEED + 1)
  for (let done = 0; done < CRASHES; done += CRASHES_A_FILE) {
    const told = new Told()
    const path = join(folder, `${done}.sqlite`)
    const runs = Math.min(CRASHES_A_FILE, CRASHES - done)
    const writers = [new Writer(path, told), new Writer(path, told)]
    try {
      for (let run = 0; run < runs; run++) {
        const at = random.below(2)
        const writer = writers[at]
        if (writer) await killedOnce(writer, random)
        writers[at] = new Writer(path, told)
      }
    } finally {
      await Promise.all(writers.map((writer) => writer.kill()))
    }
    await expectAllKept(path, told, [])
  }
})

/** Everything that processes have printed. */
class Told {
  /** Ids by writer and number. */
  readonly kept = new Map<string, string>()
  readonly trouble: string[] = []
  loads = 0

  take(line: string): void {
    const [kind, ...words] = line.split(' ')
    if (kind === 'loaded') {
      this.loads++
      if (words[1] !== '0') this.trouble.push(line)
    } else if (kind === 'kept') {
      const [writer, seq, id = ''] = words
      const number = `${writer} ${seq}`
      if (this.kept.has(number)) this.trouble.push(`used twice: ${number}`)
      this.kept.set(number, id)
    } else this.trouble.push(line)
  }
}

class Writer {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  /** How many own entries it has printed. */
  count = 0
  /** It has printed one, or has ended. */
  readonly isWriting: Promise<void>

  constructor(path: string, told: Told, others?: number) {
    const args = [PROGRAM, path, ...(others === undefined ? [] : [String(others)])]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let rest = ''
    let began = () => {}
    this.isWriting = new Promise((resolve) => (began = resolve))
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      // The last piece is a line that was cut off, or nothing.
      rest = lines.pop() ?? ''
      for (const line of lines) told.take(line)
      this.count += lines.filter((line) => line.startsWith('kept')).length
      if (this.count > 0) began()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => void told.trouble.push(text))
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        if (code !== null) told.trouble.push(`it ended by itself with ${code}`)
        began()
        resolve()
      })
    })
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

async function killedOnce(writer: Writer, random: Random): Promise<void> {
  if (random.chance(EARLY_SHARE)) await sleep(random.between(0, 400))
  else {
    await writer.isWriting
    await sleep(random.magnitude(1, 400))
  }
  await writer.kill()
}

/** @param heard how often each run told what it wrote while it heard of others: peers still have that */
async function expectAllKept(path: string, told: Told, heard: readonly number[]): Promise<void> {
  expect(told.trouble).toEqual([])
  expect(told.loads).toBeGreaterThan(0)
  const after = await KeptLedger.open({ store: new SqliteStore(path), sha256 })
  expect(after.report).toMatchObject({ damagedSegments: 0, lostEntries: 0 })
  for (const [number, count] of heard.entries()) {
    const others = othersOf(number)
    // It may have written one more than it could tell, and heard of others before that.
    for (let i = 0; i <= count; i++) after.hear(others.next().value)
  }
  after.own.settle()
  const ids = new Set(Array.from({ length: after.ledger.size }, (_, i) => toBase64Url(after.ledger.idOf(i))))
  expect([...told.kept].filter(([, id]) => !ids.has(id))).toEqual([])
  // Also none of those that were kept and not told any more.
  expect(after.ledger.forks()).toEqual([])
  expect(after.own.unsettledCount).toBe(0)
  expect(told.kept.size).toBeGreaterThan(told.loads)
  await after.close()
}
