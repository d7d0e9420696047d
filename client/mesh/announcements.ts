/** Whose announcements are: proven once, remembered for a while, and never too many at once. */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { nowMs } from '../clock.ts'
import { AgingMap } from './aging-map.ts'
import type { MeshHost, ProvenMember } from './api.ts'

/** Twice the members that a mesh knows of. */
const MAX_REMEMBERED = 256
/** Members are removed, and announcements end; who is a neighbour is judged anew by the links. */
const REMEMBERED_MS = 60_000
/** At 0.3 ms each, so that a crowd of strangers cannot keep the thread busy. What is beyond is not proven. */
const MAX_AT_ONCE = 320

export class Announcements {
  readonly #host: Pick<MeshHost, 'prove'>
  readonly #idOf: (bytes: Bytes) => Bytes
  readonly #proven = new AgingMap<string, Promise<ProvenMember | undefined>>(MAX_REMEMBERED, REMEMBERED_MS)
  #running = 0

  constructor(host: Pick<MeshHost, 'prove'>, idOf: (bytes: Bytes) => Bytes) {
    this.#host = host
    this.#idOf = idOf
  }

  /** Whose it is; `undefined` when it proves nothing, or nobody has the time. Never rejects. */
  prove(announcement: Bytes): Promise<ProvenMember | undefined> {
    const key = toBase64Url(this.#idOf(announcement))
    const known = this.#proven.get(key, nowMs())
    if (known) return known
    if (this.#running >= MAX_AT_ONCE) return Promise.resolve(undefined)
    this.#running++
    const proving = this.#host.prove(announcement).finally(() => this.#running--)
    void this.#proven.set(key, proving, nowMs())
    return proving
  }
}
