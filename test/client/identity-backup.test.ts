/** Backups of identities: what they keep, what they refuse, and what a reader of PROTOCOL.md can open without the SDK. */
import { argon2Sync, createCipheriv, createDecipheriv, createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../../client/errors.ts'
import { sealBackup } from '../../client/identity/backup.ts'
import type { Cost } from '../../client/identity/cost.ts'
import {
  backUp,
  createRecoverableIdentity,
  factsOfBackup,
  labelFault,
  passPhraseFault,
  restore,
} from '../../client/identity/index.ts'
import { RecoverableIdentity } from '../../client/identity/recoverable.ts'

/** The least that Argon2id allows with one lane: what it costs is not the subject here. */
const CHEAP: Cost = { memoryKiB: 8, passes: 1, lanes: 1 }
const PASS_PHRASE = 'correct horse battery staple'
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** RFC 8032 section 7.1, test 1. */
const RFC_8032 = {
  seed: hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
  publicKey: hex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
}
/** Of that key, under `Ångström ﬁne 12`, with the ligature. */
const VECTOR = readFileSync(join(import.meta.dirname, '..', 'protocol', 'identity-backup.json'), 'utf8')
const VECTOR_PASS_PHRASE = '\u00c5ngstr\u00f6m \ufb01ne 12'

interface Written {
  siteId: string
  label: string
  created: string
  kdf: { memoryKiB: number; passes: number; lanes: number; salt: string }
  cipher: { nonce: string }
  sealed: string
  checksum: string
}

async function cheapBackup(label = 'laptop', passPhrase = PASS_PHRASE) {
  const recoverable = await createRecoverableIdentity()
  const text = await sealBackup(recoverable, passPhrase, { label, createdAtMs: Date.UTC(2026, 10, 25), cost: CHEAP })
  return { recoverable, text }
}

async function failure(work: Promise<unknown>): Promise<EdgeNetError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(EdgeNetError)
  return error as EdgeNetError
}

/** What PROTOCOL.md says that GCM and the checksum cover. */
function boundBytes({ siteId, label, created, kdf, cipher }: Written): Buffer {
  const numbers = Buffer.alloc(9)
  numbers.writeUInt32BE(kdf.memoryKiB, 0)
  numbers.writeUInt32BE(kdf.passes, 4)
  numbers.writeUInt8(kdf.lanes, 8)
  const time = Buffer.alloc(6)
  time.writeUIntBE(Date.parse(created), 0, 6)
  return Buffer.concat([
    Buffer.from('edge-net/backup/1\0'),
    Buffer.from(siteId, 'base64url'),
    time,
    Buffer.from([Buffer.byteLength(label)]),
    Buffer.from(label),
    numbers,
    Buffer.from(kdf.salt, 'base64url'),
    Buffer.from(cipher.nonce, 'base64url'),
  ])
}

function keyOf({ kdf }: Written, passPhrase: string): Buffer {
  return argon2Sync('argon2id', {
    message: Buffer.from(passPhrase.normalize('NFKC')),
    nonce: Buffer.from(kdf.salt, 'base64url'),
    parallelism: kdf.lanes,
    tagLength: 32,
    memory: kdf.memoryKiB,
    passes: kdf.passes,
  })
}

const nonceOf = ({ cipher }: Written) => Buffer.from(cipher.nonce, 'base64url')

/** A file that its maker has changed, with a checksum that fits again. */
function withChecksum(change: (written: Written) => void, text: string): string {
  const written = JSON.parse(text) as Written
  change(written)
  const sealed = Buffer.from(written.sealed, 'base64url')
  const covered = Buffer.concat([boundBytes(written), sealed])
  written.checksum = createHash('sha256').update(covered).digest('base64url')
  return JSON.stringify(written)
}

