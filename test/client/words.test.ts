import { describe, expect, it } from 'vitest'
import { identiconPath } from '../../client/page/identicon.ts'
import { nameFault, parseSettings } from '../../client/page/settings.ts'
import { ageWords, durationWords, sizeWords } from '../../client/words.ts'

describe('numbers for people', () => {
  it('shows durations with the digits that matter', () => {
    expect([0.31, 7.94, 9.96, 118.4, 999.4, 999.6, 1_260, 9_960, 75_000].map(durationWords)).toEqual([
      '0.3 ms',
      '7.9 ms',
      '10 ms',
      '118 ms',
      '999 ms',
      '1.0 s',
      '1.3 s',
      '10 s',
      '75 s',
    ])
  })

  it('shows what is long ago in minutes and hours', () => {
    expect([800, 119_000, 120_000, 5_400_000, 7_200_000, 90_000_000].map(ageWords)).toEqual([
      '800 ms',
      '119 s',
      '2 min',
      '90 min',
      '2 h',
      '25 h',
    ])
  })

  it('shows sizes', () => {
    expect([0, 1, 1_023, 1_024, 16 * 1_048_576].map(sizeWords)).toEqual([
      '0 bytes',
      '1 byte',
      '1023 bytes',
      '1.0 KiB',
      '16.0 MiB',
    ])
  })
})

describe('the picture of a key', () => {
  it('is the same for the same key, differs between keys, and is symmetric', () => {
    const ada = identiconPath('Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU')
    expect(ada).toBe(identiconPath('Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU'))
    expect(ada).not.toBe(identiconPath('b5cD8fG4hJ6kMsQwEeRrTtYyUYq3xK9wLmZ2pR7tV1n'))
    const cells = new Set([...ada.matchAll(/M(\d) (\d)/g)].map(([, x, y]) => `${x},${y}`))
    for (const cell of cells) {
      const [x, y] = cell.split(',')
      expect(cells).toContain(`${4 - Number(x)},${y}`)
    }
  })

  it('survives any text', () => {
    expect(identiconPath('')).toBe('')
    expect(identiconPath('"><script>')).toMatch(/^[M\dhvz -]*$/)
  })
})

describe('settings', () => {
  it('fall back to the defaults where what is stored cannot be used', () => {
    for (const text of [null, '', 'null', '[]', '{"name":5}', `{"name":"${'x'.repeat(65)}"}`]) {
      expect(parseSettings(text)).toEqual({ name: '', direct: true, share: 0.5 })
    }
    expect(parseSettings('{"name":"Ada","direct":false}')).toEqual({ name: 'Ada', direct: false, share: 0.5 })
  })

  it('count the bytes of a name, not its characters', () => {
    expect(nameFault('x'.repeat(64))).toBe('')
    expect(nameFault('é'.repeat(33))).toContain('66 bytes')
  })
})
