/**
 * The control of the link benches: a plain WebSocket that is a member of a real room and sends envelopes as it likes, and
 * bare RTCPeerConnections signalled through it, written by hand, plain and not clever. No keys, no acknowledgements, no
 * recovery but a socket that is opened again when it closes.
 */
import { PING_TEXT, SUBPROTOCOL } from '../../../../protocol/limits.ts'
import { fail, offerLanes, type End, type Via } from './lane.ts'

const HEADER_BYTES = 18
const KIND = { signal: 1, relay: 2 } as const
/** Raw messages are as long as sealed ones: 28 bytes of seal and 16 of frame header. */
const OVERHEAD_BYTES = 44
/** Hint from research: Chromium is fastest with little queued. */
const HIGH_WATER_BYTES = 64 * 1024

/** The room drops members that say nothing; it answers this without waking. */
const PING_EVERY_MS = 5_000

interface Signal {
  /** Counted by the offerer; older connections' signals are dropped. */
  readonly number: number
  readonly description?: RTCSessionDescriptionInit
  readonly candidate?: RTCIceCandidateInit
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

offerLanes(async ({ roomUrl, direct, raw }, lane, Engine) => {
  if (!raw) throw new Error('The control has not been given its tickets.')
  const { otherId, tickets, offers } = raw
  const receiver = Uint8Array.fromBase64(otherId, { alphabet: 'base64url' })
  let socket: WebSocket
  let connection: RTCPeerConnection | undefined
  let channel: RTCDataChannel | undefined
  let number = 0
  let connections = 0
  let isSeen = false
  let hasLeft = false

  const relay = (kind: number, text: string) => {
    if (socket.readyState !== WebSocket.OPEN) return
    const body = encoder.encode(text)
    const padding = kind === KIND.relay ? OVERHEAD_BYTES : 0
    const envelope = new Uint8Array(HEADER_BYTES + padding + body.length)
    envelope[0] = kind
    envelope.set(receiver, 2)
    envelope.set(body, HEADER_BYTES + padding)
    socket.send(envelope)
  }
  const signal = (message: Signal) => relay(KIND.signal, JSON.stringify(message))

  const newConnection = () => {
    connection?.close()
    const made = new Engine()
    made.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate) signal({ number, candidate: candidate.toJSON() })
    })
    made.addEventListener('datachannel', (event) => use(event.channel))
    connection = made
    return made
  }
  const use = (made: RTCDataChannel) => {
    channel = made
    made.binaryType = 'arraybuffer'
    made.bufferedAmountLowThreshold = HIGH_WATER_BYTES / 2
    const opened = () => lane.mark('direct')
    if (made.readyState === 'open') opened()
    else made.addEventListener('open', opened)
    made.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      lane.heard(typeof data === 'string' ? data : new Uint8Array(data), 'direct')
    })
  }
  const offer = async () => {
    number++
    const made = newConnection()
    use(made.createDataChannel('data'))
    await made.setLocalDescription()
    if (made.localDescription) signal({ number, description: made.localDescription.toJSON() })
  }
  const onSignal = async (message: Signal) => {
    const { description, candidate } = message
    if (description?.type === 'offer') {
      number = message.number
      const made = newConnection()
      await made.setRemoteDescription(description)
      await made.setLocalDescription()
      if (made.localDescription) signal({ number, description: made.localDescription.toJSON() })
    } else if (message.number === number) {
      if (description) await connection?.setRemoteDescription(description)
      else if (candidate) await connection?.addIceCandidate(candidate)
    }
  }

  const pings = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(PING_TEXT)
  }, PING_EVERY_MS)

  const end: End = {
    send: async (data, via: Via) => {
      if (via === 'relay') return relay(KIND.relay, String(data))
      if (channel?.readyState !== 'open') return
      if (typeof data === 'string') channel.send(data)
      else channel.send(data)
      const full = channel
      if (full.bufferedAmount > HIGH_WATER_BYTES) {
        await new Promise((resolve) => full.addEventListener('bufferedamountlow', resolve, { once: true }))
      }
    },
    leave: async () => {
      hasLeft = true
      clearInterval(pings)
      connection?.close()
      socket.close(1000)
    },
    offer,
  }

  const connect = (): Promise<void> =>
    new Promise((resolve) => {
      const ticket = tickets[connections++]
      if (ticket === undefined) throw new Error('The control has no ticket left.')
      socket = new WebSocket(roomUrl.replace('http', 'ws'), [SUBPROTOCOL, ticket])
      socket.binaryType = 'arraybuffer'
      socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
        if (typeof data !== 'string') {
          const bytes = new Uint8Array(data)
          if (bytes[0] === KIND.signal) {
            onSignal(JSON.parse(decoder.decode(bytes.subarray(HEADER_BYTES))) as Signal).catch(fail)
          } else lane.heard(decoder.decode(bytes.subarray(HEADER_BYTES + OVERHEAD_BYTES)), 'relay')
          return
        }
        resolve()
        if (isSeen || !data.includes('"announcement"')) return
        isSeen = true
        lane.seen(end)
        if (direct && offers) offer().catch(fail)
      })
      socket.addEventListener('close', ({ code, reason }) => {
        if (code > 4_000) fail(new Error(`The room closed: ${code} ${reason}`))
        if (!hasLeft) connect().catch(fail)
      })
    })
  await connect()
  lane.mark('in-room')
  return end
})