describe('a backup', () => {
  it('gives back the identity, its label and its time, and says them without the pass phrase', async () => {
    const { recoverable, text } = await cheapBackup('Ada’s laptop')
    const facts = { siteId: recoverable.identity.siteId, label: 'Ada’s laptop', createdAtMs: Date.UTC(2026, 10, 25) }
    expect(await factsOfBackup(text)).toEqual(facts)
    const restored = await restore(text, PASS_PHRASE)
    expect(restored).toMatchObject(facts)
    const message = new Uint8Array([1, 2, 3])
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: facts.siteId }, format: 'jwk' })
    expect(verify(null, message, key, await restored.recoverable.identity.sign(message))).toBe(true)
    // What was restored can be backed up again; what it keeps for a store cannot be read.
    const again = await sealBackup(restored.recoverable, PASS_PHRASE, { ...facts, cost: CHEAP })
    expect((await restore(again, PASS_PHRASE)).siteId).toBe(facts.siteId)
    expect(restored.recoverable.keys.privateKey.extractable).toBe(false)
  })

  it('is another one each time', async () => {
    const { recoverable, text } = await cheapBackup()
    const other = await sealBackup(recoverable, PASS_PHRASE, { label: 'laptop', createdAtMs: 0, cost: CHEAP })
    const [a, b] = [text, other].map((file) => JSON.parse(file) as Written)
    expect(a?.kdf.salt).not.toBe(b?.kdf.salt)
    expect(a?.cipher.nonce).not.toBe(b?.cipher.nonce)
    expect(a?.sealed).not.toBe(b?.sealed)
  })

  it('shows nothing of the seed', async () => {
    const { recoverable, text } = await cheapBackup()
    const seed = Buffer.from(RecoverableIdentity.seedOf(recoverable))
    for (const encoding of ['hex', 'base64', 'base64url'] as const) expect(text).not.toContain(seed.toString(encoding))
    expect(JSON.stringify(recoverable)).not.toContain(seed.toString('base64url'))
  })

  it('survives what editors and mails do to a text', async () => {
    const { recoverable, text } = await cheapBackup()
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).toReversed()))
    for (const file of [`\ufeff${text}`, text.replaceAll('\n', '\r\n'), `\n\n${text}  `, reordered]) {
      expect((await restore(file, PASS_PHRASE)).siteId).toBe(recoverable.identity.siteId)
    }
  })

  it('opens however the keyboard writes its letters', async () => {
    const { text } = await cheapBackup('laptop', 'Å ﬁne ｗide phrase')
    await restore(text, 'A\u030a fine wide phrase')
  })

  it('that was made earlier still opens', async () => {
    const { recoverable, siteId } = await restore(VECTOR, VECTOR_PASS_PHRASE)
    expect(siteId).toBe(toBase64Url(RFC_8032.publicKey))
    expect(RecoverableIdentity.seedOf(recoverable)).toEqual(RFC_8032.seed)
  })

  it('can be opened with nothing but PROTOCOL.md and a library', () => {
    const written = JSON.parse(VECTOR) as Written
    const sealed = Buffer.from(written.sealed, 'base64url')
    const bound = boundBytes(written)
    const covered = Buffer.concat([bound, sealed])
    expect(createHash('sha256').update(covered).digest('base64url')).toBe(written.checksum)
    const opening = createDecipheriv('aes-256-gcm', keyOf(written, VECTOR_PASS_PHRASE), nonceOf(written))
    opening.setAAD(bound).setAuthTag(sealed.subarray(32))
    const seed = Buffer.concat([opening.update(sealed.subarray(0, 32)), opening.final()])
    expect(new Uint8Array(seed)).toEqual(RFC_8032.seed)
  })
})

