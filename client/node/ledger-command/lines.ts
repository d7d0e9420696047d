/** Reads lines of a file that may be anything: no line of it, however long, fills the memory. */
import { StringDecoder } from 'node:string_decoder'
import { MAX_JSON_LINE_CHARACTERS } from '../../qdag/entry-limits.ts'

/** One more than an entry has, so that what was cut is refused for its length. */
export const MAX_LINE_CHARACTERS = MAX_JSON_LINE_CHARACTERS + 1

/**
 * The lines of a stream, without their ends. What of a line is beyond the limit is left out, so that it is still one line
 * and counts as one.
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const keep = (text: string) => {
    if (rest.length < MAX_LINE_CHARACTERS) rest += text.slice(0, MAX_LINE_CHARACTERS - rest.length)
  }
  for await (const chunk of stream) {
    const pieces = decoder.write(Buffer.from(chunk)).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      keep(piece)
      yield rest.replace(/\r$/, '')
      rest = ''
    }
    keep(last)
  }
  keep(decoder.end())
  if (rest !== '') yield rest
}
