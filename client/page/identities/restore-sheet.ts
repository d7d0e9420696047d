/** Restoring an identity from a backup file. */
import { restore } from '../../identity/backup.ts'
import { MAX_BACKUP_CHARACTERS } from '../../identity/backup-file.ts'
import { byId, byIdAs, setHidden, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { setTextIn, textIn } from '../field-faults.ts'
import { addIdentity } from '../identity-store.ts'
import { closeSheets, openSheet } from './sheets.ts'

/**
 * @param restored called when there is one more
 * @returns opens it
 */
export function mountRestore(restored: () => void): () => void {
  let signal = AbortSignal.abort()
  byId('restore-form').addEventListener('submit', (event) => {
    event.preventDefault()
    void take(signal, restored)
  })
  return () => {
    for (const id of ['backup-file', 'restore-phrase']) setTextIn(id, '')
    setText(byId('restore-error'), '')
    signal = openSheet('restore-form', 'backup-file')
  }
}

async function take(signal: AbortSignal, restored: () => void): Promise<void> {
  const file = byIdAs('backup-file', HTMLInputElement).files?.[0]
  if (!file) return refuse('Choose the file of a backup.', 'backup-file')
  // A character has at most four bytes.
  if (file.size > 4 * MAX_BACKUP_CHARACTERS) return refuse('This file is too large for a backup.', 'backup-file')
  const progress = byIdAs('restore-progress', HTMLProgressElement)
  const button = byId('restore-form').querySelector<HTMLButtonElement>('[type="submit"]')
  progress.value = 0
  setText(byId('restore-error'), '')
  setHidden(progress, false)
  if (button) button.disabled = true
  try {
    const onProgress = (done: number) => (progress.value = done)
    const { recoverable, label } = await restore(await file.text(), textIn('restore-phrase'), { signal, onProgress })
    await addIdentity(recoverable, label)
    closeSheets()
    restored()
  } catch (error) {
    const { code, message, hint } = failureFrom(error)
    if (!signal.aborted) refuse(`${message} ${hint}`, code === 'pass-phrase-wrong' ? 'restore-phrase' : 'backup-file')
  } finally {
    setHidden(progress, true)
    if (button) button.disabled = false
  }
}

function refuse(fault: string, field: string): void {
  setText(byId('restore-error'), fault)
  byId(field).focus()
}