describe('what is not as it should be', () => {
  it('is told from a wrong pass phrase, whichever character is damaged', async () => {
    const { text } = await cheapBackup()
    const codes = new Set<string>()
    for (let i = 0; i < text.length; i++) {
      const character = text[i] ?? ''
      // Spaces between the values mean nothing.
      if (/\s/.test(character)) continue
      for (const other of [character === 'A' ? 'B' : 'A', '', String.fromCharCode(character.charCodeAt(0) ^ 1)]) {
        const { code } = await failure(restore(text.slice(0, i) + other + text.slice(i + 1), PASS_PHRASE))
        codes.add(code)
      }
    }
    expect([...codes].toSorted()).toEqual(['backup-damaged', 'backup-version'])
  })

  it('is a wrong pass phrase when nothing is damaged', async () => {
    const { text } = await cheapBackup()
    for (const wrong of [`${PASS_PHRASE} `, PASS_PHRASE.toUpperCase(), '', 'x'.repeat(2_000)]) {
      expect((await failure(restore(text, wrong))).code, wrong).toBe('pass-phrase-wrong')
    }
  })

  it.each([
    ['siteId', (written: Written) => (written.siteId = toBase64Url(RFC_8032.publicKey))],
    ['label', (written: Written) => (written.label = 'another')],
    ['created', (written: Written) => (written.created = '2020-01-01T00:00:00.000Z')],
    ['cost', (written: Written) => (written.kdf.passes = 2)],
    ['salt', (written: Written) => (written.kdf.salt = 'A'.repeat(22))],
    ['nonce', (written: Written) => (written.cipher.nonce = 'A'.repeat(16))],
    ['sealed', (written: Written) => (written.sealed = 'A'.repeat(64))],
  ])('does not open when somebody changed its %s and the checksum with it', async (_, change) => {
    const { text } = await cheapBackup()
    expect((await failure(restore(withChecksum(change, text), PASS_PHRASE))).code).toBe('pass-phrase-wrong')
  })

  it('holds no key of another identity than it says', async () => {
    const { text } = await cheapBackup()
    const claimed = withChecksum((written) => {
      written.siteId = toBase64Url(RFC_8032.publicKey)
      const otherSeed = new Uint8Array(32)
      const sealing = createCipheriv('aes-256-gcm', keyOf(written, PASS_PHRASE), nonceOf(written))
      sealing.setAAD(boundBytes(written))
      const sealed = Buffer.concat([sealing.update(otherSeed), sealing.final(), sealing.getAuthTag()])
      written.sealed = sealed.toString('base64url')
    }, text)
    expect(await failure(restore(claimed, PASS_PHRASE))).toMatchObject({ code: 'backup-damaged', reason: 'mismatch' })
  })

  it.each([
    ['more memory than a page has', { memoryKiB: 1_048_576, passes: 1, lanes: 1 }],
    ['work without end', { memoryKiB: 65_536, passes: 4_294_967_295, lanes: 1 }],
    ['many lanes', { memoryKiB: 65_536, passes: 1, lanes: 255 }],
    ['too little for its lanes', { memoryKiB: 8, passes: 1, lanes: 2 }],
    ['nothing', { memoryKiB: 0, passes: 0, lanes: 0 }],
    ['a part', { memoryKiB: 8.5, passes: 1, lanes: 1 }],
    ['a text', { memoryKiB: '8', passes: 1, lanes: 1 }],
    ['less than nothing', { memoryKiB: -8, passes: 1, lanes: 1 }],
  ])('asks for %s', async (_, cost) => {
    const { text } = await cheapBackup()
    const written = JSON.parse(text) as { kdf: object }
    const hostile = JSON.stringify({ ...written, kdf: { ...written.kdf, ...cost } })
    expect(await failure(restore(hostile, PASS_PHRASE))).toMatchObject({ code: 'backup-damaged', reason: 'cost' })
  })

  it.each(['', ' ', 'a\u202eb', 'a\nb', 'x'.repeat(65), '\ud800', 7, null, {}])('is called %j', async (label) => {
    const { text } = await cheapBackup()
    const hostile = JSON.stringify({ ...(JSON.parse(text) as object), label })
    expect(await failure(restore(hostile, PASS_PHRASE))).toMatchObject({ code: 'backup-damaged', reason: 'label' })
  })

  it.each(['', 'null', '[]', '"text"', '{}', '{', 'x'.repeat(10_000), '['.repeat(4_000), '{"type":"Edge-Net"}'])(
    'is no backup: %#',
    async (text) => {
      expect((await failure(factsOfBackup(text))).code).toBe('backup-damaged')
    },
  )

  it('has a field more or less', async () => {
    const { text } = await cheapBackup()
    const written = JSON.parse(text) as Record<string, unknown>
    for (const part of [written, written['kdf'], written['cipher']] as Record<string, unknown>[]) {
      part['more'] = 1
      expect((await failure(restore(JSON.stringify(written), PASS_PHRASE))).code).toBe('backup-damaged')
      delete part['more']
      for (const [name, value] of Object.entries(part)) {
        delete part[name]
        expect((await failure(restore(JSON.stringify(written), PASS_PHRASE))).code, name).toMatch(/^backup-/)
        part[name] = value
      }
    }
  })

  it('comes from a newer program', async () => {
    const { text } = await cheapBackup()
    const written = JSON.parse(text) as { kdf: object; cipher: object }
    const newer = [
      { ...written, version: 2, whatever: true },
      { ...written, kdf: { ...written.kdf, name: 'Argon3' } },
      { ...written, cipher: { ...written.cipher, name: 'XChaCha20' } },
    ]
    const failures = await Promise.all(newer.map((file) => failure(restore(JSON.stringify(file), PASS_PHRASE))))
    expect(failures.map(({ code, reason }) => `${code} ${reason}`)).toEqual([
      'backup-version version',
      'backup-version kdf',
      'backup-version cipher',
    ])
  })
})

