/**
 * Not hostile, only unhelpful: has a chain of entries that nobody else has, says only the last of them, and gives the
 * others to whoever asks for them by their ids.
 */
import type { Entry } from '../../../../client/qdag/entry.ts'
import { encodeBatch } from '../../../../client/qdag/batch.ts'
import { encodeMessage } from '../../../../client/qdag/sync/messages.ts'
import { keyOf } from '../reference.ts'
import type { Rogue } from './rogue.ts'
import type { Vice } from './vice.ts'

export function aloof(stash: ReadonlyMap<string, Entry>): Vice {
  return {
    name: 'aloof',
    isShy: true,
    hear: (_rogue, end, message) => {
      if (message.kind !== 'qdag_fetch') return false
      const entries = message.ids.flatMap((id) => stash.get(keyOf(id)) ?? [])
      if (entries.length > 0) end.send(encodeMessage('qdag_entries', { batch: encodeBatch(entries) }))
      return entries.length > 0
    },
  }
}

/** A chain on the present tips. */
export function chainOf(rogue: Rogue, length: number): Entry[] {
  const chain = [rogue.entry()]
  for (let last = chain[0]; last && chain.length < length; last = chain.at(-1)) {
    const { id: prev, writer, tsMs } = last
    chain.push(rogue.entry({ seq: chain.length, prev, writer, tsMs: tsMs + 1, parents: [prev] }))
  }
  return chain
}
