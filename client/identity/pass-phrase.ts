/** Pass phrases, and the key that is made of one. */
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { argon2id, type Waiting } from './argon2.ts'
import type { Cost } from './cost.ts'

/**
 * For a backup that is made. Who has a backup can guess without end, so this is the least that NIST SP 800-63B asks of a
 * secret that people remember; five words drawn by chance are what it takes to be at ease.
 */
export const MIN_PASS_PHRASE_CHARACTERS = 8
/** Nobody types more; and what is hashed before the work begins is bounded. */
export const MAX_PASS_PHRASE_CHARACTERS = 1_024

/** What is wrong with a pass phrase for a new backup, as a sentence; `undefined` when nothing is. */
export function passPhraseFault(passPhrase: string): string | undefined {
  if (passPhrase.trim() === '') return 'The pass phrase is empty.'
  if (passPhrase.length < MIN_PASS_PHRASE_CHARACTERS)
    return `A pass phrase has at least ${MIN_PASS_PHRASE_CHARACTERS} characters; five words that do not belong together are better.`
  if (passPhrase.length > MAX_PASS_PHRASE_CHARACTERS)
    return `A pass phrase has at most ${MAX_PASS_PHRASE_CHARACTERS} characters.`
  return undefined
}

/**
 * The AES-256-GCM key of a pass phrase. The pass phrase is taken in Unicode's normal form KC, since one keyboard writes an
 * accented or a wide letter otherwise than another.
 *
 * @throws EdgeNetError `aborted`; `unsupported`, when there is not enough memory
 */
export async function keyOfPassPhrase(
  passPhrase: string,
  salt: Bytes,
  cost: Cost,
  usage: 'encrypt' | 'decrypt',
  waiting: Waiting,
): Promise<CryptoKey> {
  const secret = utf8(passPhrase.normalize('NFKC'))
  try {
    const raw = await argon2id({ secret, salt, cost }, waiting)
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [usage])
    raw.fill(0)
    return key
  } finally {
    secret.fill(0)
  }
}
