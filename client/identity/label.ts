/** What a person calls an identity, to tell their own apart. Nobody else sees it, except who gets a backup. */
import { utf8 } from '../../protocol/bytes.ts'

/** As a name in a room has; and a line of a list has not room for much more. */
export const MAX_LABEL_BYTES = 64

// C0 and C1 controls and DEL, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates: a label
// comes with a backup, so it may be a stranger's, and is shown beside the button that trusts it.
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

/** What is wrong with a label, as a sentence; `undefined` when nothing is. */
export function labelFault(label: string): string | undefined {
  if (label.trim() === '') return 'A label has at least one character that can be seen.'
  if (label.trim() !== label) return 'A label neither begins nor ends with a space.'
  if (!label.isWellFormed() || UNSAFE.test(label)) return 'A label has no control or direction characters.'
  const size = utf8(label).length
  if (size > MAX_LABEL_BYTES) return `The label has ${size} bytes of UTF-8; at most ${MAX_LABEL_BYTES} are allowed.`
  return undefined
}
