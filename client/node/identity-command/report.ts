/** How `edge-net identity` speaks: to programs one JSON object a line, to people sentences. No event holds a secret. */
import { safeText, type Style } from '../terminal.ts'
import type { FailedEvent, Timed } from '../telling.ts'

interface Named {
  readonly label: string
  readonly siteId: string
  /** The one that is taken where none is named. */
  readonly isCurrent: boolean
  readonly file: string
}

export type IdentityEvent =
  | ({ readonly event: 'identity' } & Named & { readonly keptSinceMs: number })
  /** One that cannot be used, and why. */
  | ({ readonly event: 'identity'; readonly fault: string } & Omit<Named, 'siteId'>)
  /** There is none yet. */
  | { readonly event: 'empty'; readonly folder: string }
  | ({ readonly event: 'made' } & Named)
  | ({ readonly event: 'imported' } & Named)
  /** `file` is the backup. */
  | ({ readonly event: 'exported' } & Omit<Named, 'isCurrent'>)
  | ({ readonly event: 'using' } & Omit<Named, 'isCurrent'>)

/** Lines for people. */
export function identityLine(event: Timed<IdentityEvent | FailedEvent>, style: Style): string | undefined {
  switch (event.event) {
    case 'failed':
      // On stderr.
      return undefined
    case 'identity':
      return identityWords(event, style)
    case 'empty':
      return `no identity yet in ${safeText(event.folder)}; edge-net join makes one, and so does edge-net identity new`
    case 'made':
    case 'imported': {
      const { label, siteId, isCurrent, file } = event
      const use = isCurrent ? 'it is the one in use' : `to use it: edge-net identity use ${label}`
      return `${style.accent(label)} ${siteId}\nkept in ${safeText(file)}; ${use}`
    }
    case 'exported':
      return `${style.accent(event.label)} ${event.siteId}\nbacked up in ${safeText(event.file)}`
    case 'using':
      return `${style.accent(event.label)} ${event.siteId} is in use from now on`
    default:
      return event satisfies never
  }
}

const LABEL_WIDTH = 16

function identityWords(event: Extract<IdentityEvent, { event: 'identity' }>, style: Style): string {
  const mark = event.isCurrent ? '*' : ' '
  const label = event.label.padEnd(LABEL_WIDTH)
  if ('fault' in event) return `${mark} ${label} ${style.bad('cannot be used')}: ${safeText(event.fault)}`
  const date = new Date(event.keptSinceMs).toISOString().slice(0, 10)
  return `${mark} ${style.accent(label)} ${event.siteId} ${style.dim(`since ${date}`)}`
}
