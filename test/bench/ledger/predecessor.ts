/**
 * The bookkeeping of the code that Edge-Net replaces, as far as it matters for its price: entries are objects under hex
 * texts, and each new one adds to the weight of everything that it builds on, with a walk to the beginning.
 */
import type { Entry } from '../../../client/qdag/entry.ts'

interface Node {
  readonly id: string
  readonly contributor: string
  readonly writer: string
  readonly seq: number
  readonly timestamp: number
  readonly computeUnits: number
  readonly taskId: string
  readonly parents: readonly string[]
  weight: number
}

export class Predecessor {
  readonly #nodes = new Map<string, Node>()
  readonly #tips = new Set<string>()

  get size(): number {
    return this.#nodes.size
  }

  /** @param isWeighed without it only the entry itself is kept: what memory is measured with */
  add(entry: Entry, isWeighed: boolean): void {
    const node: Node = {
      id: hex(entry.id),
      contributor: hex(entry.contributor),
      writer: hex(entry.writer),
      seq: entry.seq,
      timestamp: entry.tsMs,
      computeUnits: entry.computeUnits,
      taskId: entry.taskId,
      parents: [...entry.parents, ...(entry.prev ? [entry.prev] : [])].map(hex),
      weight: 1,
    }
    this.#nodes.set(node.id, node)
    for (const parent of node.parents) this.#tips.delete(parent)
    this.#tips.add(node.id)
    if (isWeighed) this.#weigh(node)
  }

  #weigh(node: Node): void {
    const past = new Set(node.parents)
    for (const id of past) {
      const before = this.#nodes.get(id)
      if (!before) continue
      before.weight++
      for (const parent of before.parents) past.add(parent)
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
