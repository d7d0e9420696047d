/**
 * Names of properties that only the SDK's own parts use on each other: the served file may call them what it likes.
 * None may be part of the public surface or of a JSON text, or be one that we use of the platform (as `connection` of
 * `navigator`, `privateKey` of a CryptoKeyPair); the layouts of bytes bear no names.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const NAMES = `
  accepted acknowledge acknowledgedBytes addCandidates after agree announce answered areScarce asked askedAtMs
  attempt attemptFailed bindKey burst candidates carrier carrierIsReady carry ciphertext clock connecting correct
  costBytes counter creditBytes creditKiB cut deadlineMs deliver deliveredSeq directClosed directDead
  directDoubtful directFrame directOpened directWritable down drain drained emitter endSeq enter envelope
  envelopes epoch excuse expected fields fingerprint fingerprints firstSeq flags generation goodUntilMs granted
  handleCandidates handlerFailed handleWantOffer hasLeftRoom hasSlot heard heardAtMs hello hold home idle
  incarnation introduced introFrameBytes isClosing isDirect isEmpty isFresh isHolding isIntroduced isOpen isOver
  isOverdrawn isPartial isPrepared isReady isSealing isSettled issuedAtMs isSuspect isText isVerified isWaiting
  lingering link lowerRttMs mac manager maxMessageBytes mayVerify measured meet meter mid misbehaved moved nextSeq
  note nowMs offers opened openedAtMs opener parameters password pathChanged patienceMs pause perSecond pingedAtMs
  post prepare prepareWhenIdle probes profile pump purpose receive reconsider record records refused
  relayCreditBytes relayDown relayReady relayUp remotes renew reportOf resend restarted retryAtMs retryTimer
  rtcHere rtcThere sealed sealer sealKey sendEnvelope sendProbe settled setup slots startedAtMs startWaiting take
  tick ticket ticketAccepted ticketRefused timers told ufrag webSocket welcomed windowBytes
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
