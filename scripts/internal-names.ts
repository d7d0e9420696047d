/**
 * Names of properties that only the SDK's own parts use on each other: the served file may call them what it likes.
 * None may be part of the public surface, of a JSON text or of the platform; the layouts of bytes bear no names.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const NAMES = `
  accepted acknowledge announce answered askedAtMs bindKey burst carrierIsReady carry connecting
  correct counter deadlineMs deliver enter envelopes fingerprints generation hello home introFrameBytes isDirect
  isFresh isReady isSealing issuedAtMs mayVerify meet misbehaved nowMs pathChanged perSecond pump purpose
  receive refused rejected resend restarted sealed sealKey ticketAccepted webSocket windowBytes
`
  .trim()
  .split(/\s+/)

export const INTERNAL_NAMES = new RegExp(`^(?:${NAMES.join('|')})$`)

/** Throws when a declaration that the served SDK's users can reach has one of the names. */
export async function checkInternalNames(entry: string): Promise<void> {
  const paths = new Set([entry])
  // A path that is added while the loop runs has its turn, too.
  for (const path of paths) {
    const text = await readFile(path, 'utf8')
    for (const [, target = ''] of text.matchAll(/from ['"](\..+?)\.js['"]/g)) {
      paths.add(join(dirname(path), `${target}.d.ts`))
    }
    const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*|'.*?'|".*?"/g, '')
    const taken = code.match(/\w+/g)?.find((word) => INTERNAL_NAMES.test(word))
    if (taken) throw new Error(`${path} makes ${taken} public: scripts/internal-names.ts must not list it`)
  }
}
