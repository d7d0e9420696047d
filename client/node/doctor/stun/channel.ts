/** A way to ask a STUN server: two implementations, datagrams and streams. */
import type { Answer, Request } from './message.ts'

export interface StunChannel {
  /** Resolves with the answer, or `undefined` when none came in time. */
  ask(request: Request): Promise<Answer | undefined>
  close(): void
}
