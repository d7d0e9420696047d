/**
 * A hint at how hard a pass phrase is to guess, while it is typed. It is a rough estimate from above: it sees kinds of
 * characters and repetition, and knows no dictionary.
 */

export interface Strength {
  readonly level: 'none' | 'weak' | 'fair' | 'strong'
  readonly words: string
}

/** A guess takes 0.13 s of one core's native code: a thousand cores have tried 2^40 after four years, and 2^60 never. */
const FAIR_BITS = 40
const STRONG_BITS = 60
/** What stands in every list of words that people choose from has about 11 bits. */
const WORD_BITS = 11
const POOLS: readonly (readonly [RegExp, number])[] = [
  [/\p{Ll}/u, 26],
  [/\p{Lu}/u, 26],
  [/\p{N}/u, 10],
  [/[^\p{L}\p{N}]/u, 20],
]

export function strengthOf(passPhrase: string): Strength {
  if (passPhrase.trim() === '')
    return { level: 'none', words: 'Best are five or more words that do not belong together.' }
  const bits = bitsOf(passPhrase)
  if (bits < FAIR_BITS) return { level: 'weak', words: 'Weak: who gets the file can guess it. Make it longer.' }
  if (bits < STRONG_BITS) return { level: 'fair', words: 'Fair. Another word or two would make it strong.' }
  return { level: 'strong', words: 'Strong, if nobody else would come up with it.' }
}

export function bitsOf(passPhrase: string): number {
  const characters = Array.from(passPhrase)
  const pool = POOLS.reduce((sum, [kind, size]) => (kind.test(passPhrase) ? sum + size : sum), 0)
  // A run of the same, and what comes again and again, is worth no more than once and a half.
  const worth = Math.min(characters.length, 1.5 * new Set(characters).size)
  const asCharacters = worth * Math.log2(Math.max(2, pool))
  const words = new Set(passPhrase.toLowerCase().match(/\p{L}{3,}/gu) ?? [])
  const rest = passPhrase.replaceAll(/\p{L}{3,}/gu, '').replaceAll(/\s/g, '')
  // Words are guessed as words.
  const asWords = words.size * WORD_BITS + rest.length * Math.log2(30)
  return Math.min(asCharacters, words.size > 0 ? asWords : asCharacters)
}
