/** Which peers are meant: by id, by the beginning of one, or by name. */

export interface Candidate {
  readonly id: string
  readonly name: string
}

/**
 * The peers that a word means. An id means one peer; otherwise all whose id begins with it; otherwise all of that name.
 * More than one is for the caller to refuse: names and beginnings need not be unique.
 */
export function meant<Peer extends Candidate>(word: string, peers: readonly Peer[]): readonly Peer[] {
  const exact = peers.filter(({ id }) => id === word)
  if (exact.length > 0) return exact
  const begun = peers.filter(({ id }) => id.startsWith(word))
  return begun.length > 0 ? begun : peers.filter(({ name }) => name === word)
}
