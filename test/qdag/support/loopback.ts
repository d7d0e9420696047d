/** Two ledgers that share, without a network between them: what one sends, the other gets a moment later, in order. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { parsePeerId, type PeerId } from '../../../protocol/peer-id.ts'
import type { LedgerNetwork, SharedLedger } from '../../../client/qdag/api.ts'

type Receive = Parameters<LedgerNetwork['channel']>[1]
type Follow = Parameters<LedgerNetwork['on']>[1]

class LoopbackEnd implements LedgerNetwork {
  readonly peers = new Map<PeerId, unknown>()
  /** How much was sent from here, and in how many messages. */
  sentBytes = 0
  sentMessages = 0
  readonly #self: PeerId
  #other: LoopbackEnd | undefined
  #receive: Receive | undefined
  readonly #followers = { peer: [] as Follow[], 'peer-left': [] as Follow[] }

  constructor(self: PeerId) {
    this.#self = self
  }

  channel(_: number, receive: Receive): void {
    this.#receive = receive
  }

  on(type: 'peer' | 'peer-left', follow: Follow): void {
    this.#followers[type].push(follow)
  }

  async send(_: PeerId, data: Bytes): Promise<void> {
    const other = this.#other
    if (!other) throw new Error('nobody is there')
    this.sentBytes += data.length
    this.sentMessages++
    const copy = data.slice()
    setTimeout(() => {
      if (this.#other === other) other.#receive?.({ peer: { id: this.#self }, data: copy })
    })
  }

  meet(other: LoopbackEnd): void {
    this.#other = other
    this.peers.set(other.#self, other)
    for (const follow of this.#followers.peer) follow({ peer: { id: other.#self } })
  }

  part(): void {
    const other = this.#other
    if (!other) return
    this.#other = undefined
    this.peers.delete(other.#self)
    for (const follow of this.#followers['peer-left']) follow({ peer: { id: other.#self } })
  }
}

export interface Loopback {
  readonly ends: readonly [LoopbackEnd, LoopbackEnd]
  meet(): void
  part(): void
}

/** Attaches both, and has them meet. */
export function loopback(one: SharedLedger, other: SharedLedger): Loopback {
  const ends = [new LoopbackEnd(peerId('A')), new LoopbackEnd(peerId('B'))] as const
  one.attach(ends[0])
  other.attach(ends[1])
  const meet = () => {
    ends[0].meet(ends[1])
    ends[1].meet(ends[0])
  }
  meet()
  return {
    ends,
    meet,
    part: () => {
      for (const end of ends) end.part()
    },
  }
}

function peerId(letter: string): PeerId {
  const id = parsePeerId(letter.repeat(21) + 'A')
  if (!id) throw new Error('not a peer id')
  return id
}