describe('making one', () => {
  it.each(['', '        ', 'short', 'x'.repeat(1_025)])(
    'is refused with a pass phrase that is empty, short or endless: %#',
    async (passPhrase) => {
      const refused = await failure(backUp(await createRecoverableIdentity(), passPhrase))
      expect(refused).toMatchObject({ code: 'invalid-argument', reason: 'passPhrase' })
      expect(refused.message).toBe(passPhraseFault(passPhrase))
    },
  )

  it.each(['', ' x', 'a\u0007', '\u2066x', 'x'.repeat(65)])('is refused with the label %j', async (label) => {
    const refused = await failure(backUp(await createRecoverableIdentity(), PASS_PHRASE, { label }))
    expect(refused).toMatchObject({ code: 'invalid-argument', reason: 'label', message: labelFault(label) })
  })

  it('tells how far it is, and can be given up', async () => {
    const recoverable = await createRecoverableIdentity()
    const facts = { label: 'x', createdAtMs: 0, cost: { memoryKiB: 1_024, passes: 2, lanes: 1 } }
    const told: number[] = []
    await sealBackup(recoverable, PASS_PHRASE, facts, { onProgress: (done) => told.push(done) })
    expect(told.length).toBeGreaterThan(20)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    expect([told[0], told.at(-1)]).toEqual([0, 1])

    const giving = new AbortController()
    const onProgress = (done: number) => {
      if (done > 0.5) giving.abort(new Error('enough'))
    }
    const given = await failure(sealBackup(recoverable, PASS_PHRASE, facts, { onProgress, signal: giving.signal }))
    expect(given).toMatchObject({ code: 'aborted', cause: giving.signal.reason as Error })
    const early = failure(restore(VECTOR, VECTOR_PASS_PHRASE, { signal: AbortSignal.abort() }))
    expect((await early).code).toBe('aborted')
    const thrown = sealBackup(recoverable, PASS_PHRASE, facts, {
      onProgress: () => {
        throw new Error('from the application')
      },
    })
    await expect(thrown).rejects.toThrow('from the application')
  })
})
