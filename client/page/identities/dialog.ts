/** The dialog of identities: which there are, which is in use, and the sheets that name, back up and restore one. */
import { labelFault } from '../../identity/label.ts'
import { confirmed, dialogOf } from '../dialogs.ts'
import { byId, setHidden, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { setTextIn, showFieldFault, textIn } from '../field-faults.ts'
import {
  deleteIdentity,
  identities,
  identitiesAreKept,
  makeIdentity,
  renameIdentity,
  useIdentity,
  type IdentityFacts,
} from '../identity-store.ts'
import type { PanelHost } from '../panel-host.ts'
import { onPersonAction, renderPeople } from '../person-row.ts'
import { mountBackup } from './backup-sheet.ts'
import { mountRestore } from './restore-sheet.ts'
import { openSheet, closeSheets, onSheetsClosed } from './sheets.ts'
import { backUpNote, identityRow } from './view.ts'

/** @returns opens it */
export function mountIdentities(host: PanelHost): () => void {
  let shown: readonly IdentityFacts[] = []
  /** What the label that is being typed is for: an identity, or a new one. */
  let labelled: string | undefined

  const read = async () => {
    const [all, areKept] = await Promise.all([identities(), identitiesAreKept()])
    shown = all
    const own = host.state().self?.siteId
    const rows = all.map((facts) => identityRow({ ...facts, isHere: facts.siteId === own }, Date.now()))
    renderPeople(byId('identity-list'), rows)
    const lasting = areKept ? '' : 'This browser lets the page keep nothing: they are gone when it is closed. '
    setText(byId('identities-note'), lasting + backUpNote(all))
  }
  const show = () => void read().catch(showFault)
  const attempt = async (act: () => Promise<unknown>) => {
    showFault(undefined)
    try {
      await act()
    } catch (error) {
      showFault(error)
    }
    await read().catch(showFault)
  }
  const openBackup = mountBackup()
  const openRestore = mountRestore(show)
  const openLabel = (siteId: string | undefined, heading: string, label: string) => {
    labelled = siteId
    setText(byId('label-heading'), heading)
    setTextIn('label-text', label)
    showFieldFault('label-text', '')
    openSheet('label-form', 'label-text')
  }

  onSheetsClosed()
  byId('new-identity').addEventListener('click', () => openLabel(undefined, 'New identity', ''))
  byId('restore-identity').addEventListener('click', openRestore)
  byId('label-form').addEventListener('submit', (event) => {
    event.preventDefault()
    void saveLabel(textIn('label-text').trim())
  })
  onPersonAction(byId('identity-list'), (act, siteId) => {
    const label = shown.find((facts) => facts.siteId === siteId)?.label ?? ''
    if (act === 'use') void attempt(() => use(siteId))
    if (act === 'back-up') openBackup(siteId, label)
    if (act === 'rename') openLabel(siteId, `Rename ${label}`, label)
    if (act === 'delete') void remove(siteId, label)
  })

  return () => {
    showFault(undefined)
    closeSheets()
    show()
    dialogOf('identities').showModal()
  }

  async function saveLabel(label: string): Promise<void> {
    const fault = labelFault(label)
    showFieldFault('label-text', fault ?? '')
    if (fault !== undefined) return byId('label-text').focus()
    try {
      if (labelled !== undefined) await renameIdentity(labelled, label)
      // A new one is backed up now or never.
      else openBackup(await makeIdentity(label), label)
      if (labelled !== undefined) closeSheets()
      await read()
    } catch (error) {
      showFieldFault('label-text', failureFrom(error).message)
    }
  }

  async function use(siteId: string): Promise<void> {
    await useIdentity(siteId)
    dialogOf('identities').close()
    host.rejoin()
  }

  async function remove(siteId: string, label: string): Promise<void> {
    const isSure = await confirmed({
      heading: `Delete ${label}?`,
      words: 'Its credits and memberships are lost with it, unless you have a backup.',
      yes: 'Delete',
    })
    if (isSure) await attempt(() => deleteIdentity(siteId))
  }
}

function showFault(error: unknown): void {
  const { message, hint } = error === undefined ? { message: '', hint: '' } : failureFrom(error)
  setText(byId('identities-error'), `${message} ${hint}`.trim())
  setHidden(byId('identities-error'), error === undefined)
}
