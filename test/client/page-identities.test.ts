/** Identities on the page: what the dialog says of them, and how hard a pass phrase is to guess. */
import { describe, expect, it } from 'vitest'
import { strengthOf } from '../../client/page/identities/strength.ts'
import { backUpNote, identityRow, twiceFault, type ShownIdentity } from '../../client/page/identities/view.ts'

const IDENTITY: ShownIdentity = {
  siteId: 'abcdefghij',
  label: '<b>work</b>',
  createdAtMs: 0,
  lastUsedAtMs: 0,
  isHere: false,
  isCurrent: false,
  canBackUp: false,
}

describe('an identity in the list', () => {
  const acts = (more: Partial<ShownIdentity>) =>
    identityRow({ ...IDENTITY, ...more }, 3_600_000 * 3).actions.map(({ act }) => act)

  it('can be used and deleted unless it is in use here, and backed up while its secret is at hand', () => {
    expect(acts({})).toEqual(['use', 'rename', 'delete'])
    expect(acts({ isHere: true, isCurrent: true, canBackUp: true })).toEqual(['back-up', 'rename'])
    expect(acts({ canBackUp: true })).toEqual(['use', 'back-up', 'rename', 'delete'])
  })

  it('says where and when it was used, and shows its label as text', () => {
    const row = (more: Partial<ShownIdentity>) => identityRow({ ...IDENTITY, ...more }, 3_600_000 * 3)
    expect(row({})).toMatchObject({ name: '<b>work</b>', shortId: 'abcdef' })
    expect(row({}).detail).toMatch(/^last used 3 hours ago; in this browser since /)
    expect(row({ isHere: true }).detail).toMatch(/^in use here;/)
    expect(row({ isCurrent: true }).detail).toMatch(/^in use in another tab;/)
  })

  it('is said to be beyond a backup when it is', () => {
    expect(backUpNote([{ canBackUp: true }])).toContain('Back up now')
    expect(backUpNote([{ canBackUp: true }, { canBackUp: false }])).toContain('make a new one')
  })
})

describe('a pass phrase', () => {
  it('is typed twice, alike', () => {
    expect(twiceFault('one two three', 'one two three', undefined)).toBe('')
    expect(twiceFault('one two three', 'one two', undefined)).toContain('not the same')
    expect(twiceFault('one', 'one', 'Too short.')).toBe('Too short.')
  })

  it('is told weak, fair or strong', () => {
    const levels = (...texts: string[]) => texts.map((text) => strengthOf(text).level)
    expect(levels('', '   ')).toEqual(['none', 'none'])
    expect(levels('password', 'aaaaaaaaaaaaaaaaaaaaaaaa', '12345678', 'hello hello hello hello')).toEqual(
      Array.from({ length: 4 }, () => 'weak'),
    )
    expect(levels('copper violin meadow tiger')).toEqual(['fair'])
    expect(levels('copper violin meadow tiger lantern orbit', 'xK9$mQ2!vR7&pL4z')).toEqual(['strong', 'strong'])
  })
})
