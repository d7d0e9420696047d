/**
 * A network's office at its host, where those who are not in the network ask to be let in and those who decide find them.
 * Everything that is asked is signed for one request, so that nobody can ask in another's name.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { signPetition, type Petition, type PetitionPurpose } from '../../protocol/petition.ts'
import type { Clock } from '../clock.ts'
import type { Identity } from '../identity/identity.ts'
import type { RoomUrl } from '../room-url.ts'
import { refusedError } from './fault.ts'
import { askHost } from './host.ts'

type Wish = Pick<Petition, 'purpose'> & Partial<Pick<Petition, 'name' | 'note' | 'subject'>>

const PATHS: Record<PetitionPurpose, string> = { wait: 'waiting', review: 'reviews', decline: 'declines' }

export class Office {
  readonly #room: RoomUrl
  readonly #network: Bytes
  readonly #identity: Identity
  readonly #clock: Clock

  constructor(room: RoomUrl, network: Bytes, identity: Identity, clock: Clock) {
    this.#room = room
    this.#network = network
    this.#identity = identity
    this.#clock = clock
  }

  /**
   * Asks for something, and gives the host's answer. A wrong clock is corrected by the host's, once.
   *
   * @throws EdgeNetError `membership` (reason a refusal code), `room-unreachable`, `aborted`
   */
  async petition(wish: Wish, signal?: AbortSignal): Promise<unknown> {
    const url = `${this.#room.http}/${PATHS[wish.purpose]}`
    const ask = async () => askHost(url, { body: await this.#signed(wish), signal })
    let answer = await ask()
    if ('refusal' in answer && answer.refusal.code === 'petition-clock') {
      this.#clock.correct(answer.refusal.serverTimeMs)
      answer = await ask()
    }
    if ('refusal' in answer) throw refusedError(answer.refusal)
    return answer.value
  }

  /** Hands in what is signed by itself. @throws EdgeNetError `membership`, `room-unreachable`, `aborted` */
  async handIn(path: 'approvals' | 'revocations', body: string): Promise<void> {
    const answer = await askHost(`${this.#room.http}/${path}`, { body })
    if ('refusal' in answer) throw refusedError(answer.refusal)
  }

  #signed({ purpose, name = '', note = '', subject = new Uint8Array(0) }: Wish): Promise<string> {
    const { publicKey: identity } = this.#identity
    const { host } = this.#room
    const issuedAtMs = this.#clock.nowMs()
    const petition = { purpose, network: this.#network, identity, issuedAtMs, host, name, note, subject }
    return signPetition(petition, (bytes) => this.#identity.sign(bytes))
  }
}
