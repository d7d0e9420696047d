/** What the dialog of identities says: texts and flags, no DOM. */
import { shortId } from '../../words.ts'
import type { IdentityFacts } from '../identity-store.ts'
import { agoWords, dateWords } from '../membership/words.ts'
import type { PersonAction, PersonRow } from '../person-row.ts'

export interface ShownIdentity extends IdentityFacts {
  /** This page has joined with it; another tab may have chosen another one since. */
  readonly isHere: boolean
}

export function identityRow(identity: ShownIdentity, nowMs: number): PersonRow {
  const { siteId, label, createdAtMs, lastUsedAtMs, isHere, isCurrent, canBackUp } = identity
  const use = isHere
    ? 'in use here'
    : isCurrent
      ? 'in use in another tab'
      : `last used ${agoWords(nowMs - lastUsedAtMs)}`
  const actions: (PersonAction | false)[] = [
    !isHere && { act: 'use', label: 'Use', description: `Use ${label}`, kind: 'primary' },
    canBackUp && { act: 'back-up', label: 'Back up…', description: `Back up ${label}` },
    { act: 'rename', label: 'Rename…', description: `Rename ${label}` },
    !isHere && { act: 'delete', label: 'Delete…', description: `Delete ${label}` },
  ]
  return {
    siteId,
    name: label,
    shortId: shortId(siteId),
    detail: `${use}; in this browser since ${dateWords(createdAtMs)}`,
    actions: actions.filter((action) => action !== false),
  }
}

/** What can be backed up, and why the rest cannot. */
export function backUpNote(identities: readonly Pick<ShownIdentity, 'canBackUp'>[]): string {
  if (identities.every(({ canBackUp }) => canBackUp)) {
    return 'Back up now: a browser never lets a secret out again, so it can be done until this page is closed or loaded anew.'
  }
  return (
    'An identity can be backed up in the visit in which it was made or restored: after that this browser lets no page read ' +
    'its secret. To have one that survives this browser, make a new one and back it up at once.'
  )
}

/** What is wrong with a pass phrase typed twice; empty when nothing is. */
export function twiceFault(passPhrase: string, again: string, fault: string | undefined): string {
  if (fault !== undefined) return fault
  return passPhrase === again ? '' : 'The two are not the same.'
}
