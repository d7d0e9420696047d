/**
 * The control: a plain RTCPeerConnection with one data channel, signalled over the bare room, every candidate as it
 * comes. What it does not reach, WebRTC alone does not reach between these two networks.
 */

export interface BareResult {
  /** When the offerer made its connection; absent on the answerer's side. */
  readonly startedAtMs: number | undefined
  /** When the channel opened; absent if it did not in time. */
  readonly openedAtMs: number | undefined
  /** Types of the selected candidates, as this side names them. */
  readonly pair: string | undefined
}

interface Signal {
  readonly from: string
  readonly description?: RTCSessionDescriptionInit
  readonly candidate?: RTCIceCandidateInit
}

type Role = 'offerer' | 'answerer'

/** What shows a pair: one needs a little time to settle. */
const SETTLE_MS = 300

export class BareConnection {
  readonly #socket: WebSocket
  readonly #role: Role
  readonly #make: () => RTCPeerConnection
  readonly #opened: Promise<number>
  #pc: RTCPeerConnection | undefined
  #channel: RTCDataChannel | undefined
  #startedAtMs: number | undefined
  #early: RTCIceCandidateInit[] | undefined = []
  #open: (atMs: number) => void = () => undefined

  constructor(socket: WebSocket, role: Role, make: () => RTCPeerConnection) {
    this.#socket = socket
    this.#role = role
    this.#make = make
    this.#opened = new Promise((resolve) => (this.#open = resolve))
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Partial<Signal>
      if (message.description) void this.#described(message.description)
      else if (message.candidate) void this.#candidate(message.candidate)
    })
  }

  /** As offerer, offers first. */
  async result(timeoutMs: number): Promise<BareResult> {
    if (this.#role === 'offerer') await this.#offer()
    const tooLate = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), timeoutMs))
    const openedAtMs = await Promise.race([this.#opened, tooLate])
    if (openedAtMs !== undefined) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const pair = openedAtMs === undefined || !this.#pc ? undefined : await selectedPair(this.#pc)
    this.#socket.close()
    this.#pc?.close()
    return { startedAtMs: this.#startedAtMs, openedAtMs, pair }
  }

  async #offer(): Promise<void> {
    this.#startedAtMs = performance.timeOrigin + performance.now()
    const pc = this.#connection()
    this.#use(pc.createDataChannel('bare'))
    await this.#describe(pc, await pc.createOffer())
  }

  async #described(description: RTCSessionDescriptionInit): Promise<void> {
    const pc = (this.#pc ??= this.#connection())
    await pc.setRemoteDescription(description)
    if (description.type === 'offer') {
      await this.#describe(pc, await pc.createAnswer())
    }
    const early = this.#early ?? []
    this.#early = undefined
    for (const candidate of early) await this.#candidate(candidate)
  }

  /** Says it first: libdatachannel fails on descriptions that have candidates in them already. */
  async #describe(pc: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    this.#send({ description: { type: description.type, sdp: withoutCandidates(description.sdp ?? '') } })
    await pc.setLocalDescription(description)
  }

  async #candidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (this.#early) this.#early.push(candidate)
    // An address that an engine cannot use is no reason to give up the others.
    else await this.#pc?.addIceCandidate(candidate).catch(() => undefined)
  }

  #connection(): RTCPeerConnection {
    const pc = (this.#pc = this.#make())
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.candidate) {
        this.#send({ candidate: { candidate: candidate.candidate.replace(/^a=/, ''), sdpMid: candidate.sdpMid } })
      }
    })
    pc.addEventListener('datachannel', ({ channel }) => this.#use(channel))
    return pc
  }

  #use(channel: RTCDataChannel): void {
    this.#channel = channel
    const opened = () => this.#open(performance.timeOrigin + performance.now())
    if (this.#channel.readyState === 'open') opened()
    else channel.addEventListener('open', opened)
  }

  #send(message: object): void {
    const to = this.#role === 'offerer' ? 'answerer' : 'offerer'
    this.#socket.send(JSON.stringify({ to, ...message }))
  }
}

/** Enters the bare room. */
export async function answerBare(
  url: string,
  role: Role,
  iceServers: RTCIceServer[],
  Connection: typeof RTCPeerConnection,
): Promise<BareConnection> {
  const socket = new WebSocket(`${url}?id=${role}`)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`no bare room at ${url}`)))
  })
  return new BareConnection(socket, role, () => new Connection({ iceServers }))
}

function withoutCandidates(sdp: string): string {
  return sdp.replaceAll(/^a=(candidate:|end-of-candidates).*\r?\n/gm, '')
}

async function selectedPair(pc: RTCPeerConnection): Promise<string | undefined> {
  const stats = new Map<string, Record<string, unknown>>()
  ;(await pc.getStats()).forEach((entry: { id: string }) => stats.set(entry.id, { ...entry }))
  const entries = [...stats.values()]
  const transport = entries.find(({ type }) => type === 'transport')
  const chosen = stats.get(String(transport?.['selectedCandidatePairId']))
  const pair =
    chosen ??
    entries.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded')
  if (!pair) return undefined
  const typeOf = (key: string) => String(stats.get(String(pair[key]))?.['candidateType'])
  return `${typeOf('localCandidateId')}/${typeOf('remoteCandidateId')}`
}
