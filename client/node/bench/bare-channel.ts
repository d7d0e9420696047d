/**
 * The control of the direct path: two bare connections of the same WebRTC engine in this process, with one data channel and
 * nothing of Edge-Net on it.
 */
import { once } from 'node:events'
import type { RtcEngine } from '../../api.ts'

/** ICE and DTLS on one machine; one lost DTLS packet costs a second (LIMITS.md). */
const OPEN_MS = 15_000
/** What a link puts into one frame on a direct path. */
const CHUNK_BYTES = 16_384
/** The same as a link's: more in the channel makes it slower. */
const BUFFER_BYTES = 65_536

export interface BareChannel {
  /** Milliseconds from the first word to the open channel. */
  readonly openedAfterMs: number
  readonly roundTripMs: () => Promise<number>
  /** MiB/s of so many bytes, from the first one until the other side has said that it has all. */
  readonly throughput: (byteLength: number) => Promise<number>
  close(): void
}

/** @returns `undefined` when it does not open */
export async function openBareChannel({ RTCPeerConnection }: RtcEngine): Promise<BareChannel | undefined> {
  const startedMs = performance.now()
  const [offerer, answerer] = [new RTCPeerConnection({ iceServers: [] }), new RTCPeerConnection({ iceServers: [] })]
  const close = () => {
    offerer.close()
    answerer.close()
  }
  const letGo = [holdCandidates(offerer, answerer), holdCandidates(answerer, offerer)]
  const [near, far] = [offerer, answerer].map((connection) =>
    connection.createDataChannel('bench', { negotiated: true, id: 0 }),
  )
  if (!near || !far) return undefined
  const opened = Promise.all([near, far].map((channel) => isOpen(channel)))
  await offerer.setLocalDescription(await offerer.createOffer())
  await answerer.setRemoteDescription(present(offerer.localDescription))
  await answerer.setLocalDescription(await answerer.createAnswer())
  await offerer.setRemoteDescription(present(answerer.localDescription))
  for (const release of letGo) release()
  if (!(await opened).every(Boolean)) {
    close()
    return undefined
  }
  near.binaryType = 'arraybuffer'
  far.binaryType = 'arraybuffer'
  return { openedAfterMs: performance.now() - startedMs, ...between(near, far), close }
}

/** Candidates that come before the other side has a description are for later. @returns has them go */
function holdCandidates(from: RTCPeerConnection, to: RTCPeerConnection): () => void {
  const held: RTCIceCandidate[] = []
  const add = (candidate: RTCIceCandidate) => void to.addIceCandidate(candidate)
  let take = (candidate: RTCIceCandidate): unknown => held.push(candidate)
  from.onicecandidate = ({ candidate }) => void (candidate && take(candidate))
  return () => {
    take = add
    held.forEach(add)
  }
}

function between(near: RTCDataChannel, far: RTCDataChannel): Pick<BareChannel, 'roundTripMs' | 'throughput'> {
  let expectedBytes = 0
  far.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === 'string') return far.send(data)
    expectedBytes -= data.byteLength
    if (expectedBytes <= 0) far.send('all')
  }
  const answered = () => new Promise<void>((resolve) => (near.onmessage = () => resolve()))
  return {
    async roundTripMs() {
      const startedMs = performance.now()
      const back = answered()
      near.send('ping')
      await back
      return performance.now() - startedMs
    },
    async throughput(byteLength) {
      const chunk = new Uint8Array(CHUNK_BYTES)
      expectedBytes = byteLength
      near.bufferedAmountLowThreshold = BUFFER_BYTES / 2
      const startedMs = performance.now()
      const all = answered()
      for (let sent = 0; sent < byteLength; sent += CHUNK_BYTES) {
        if (near.bufferedAmount >= BUFFER_BYTES) await once(near, 'bufferedamountlow')
        near.send(chunk)
      }
      await all
      return mebibytesPerSecond(byteLength, performance.now() - startedMs)
    },
  }
}

export function mebibytesPerSecond(byteLength: number, ms: number): number {
  return byteLength / 1_048_576 / (ms / 1_000)
}

function isOpen(channel: RTCDataChannel): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(false), OPEN_MS)
    channel.onopen = () => {
      clearTimeout(giveUp)
      resolve(true)
    }
  })
}

function present(description: RTCSessionDescription | null): RTCSessionDescription {
  if (!description) throw new Error('The WebRTC engine has no description of what it has set.')
  return description
}
