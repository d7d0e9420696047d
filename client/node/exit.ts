/** Exit codes, which scripts rely on. */
import type { EdgeNetError } from '../errors.ts'

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  /** 128 + SIGINT, as shells have it: interrupted before it had joined. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export function exitCodeOf({ code }: EdgeNetError): ExitCode {
  switch (code) {
    case 'invalid-argument':
      return EXIT.usage
    case 'join-refused':
      return EXIT.refused
    case 'room-unreachable':
      return EXIT.unreachable
    case 'aborted':
      return EXIT.interrupted
    case 'unsupported':
    case 'peer-unknown':
    case 'message-too-large':
    case 'handler-failed':
    case 'peer-misbehaved':
    case 'direct-failed':
      return EXIT.failure
  }
}
