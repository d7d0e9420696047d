/**
 * What a malicious room can be told to do. An attack sees every envelope and every control message on its last step to a
 * member, and decides what arrives instead; it can also say and deliver anything of its own to anybody, at any time.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'

/** An envelope between two members. `kind` is the byte on the wire, whether anybody knows it or not. */
export interface Carried {
  readonly kind: number
  readonly from: PeerId
  readonly to: PeerId
  readonly body: Bytes
}

/** A member as the room knows it. */
export interface Victim {
  readonly id: PeerId
  readonly announcement: Bytes
}

/** A control message on its way to a member, parsed, with announcements as base64url texts. */
export type Told = Readonly<Record<string, unknown>> & { readonly type: string }

/** What the room has in its hands. All that is done with it counts as tampering. */
export interface Lair {
  /** The network's name. */
  readonly network: string
  /** Who is in the room now, by the time of joining. */
  readonly victims: readonly Victim[]
  /** Every envelope that any member has ever sent, oldest first. */
  readonly past: readonly Carried[]
  /** Every control message that the honest room has said, oldest first. */
  readonly said: readonly { readonly to: PeerId; readonly text: string }[]
  /** Every announcement that the door has ever seen, oldest first. */
  readonly announcements: readonly Bytes[]
  /** What another room of this Worker has seen. */
  readonly loot: (network: string) => Promise<Loot>
  /** Hands an envelope to `to`, in the name of `from`. */
  readonly deliver: (envelope: Carried) => void
  readonly say: (to: PeerId, message: Told) => void
  readonly raw: (to: PeerId, data: string | Bytes) => void
  /** Closes a member's socket. */
  readonly cut: (to: PeerId, code: number) => void
  /** Unless the attack is over by then. */
  readonly later: (delayMs: number, action: () => void) => void
  /** Uniform in [0, 1), from the attack's seed. */
  readonly random: () => number
}

export interface Loot {
  readonly past: readonly Carried[]
  readonly announcements: readonly Bytes[]
}

export interface Attack {
  /** Once, at the start. */
  readonly begin?: (lair: Lair) => void | Promise<void>
  /** What arrives instead of an envelope; the same object in it is the honest one. */
  readonly envelope?: (envelope: Carried, lair: Lair) => readonly Carried[]
  /** What arrives instead of a control message. */
  readonly control?: (message: Told, to: PeerId, lair: Lair) => readonly (Told | string)[]
  /** Once, when the room repents: hands out what was held back. */
  readonly end?: (lair: Lair) => void
}

/** @param network another room of the same Worker, for attacks that need one */
export type MakeAttack = (network: string) => Attack

/** How an attack is ordered. */
export interface Order {
  readonly name: string
  /** Chance decides by it what is hit. */
  readonly seed: number
  /** Another room of this Worker, where an attack needs one. */
  readonly network?: string
}
