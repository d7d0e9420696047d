/**
 * A carrier of one's own: tabs of one browser, or clients in one Node process, find each other with no room at all. (In threads
 * of Node join with `direct: 'off'`: node-datachannel lives in one thread only.)
 *
 *     const network = await join('https://edge.example/n/mainnet', { carriers: [tabsCarrier()] })
 *
 * To carry over something else (MQTT, Nostr, a LAN), replace the BroadcastChannel, which `open`, `post` and `leave` use.
 * CARRIERS.md says what else a carrier may do, and must not.
 */
import { encodeEnvelope, MAX_RELAY_ENVELOPE_BYTES, readEnvelope } from 'edge-net/carrier'

/** Whoever looks for somebody looks again so often. On a medium that costs something, begin like this and slow down. */
const LOOK_EVERY_MS = 2_000
/** At least. Answers go to all, so one serves everybody who has asked meanwhile; random, so that not all answer at once. */
const ANSWER_AFTER_MS = 50

/** @returns {import('edge-net/carrier').Carrier} */
export function tabsCarrier() {
  /** @type {import('edge-net/carrier').CarrierSelf | undefined} */
  let self
  /** @type {import('edge-net/carrier').CarrierEvents | undefined} */
  let events
  /** @type {BroadcastChannel | undefined} */
  let channel
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let looking
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let answering
  let isSeeking = false
  let isAway = false

  /** What we say is one of two things: who we are, perhaps with a question for the others, or an envelope for somebody. */
  function post(/** @type {object} */ said) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    channel?.postMessage(said)
  }

  function show(isAsking = false) {
    clearTimeout(answering)
    answering = undefined
    if (self) post({ announcement: self.announcement(), isAsking })
  }

  /** Anybody of this origin can post anything. What is not as we post it is dropped; nothing may be thrown. */
  function heard(/** @type {MessageEvent<unknown>} */ { data }) {
    const { announcement, isAsking, to, envelope } = Object(data)
    // Nobody believes an announcement before its signature verifies, so it need not be checked here.
    const shown = bytesOf(announcement)
    if (shown) events?.met(shown)
    if (isAsking === true) answering ??= setTimeout(show, ANSWER_AFTER_MS * (1 + Math.random()))
    // A BroadcastChannel tells nobody of what he said himself. On a medium that does, drop what comes from `self.peerId`.
    const sent = to === self?.peerId && bytesOf(envelope)
    const read = sent && readEnvelope(sent)
    if (read) events?.envelope(read)
  }

  /** While somebody is missing, we show ourselves and ask the others to. Otherwise we are quiet, and only answer. */
  function look(isMissingSomebody = isSeeking) {
    isSeeking = isMissingSomebody
    clearInterval(looking)
    if (!isSeeking || !channel) return
    show(true)
    looking = setInterval(show, LOOK_EVERY_MS, true)
  }

  /** A medium that can break tells `down` when it has, connects again after pauses that grow, and tells `up` again. */
  function open() {
    if (!self || channel || isAway) return
    // Where strangers listen, take a hash of the network id, and seal what is said with another, as the carrier for Gun does.
    channel = new BroadcastChannel(`edge-net ${self.networkId.join()}`)
    channel.onmessage = heard
    events?.up()
    look()
  }

  function leave() {
    clearInterval(looking)
    clearTimeout(answering)
    answering = undefined
    channel?.close()
    channel = undefined
  }

  return {
    name: 'tabs',
    // It is as fast as this machine. A slow, small or public medium says false: then messages take direct paths only.
    carriesBulk: true,
    // Links bound what is on its way. A medium with a queue says false while it is full, and tells `ready` afterwards.
    get isReady() {
      return channel !== undefined
    },
    start(ourselves, receiver) {
      self = ourselves
      events = receiver
      // Nothing may be told within this call.
      queueMicrotask(open)
    },
    sendEnvelope(kind, to, body) {
      // In an envelope stands whom it is from. Encoding copies the bytes: the caller may change his afterwards.
      if (self) post({ to, envelope: encodeEnvelope({ kind, home: 0, peer: self.peerId, body }) })
    },
    announce: () => show(),
    seek: look,
    // Something may have changed. A medium with a socket finds out now whether it still works.
    nudge: () => look(),
    suspend() {
      isAway = true
      if (!channel) return
      leave()
      events?.down()
    },
    resume() {
      isAway = false
      open()
    },
    async close() {
      self = events = undefined
      leave()
    },
  }
}

const bytesOf = (/** @type {unknown} */ value) =>
  value instanceof Uint8Array && value.length <= MAX_RELAY_ENVELOPE_BYTES ? new Uint8Array(value) : undefined
