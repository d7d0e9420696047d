/** What a peer is called on a terminal. */
import { nameOr, shortId } from '../words.ts'
import { safeText, type Style } from './terminal.ts'

/** The name that it gave itself, together with what it cannot choose. */
export function peerLabel({ name, id }: { readonly name: string; readonly id: string }, style: Style): string {
  return `${style.accent(safeText(nameOr(name, 'unnamed')))} ${style.dim(`(${shortId(id)})`)}`
}
