/** What a test and the malicious host say to each other. */
import type { Order } from './attack.ts'

export type Command =
  | { readonly do: 'attack'; readonly order: Order }
  /** From now on the room is honest. */
  | { readonly do: 'repent' }
  /** The same, and all sockets are closed. */
  | { readonly do: 'redeploy' }
  /** Until then the door takes tickets of any date. */
  | { readonly do: 'open-door' }
  /** From now on its HTTP answers about the network, and what it does with what it is told, are these; an empty object is the truth. */
  | { readonly do: 'lie'; readonly lies: Lies }
  | { readonly do: 'count' }
  | { readonly do: 'seen' }

export interface Lies {
  /** Over what it truly says of the network. */
  readonly description?: Readonly<Record<string, unknown>>
  /** What it says are the approvals of whoever waits, base64url. */
  readonly approvals?: readonly string[]
  /** It says thanks for lists of revocations, keeps them to itself, and shows none. */
  readonly hidesRevocations?: boolean
}

export interface Answer {
  /** How often anything was tampered with since the last attack began. */
  readonly tampered: number
  /** How often anybody was let in. */
  readonly admitted: number
  /** Asked for by `seen`: all that reached the room and its Worker, in base64url. */
  readonly seen: readonly string[]
}
