/**
 * Names of properties that only the SDK's own parts use on each other: the served file may call them what it likes.
 * None may be part of the public surface, of a JSON text or of the platform; the layouts of bytes bear no names.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const NAMES = `
  accepted acknowledge acknowledgedBytes agree announce answered areScarce asked askedAtMs bindKey burst
  carrierIsReady carry connecting correct costBytes counter creditBytes cut deadlineMs deliver deliveredSeq
  directDead directDoubtful down drain drained endSeq enter envelope envelopes excuse expected fingerprints
  firstSeq generation goodUntilMs granted hasLeftRoom hasSlot heard heardAtMs hello hold home introduced
  introFrameBytes isDirect isEmpty isFresh isHolding isIntroduced isOver isPartial isReady isSealing isSettled
  issuedAtMs isSuspect isText isWaiting lingering lowerRttMs manager mayVerify measured meet meter misbehaved
  moved nextSeq nowMs offers pathChanged patienceMs perSecond pingedAtMs post pump purpose receive reconsider
  records refused rejected relayCreditBytes relayDown relayUp remotes resend restarted retryAtMs retryTimer
  rtcHere rtcThere sealed sealer sealKey sendEnvelope slots tick ticketAccepted ticketRefused webSocket
  windowBytes
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
