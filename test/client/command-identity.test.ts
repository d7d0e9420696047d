/** The identity that the command keeps, and the folder where it does. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dataFolder } from '../../client/node/data-folder.ts'
import { existingIdentity, loadIdentity } from '../../client/node/identity-file.ts'
import { UsageError } from '../../client/node/usage-error.ts'

/** RFC 8410 sections 10.1 and 10.3. */
const RFC_8410_EXAMPLE = {
  privateKey: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`,
  publicKey: 'Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE',
}

let parent: string
let folder: string
const path = () => join(folder, 'identity.pem')

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'edge-net-identity-'))
  folder = join(parent, 'not', 'there', 'yet')
})
afterEach(() => rm(parent, { recursive: true }))

async function refusal(): Promise<UsageError> {
  const error: unknown = await loadIdentity(folder).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UsageError)
  return error as UsageError
}

describe('a kept identity', () => {
  it('is made on first use, for its owner alone, and is the same from then on', async () => {
    expect(await existingIdentity(folder)).toBeUndefined()
    const first = await loadIdentity(folder)
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect(await readdir(folder)).toEqual(['identity.pem'])
    for (const again of [await loadIdentity(folder), await existingIdentity(folder)])
      expect(again?.siteId).toBe(first.siteId)
  })

  it('signs what its public key verifies', async () => {
    const identity = await loadIdentity(folder)
    const message = new Uint8Array([1, 2, 3])
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: identity.siteId }, format: 'jwk' })
    expect(verify(null, message, key, await identity.sign(message))).toBe(true)
    expect(Buffer.from(identity.publicKey).toString('base64url')).toBe(identity.siteId)
  })

  it('is one, however many begin at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(folder)))
    expect(new Set(all.map(({ siteId }) => siteId)).size).toBe(1)
    expect(await readdir(folder)).toEqual(['identity.pem'])
  })

  it('may come from elsewhere', async () => {
    await mkdir(folder, { recursive: true })
    await writeFile(path(), RFC_8410_EXAMPLE.privateKey, { mode: 0o600 })
    expect((await loadIdentity(folder)).siteId).toBe(RFC_8410_EXAMPLE.publicKey)
  })

  it('is never replaced when it is damaged', async () => {
    await loadIdentity(folder)
    const pem = await readFile(path(), 'utf8')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey.export({ format: 'pem', type: 'pkcs8' })
    for (const content of ['', pem.slice(0, 60), 'x'.repeat(10_000), rsa]) {
      await writeFile(path(), content)
      const { message, hint } = await refusal()
      expect(message).toContain(`${path()} is no Ed25519 private key`)
      expect(hint).toContain('Put back a copy')
      expect(await readFile(path())).toEqual(Buffer.from(content))
    }
  })

  it('is refused when others can read it, with the command that helps', async () => {
    await loadIdentity(folder)
    await chmod(path(), 0o640)
    const { message, hint } = await refusal()
    expect(message).toContain('0640')
    expect(hint).toBe(`Run: chmod 600 ${path()}`)
    await chmod(path(), 0o600)
    await loadIdentity(folder)
  })

  it('cannot be where a file is in the way', async () => {
    folder = join(parent, 'file', 'folder')
    await writeFile(join(parent, 'file'), '')
    expect((await refusal()).hint).toContain('--data')
    await rm(join(parent, 'file'))
    await mkdir(path(), { recursive: true })
    await chmod(path(), 0o700)
    expect((await refusal()).hint).toContain('--ephemeral')
  })
})

describe('the data folder', () => {
  const home = homedir()

  it('is the one that was asked for', () => {
    expect(dataFolder('/srv/edge', {}, 'linux')).toBe('/srv/edge')
    expect(dataFolder('here', {}, 'linux')).toBe(join(process.cwd(), 'here'))
  })

  it('is otherwise where programs of the platform keep their data', () => {
    expect(dataFolder(undefined, {}, 'linux')).toBe(join(home, '.local/share/edge-net'))
    expect(dataFolder(undefined, { XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/edge-net')
    expect(dataFolder(undefined, { XDG_DATA_HOME: 'relative' }, 'linux')).toBe(join(home, '.local/share/edge-net'))
    expect(dataFolder(undefined, {}, 'darwin')).toBe(join(home, 'Library/Application Support/edge-net'))
    expect(dataFolder(undefined, { LOCALAPPDATA: '/local' }, 'win32')).toBe('/local/edge-net')
  })
})
