/** What becomes of a browser's identities when a person changes something. */
import { describe, expect, it } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { added, currentOf, isKeyring, renamed, used, using, without, type Keyring } from '../../client/page/keyring.ts'

const keys = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
const entry = (siteId: string, label = siteId, atMs = 1) => ({
  siteId,
  label,
  keys,
  createdAtMs: atMs,
  lastUsedAtMs: atMs,
})
const first: Keyring = { current: 'a', entries: [entry('a')] }
const labels = ({ entries }: Keyring) => entries.map(({ label }) => label)

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof EdgeNetError) return `${error.code} ${error.reason}`
    throw error
  }
  return 'nothing'
}

describe('a keyring', () => {
  it('gives a label that is taken a number, also where there is no room for one', () => {
    const long = 'x'.repeat(64)
    const words = ['home', 'home', 'home', long, long]
    const many = words.reduce((keyring, label, i) => added(keyring, entry(`site ${i}`, label)), first)
    expect(labels(many)).toEqual(['a', 'home', 'home 2', 'home 3', long, 'default 2'])
  })

  it('does not take the same identity twice, nor more than a person oversees, nor what is no label', () => {
    expect(refusal(() => added(first, entry('a', 'again')))).toBe('invalid-argument identity')
    expect(refusal(() => added(first, entry('b', '\u202e')))).toBe('invalid-argument label')
    let full = first
    for (let i = 1; i < 32; i++) full = added(full, entry(`site ${i}`))
    expect(refusal(() => added(full, entry('one more')))).toBe('invalid-argument identity')
  })

  it('notes who was used, which is not who is in use', () => {
    const two = added(first, entry('b'))
    expect(used(two, 'b', 9)).toMatchObject({ current: 'a', entries: [{ lastUsedAtMs: 1 }, { lastUsedAtMs: 9 }] })
    expect(using(two, 'b', 9)).toMatchObject({ current: 'b', entries: [{ lastUsedAtMs: 1 }, { lastUsedAtMs: 9 }] })
    expect(refusal(() => used(two, 'c', 9))).toBe('invalid-argument identity')
  })

  it('has one in use for as long as there is one, and always has one', () => {
    const three = added(added(first, entry('b', 'b', 5)), entry('c', 'c', 3))
    expect(without(three, 'a')).toMatchObject({ current: 'b', entries: [{ siteId: 'b' }, { siteId: 'c' }] })
    expect(without(three, 'c').current).toBe('a')
    expect(refusal(() => without(first, 'a'))).toBe('invalid-argument identity')
    expect(refusal(() => without(three, 'd'))).toBe('invalid-argument identity')
    // As a damaged database has it.
    expect(currentOf({ ...three, current: 'nobody' }).siteId).toBe('a')
  })

  it('may keep its label when it is renamed, and not take that of another', () => {
    const two = added(first, entry('b'))
    expect(labels(renamed(two, 'a', 'a'))).toEqual(['a', 'b'])
    expect(labels(renamed(two, 'a', 'home'))).toEqual(['home', 'b'])
    expect(refusal(() => renamed(two, 'a', 'b'))).toBe('invalid-argument label')
    expect(refusal(() => renamed(two, 'a', ' '))).toBe('invalid-argument label')
  })

  it('is told from anything else that a database may hold', () => {
    expect(isKeyring(first)).toBe(true)
    const { siteId, ...nameless } = entry('a')
    for (const other of [
      undefined,
      null,
      7,
      {},
      { ...first, entries: [] },
      { ...first, current: 7 },
      { ...first, entries: [nameless] },
      { ...first, entries: [{ ...entry(siteId), keys: { privateKey: 'text', publicKey: 'text' } }] },
    ])
      expect(isKeyring(other)).toBe(false)
  })
})
