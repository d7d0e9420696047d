/** Whether two live peers have the same, by what each says it has: differing once may be entries on their way. */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'

/** The second time it is something else, or there are always some on their way. */
const MISMATCHES = 2

export class Agreement {
  /** What each side said last. */
  #ours: Bytes = new Uint8Array(0)
  #theirs: Bytes | undefined
  #mismatches = 0

  /** This is said. False when it was said before. */
  tell(digest: Bytes): boolean {
    const isNew = compareBytes(digest, this.#ours) !== 0
    this.#ours = digest
    return isNew
  }

  /** The other side says this. True when it is what is here. */
  hear(theirs: Bytes, ours: Bytes): boolean {
    this.#theirs = theirs
    const isSame = compareBytes(theirs, ours) === 0
    if (isSame) this.#mismatches = 0
    return isSame
  }

  /** What the other side said before counts no more. */
  begin(): void {
    this.#theirs = undefined
    this.#mismatches = 0
  }

  /** With this here, the two have differed for so long that it must be looked into. Asked now and then. */
  isDoubtful(ours: Bytes): boolean {
    const isSame = !this.#theirs || compareBytes(this.#theirs, ours) === 0
    this.#mismatches = isSame ? 0 : this.#mismatches + 1
    return this.#mismatches >= MISMATCHES
  }
}
