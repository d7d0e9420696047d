/** Backing an identity up: a pass phrase, typed twice, and a file. */
import { backUp } from '../../identity/backup.ts'
import { passPhraseFault } from '../../identity/pass-phrase.ts'
import { byId, byIdAs, setHidden, setText } from '../dom.ts'
import { download, fileName } from '../download.ts'
import { failureFrom } from '../failure.ts'
import { setTextIn, textIn } from '../field-faults.ts'
import { recoverableIdentity } from '../identity-store.ts'
import { closeSheets, openSheet } from './sheets.ts'
import { strengthOf } from './strength.ts'
import { twiceFault } from './view.ts'

/** @returns opens it for an identity */
export function mountBackup(): (siteId: string, label: string) => void {
  let subject: { readonly siteId: string; readonly label: string; readonly signal: AbortSignal } | undefined
  byId('pass-phrase').addEventListener('input', showStrength)
  byId('backup-form').addEventListener('submit', (event) => {
    event.preventDefault()
    if (subject) void save(subject)
  })
  return (siteId, label) => {
    setText(byId('backup-heading'), `Back up ${label}`)
    for (const id of ['pass-phrase', 'pass-phrase-again']) setTextIn(id, '')
    setText(byId('backup-error'), '')
    showStrength()
    subject = { siteId, label, signal: openSheet('backup-form', 'pass-phrase') }
  }
}

async function save(of: {
  readonly siteId: string
  readonly label: string
  readonly signal: AbortSignal
}): Promise<void> {
  const passPhrase = textIn('pass-phrase')
  const fault = twiceFault(passPhrase, textIn('pass-phrase-again'), passPhraseFault(passPhrase))
  setText(byId('backup-error'), fault)
  if (fault) return byId(passPhraseFault(passPhrase) === undefined ? 'pass-phrase-again' : 'pass-phrase').focus()
  const recoverable = recoverableIdentity(of.siteId)
  if (!recoverable) return setText(byId('backup-error'), 'Its secret is not in this page any more.')
  const progress = byIdAs('backup-progress', HTMLProgressElement)
  const button = byId('backup-form').querySelector<HTMLButtonElement>('[type="submit"]')
  progress.value = 0
  setHidden(progress, false)
  if (button) button.disabled = true
  try {
    const onProgress = (done: number) => (progress.value = done)
    const text = await backUp(recoverable, passPhrase, { label: of.label, signal: of.signal, onProgress })
    download(new Blob([text], { type: 'application/json' }), fileName(`edge-net-${of.label}`, 'json'))
    closeSheets()
    setText(
      byId('identities-note'),
      `The backup of ${of.label} is among your downloads. Keep it where this device is not.`,
    )
  } catch (error) {
    if (!of.signal.aborted) setText(byId('backup-error'), failureFrom(error).message)
  } finally {
    setHidden(progress, true)
    if (button) button.disabled = false
  }
}

function showStrength(): void {
  const { level, words } = strengthOf(textIn('pass-phrase'))
  const hint = byId('pass-phrase-hint')
  hint.dataset['strength'] = level
  setText(hint, words)
}
