/** Signatures checked on threads: the same answers as anywhere, and nothing left behind. */
import { execFile } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { workerVerifier } from '../../client/node/ledger/worker-verifier.ts'
import type { SignatureCheck } from '../../client/qdag/verifier.ts'
import { fixedIdentity } from './fixed-identities.ts'

const run = promisify(execFile)

test('answers many at once, each call in its order, and a small one before a large one that came first', async () => {
  const verifier = workerVerifier()
  const [large, larger, few] = await Promise.all([madeChecks(3_000), madeChecks(5_000), madeChecks(3)])
  const done: string[] = []
  const ask = async ({ checks, expected }: MadeChecks, name: string) => {
    expect(await verifier.verify(checks)).toEqual(expected)
    done.push(name)
  }
  await Promise.all([ask(large, 'large'), ask(larger, 'larger'), ask(few, 'few')])
  expect(done).toEqual(['few', 'large', 'larger'])
  expect(await verifier.verify([])).toEqual([])
  verifier.close()
})

test('answers what was under way when it was closed, and what comes later', async () => {
  const verifier = workerVerifier()
  const { checks, expected } = await madeChecks(1_000)
  const underWay = verifier.verify(checks)
  verifier.close()
  expect(await underWay).toEqual(expected)
  expect(await verifier.verify(checks)).toEqual(expected)
})

describe('a thread that ends by itself', () => {
  test('leaves nothing unanswered', async () => {
    vi.resetModules()
    vi.doMock('node:worker_threads', () => ({ Worker: DyingWorker }))
    const fresh = await import('../../client/node/ledger/worker-verifier.ts')
    vi.doUnmock('node:worker_threads')
    const verifier = fresh.workerVerifier(2)
    const { checks, expected } = await madeChecks(2_000)
    expect(await verifier.verify(checks)).toEqual(expected)
    expect(DyingWorker.messages).toBe(8)
    expect(await verifier.verify(checks)).toEqual(expected)
    expect(DyingWorker.messages).toBe(8)
  })
})

describe('bundled into one file', () => {
  let folder: string
  let file: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-net-verifier-'))
    file = join(folder, 'bundle.mjs')
    const contents = `
      import { workerVerifier } from '../../client/node/ledger/worker-verifier.ts'
      import { fixedIdentity } from './fixed-identities.ts'
      const { publicKey, sign } = fixedIdentity(0)
      const message = new Uint8Array(80)
      const check = { publicKey, message, signature: await sign(message) }
      const results = await workerVerifier().verify(Array.from({ length: 600 }, () => check))
      console.log(results.filter((holds) => holds).length, 'hold')`
    const stdin = { contents, resolveDir: import.meta.dirname }
    await build({ stdin, bundle: true, platform: 'node', format: 'esm', minify: true, outfile: file })
  })

  afterAll(() => rm(folder, { recursive: true }))

  test.each([
    ['as a program', []],
    ['by a program that came as a text', ['--input-type=module', '-e', 'await import(process.argv[1])']],
    ['where threads are forbidden', ['--permission', '--allow-fs-read=*']],
  ])('it works %s, and keeps no process alive', async (_, options) => {
    const { stdout } = await run(process.execPath, [...options, file])
    expect(stdout).toBe('600 hold\n')
  })
})

/** Takes two messages, and ends without an answer. */
class DyingWorker extends EventEmitter {
  static messages = 0
  #count = 0

  postMessage(): void {
    DyingWorker.messages++
    if (++this.#count === 2) queueMicrotask(() => this.emit('exit', 1))
  }

  ref(): void {}
  unref(): void {}
}

interface MadeChecks {
  readonly checks: SignatureCheck[]
  readonly expected: boolean[]
}

/** Of ten signers, with messages of many lengths; every third does not hold. */
async function madeChecks(count: number): Promise<MadeChecks> {
  const signers = Array.from({ length: 10 }, (_, i) => fixedIdentity(i))
  const making = Array.from({ length: count }, async (_, i) => {
    const signer = signers[i % 10] ?? fixedIdentity(0)
    const message = new Uint8Array(i % 200).fill(i)
    const signature = await signer.sign(message)
    if (i % 3 === 0) signature[40] = (signature[40] ?? 0) ^ 1
    return { publicKey: signer.publicKey, message, signature }
  })
  return { checks: await Promise.all(making), expected: Array.from({ length: count }, (_, i) => i % 3 !== 0) }
}
