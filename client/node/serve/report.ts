/** How `edge-net serve` speaks: to programs one JSON object a line, to people what to do next. */
import type { FailedEvent, Timed } from '../telling.ts'

export type ServeEvent =
  | {
      /** The service answers. */
      readonly event: 'listening'
      readonly host: string
      readonly port: number
      /** A room of it, as a browser on this machine reaches it. */
      readonly roomUrl: string
      /** Where it keeps what it stores. */
      readonly folder: string
    }
  | { readonly event: 'stopped' }

export function serveLines(event: Timed<ServeEvent | FailedEvent>): string | undefined {
  switch (event.event) {
    case 'listening':
      return welcome(event)
    case 'stopped':
    case 'failed':
      return undefined
    default:
      return event satisfies never
  }
}

function welcome({
  host,
  port,
  roomUrl,
}: {
  readonly host: string
  readonly port: number
  readonly roomUrl: string
}): string {
  const others = isLoopback(host)
    ? ''
    : `
  It listens on ${host}, port ${port}. Browsers on other machines need https: put a reverse proxy with a certificate
  before it, as edge-net serve --help says.
`
  return `
  Edge-Net is running. Open this room in two tabs:

    ${roomUrl}

  and join it from a terminal:

    npx edge-net join ${roomUrl}
${others}
  Ctrl-C stops it.
`
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
