/**
 * Work that many share: prime numbers are counted, a range at a time, and each finished range is recorded in the network's
 * ledger. What is recorded there nobody needs to do again, so processes that join share the work without a coordinator.
 *
 *     node examples/compute.js https://edge.example/n/primes-example ./primes-data
 *
 * Identity and ledger are kept in the folder: stop it, start it again, and the credits go on.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { identityOf, join } from 'edge-net'
import { openLedger, SqliteStore } from 'edge-net/ledger'

const [roomUrl = '', folder = './primes-data', ranges = 'Infinity'] = process.argv.slice(2)
const RANGE = 20_000
/** A hundred units are one credit. */
const UNITS_OF_A_RANGE = 200

await mkdir(folder, { recursive: true })
const identity = await keptIdentity(joinPath(folder, 'identity.json'))
const ledger = openLedger({ network: roomUrl, identity, store: new SqliteStore(joinPath(folder, 'ledger.sqlite')) })
const network = await join(roomUrl, { identity, ledger, name: 'primes' })
const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())

for (let done = 0; done < Number(ranges) && !stopping.signal.aborted; done++) {
  const first = await unclaimedRange()
  const primes = await countPrimes(first, first + RANGE)
  // Resolves when the entry is on the disk; peers have it a moment later.
  const entry = await network.contribute({ taskId: `primes/${first}`, computeUnits: UNITS_OF_A_RANGE })
  console.log(`${primes} primes from ${first}; ${entry.credits} credits`)
}
const { credits, contributors } = network.ledger.statistics()
console.log(`${credits} credits of ${contributors} contributors`)
await network.close()

/** Two that choose at the same moment do the same work twice; a random start makes that rare. */
async function unclaimedRange() {
  for (;;) {
    const first = RANGE * Math.floor(Math.random() * 10_000)
    const claims = network.ledger.entries({ taskId: `primes/${first}` })
    if ((await claims.next()).done) return first
  }
}

/** Makes way for messages in between; a worker thread would not have to. */
async function countPrimes(from, to) {
  let count = 0
  for (let n = from; n < to; n++) {
    if (isPrime(n)) count++
    if (n % 500 === 0) await setImmediate()
  }
  return count
}

function isPrime(n) {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}

/** Credits belong to the key: whoever has this file is the contributor. */
async function keptIdentity(path) {
  const ed25519 = 'Ed25519'
  try {
    const { d, ...pub } = JSON.parse(await readFile(path, 'utf8'))
    return identityOf({
      privateKey: await crypto.subtle.importKey('jwk', { ...pub, d, key_ops: ['sign'] }, ed25519, false, ['sign']),
      publicKey: await crypto.subtle.importKey('jwk', { ...pub, key_ops: ['verify'] }, ed25519, true, ['verify']),
    })
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    const keys = await crypto.subtle.generateKey(ed25519, true, ['sign', 'verify'])
    const jwk = await crypto.subtle.exportKey('jwk', keys.privateKey)
    await writeFile(path, JSON.stringify(jwk), { mode: 0o600, flag: 'wx' })
    return identityOf(keys)
  }
}
