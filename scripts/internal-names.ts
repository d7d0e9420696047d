/**
 * Names of properties that only the SDK's own parts use on each other: the served file may call them what it likes.
 * None may be part of the public surface or of a JSON text, or be one that we use of the platform (as `connection` of
 * `navigator`, `privateKey` of a CryptoKeyPair); the layouts of bytes bear no names.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const NAMES = `
  accepted acknowledge acknowledgedBytes activeAtMs addCandidates after againAtMs agree answered areScarce asked
  askedAtMs attempt attemptFailed best bindKey burst candidates carrierDown carrierIsReady carrierUp carry ciphertext
  clock connecting correct costBytes counter creditBytes creditKiB current cut deadlineMs deliver deliveredSeq directClosed
  directDead directDoubtful directFrame directOpened drain drained emitter ended endSeq enter envelopes epoch excuse
  expected fingerprint fingerprints firstSeq flags found generation goodUntilMs granted hand handleCandidates handlerFailed
  handleWantOffer hasBegun hasDirect hasLeftRoom hasPath hasSlot hasTold heardAtMs heardVia hello hold idle incarnation
  introduce introduced introFrameBytes isAnyUp isClosing isDirect isDoubtful isEmpty isFresh isHolding isIntroduced
  isOpen isOver isOverdrawn isPartial isPrepared isReading isSettled isSilent issuedAtMs isSuspect isText
  isVerified isWaiting lifeMs lingering look lowerRttMs mac manager maxMessageBytes mayVerify measured meet meter
  meterOf mid misbehaved moved nextMs nextSeq nudged offers opened openedAtMs opener password pathChanged patienceMs
  pause perSecond pingAtMs pingedAtMs ponged post prepare prepareWhenIdle probes profile pump purpose receive
  reconsider record records refused relayAnswers relayCreditBytes relayDown relayIsUpX relayReady relayUp remotes
  reportOf resend restarted retryAtMs retryTimer rtcHere rtcThere sealer sealKey sendProbe settled setup silence
  slept slots startedAtMs startWaiting steeredAtMs suspect tick ticket ticketAccepted ticketRefused timers tries ufrag webSocket
  welcomed windowBytes
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
