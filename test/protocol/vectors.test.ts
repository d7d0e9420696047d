/** What is published stays: another implementation checks itself against vectors.json. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { networkIdOfName, networkIdText } from '../../protocol/network.ts'
import { fixedCore } from './fixed-keys.ts'
import { computeVectors, VECTORS_FILE } from './vectors.ts'

test('the wire is still the published one', async () => {
  expect(await computeVectors()).toEqual(JSON.parse(await readFile(VECTORS_FILE, 'utf8')))
})

// Written down by hand from PROTOCOL.md, without the code under test.
test('the network id of a plain name is the hash of its genesis', async () => {
  const genesis = Buffer.from('edge-net/genesis/1\0\0\u0007mainnet\0', 'latin1')
  const digest = createHash('sha256').update(genesis).digest()
  expect(Buffer.from(await networkIdOfName('mainnet'))).toEqual(digest)
  expect(networkIdText(await networkIdOfName('mainnet'))).toBe(`net-${digest.toString('base64url')}`)
})

test('the fixed identity is the one that RFC 8032 derives from its seed', async () => {
  // The public key of the seed 000102…1f, as in other suites that use this seed.
  const { identity } = await fixedCore()
  expect(Buffer.from(identity).toString('hex')).toBe('03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8')
})
