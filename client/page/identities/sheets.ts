/** The sheets of the dialog of identities: one at a time, in the place of what they were opened from. */
import { byId, setHidden } from '../dom.ts'
import { dialogOf } from '../dialogs.ts'

const SHEETS = ['label-form', 'backup-form', 'restore-form'] as const
type Sheet = (typeof SHEETS)[number]

/** What a sheet stands in the place of. */
const BEHIND = ['identity-list', 'identities-note', 'identity-actions'] as const

let openedBy: Element | null = null
let leaving: AbortController | undefined

/**
 * @param focus the id of the field to begin with
 * @returns aborts when the sheet is closed
 */
export function openSheet(sheet: Sheet, focus: string): AbortSignal {
  leaving?.abort()
  leaving = new AbortController()
  // One sheet may lead to the next: then it is what the first was opened from.
  if (!document.activeElement?.closest('.sheet')) openedBy = document.activeElement
  for (const id of SHEETS) setHidden(byId(id), id !== sheet)
  for (const id of BEHIND) setHidden(byId(id), true)
  byId(focus).focus()
  return leaving.signal
}

export function closeSheets(): void {
  leaving?.abort()
  for (const id of SHEETS) setHidden(byId(id), true)
  for (const id of BEHIND) setHidden(byId(id), false)
  // Whoever uses a keyboard goes on where it was.
  if (openedBy instanceof HTMLElement && openedBy.isConnected) openedBy.focus()
  openedBy = null
}

/** Lets sheets be cancelled. What was typed into them is forgotten with the dialog. Call once. */
export function onSheetsClosed(): void {
  const dialog = dialogOf('identities')
  dialog.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLButtonElement && 'cancels' in target.dataset) closeSheets()
  })
  dialog.addEventListener('close', () => {
    leaving?.abort()
    for (const field of dialog.querySelectorAll<HTMLInputElement>('input')) field.value = ''
  })
}
