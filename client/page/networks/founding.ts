/** The dialog that founds a network. */
import type { Policy } from '../../../protocol/genesis.ts'
import { foundNetwork } from '../../networks/index.ts'
import { dialogOf } from '../dialogs.ts'
import { byId, byIdAs, setHidden, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { setTextIn, showFieldFault, textIn } from '../field-faults.ts'
import { loadIdentity } from '../identity-store.ts'
import type { PanelHost } from '../panel-host.ts'
import {
  approversIn,
  EMPTY_DRAFT,
  termsOf,
  type Draft,
  type DraftFaults,
  type DraftField,
  type Terms,
} from './draft.ts'
import { changeVisited, withVisit } from './visited.ts'

const FIELDS = Object.keys(EMPTY_DRAFT).filter((field): field is DraftField => field !== 'policy')
const ADVANCED: readonly DraftField[] = ['confirmations', 'maxDegree', 'entryGapMs']

/** @returns opens it */
export function mountFounding(host: PanelHost): () => void {
  for (const field of FIELDS) {
    setTextIn(`draft-${field}`, EMPTY_DRAFT[field])
    // What was wrong is told when the form is sent, and taken back when it is not wrong any more.
    byId(`draft-${field}`).addEventListener('input', () => {
      if (byId(`draft-${field}`).hasAttribute('aria-invalid')) showFaults([field], faultsOf(draft()))
    })
  }
  byId('found-network').addEventListener('change', () => {
    setHidden(byId('consortium-fields'), draft().policy !== 'consortium')
  })
  byId('add-own-site').addEventListener('click', () => {
    const own = host.state().self?.siteId
    if (own === undefined) return
    const approvers = [...new Set([...approversIn(textIn('draft-approvers')), own])]
    setTextIn('draft-approvers', approvers.join('\n'))
    if (byId('draft-approvers').hasAttribute('aria-invalid')) showFaults(['approvers'], faultsOf(draft()))
  })
  byId('found-network').addEventListener('submit', (event) => {
    event.preventDefault()
    const outcome = termsOf(draft())
    const faults = 'faults' in outcome ? outcome.faults : {}
    showFaults(FIELDS, faults)
    const wrong = FIELDS.find((field) => faults[field] !== undefined)
    if (wrong && ADVANCED.includes(wrong)) byIdAs('advanced', HTMLDetailsElement).open = true
    if (wrong) byId(`draft-${wrong}`).focus()
    else if ('terms' in outcome) void found(outcome.terms)
  })
  return () => dialogOf('founding').showModal()
}

async function found(terms: Terms): Promise<void> {
  const button = byIdAs('found-it', HTMLButtonElement)
  button.disabled = true
  setText(button, 'Creating…')
  setText(byId('founding-error'), '')
  try {
    const { identity } = await loadIdentity()
    const { facts, genesis } = await foundNetwork({ host: location.origin, identity, ...terms })
    const { pathname } = new URL(facts.roomUrl)
    const key = pathname.split('/').at(-1) ?? ''
    const visit = { key, name: facts.name, policy: facts.policy, atMs: Date.now() }
    changeVisited((visited) => withVisit(visited, { ...visit, ...(genesis !== undefined && { genesis }) }))
    location.assign(pathname)
  } catch (error) {
    const { message, hint } = failureFrom(error)
    setText(byId('founding-error'), `${message} ${hint}`)
    button.disabled = false
    setText(button, 'Create it')
  }
}

function draft(): Draft {
  const texts = Object.fromEntries(FIELDS.map((field) => [field, textIn(`draft-${field}`)])) as Omit<Draft, 'policy'>
  const chosen = document.querySelector<HTMLInputElement>('#found-network [name="policy"]:checked')
  return { ...texts, policy: (chosen?.value ?? EMPTY_DRAFT.policy) as Policy }
}

function faultsOf(of: Draft): DraftFaults {
  const outcome = termsOf(of)
  return 'faults' in outcome ? outcome.faults : {}
}

function showFaults(fields: readonly DraftField[], faults: DraftFaults): void {
  for (const field of fields) showFieldFault(`draft-${field}`, faults[field] ?? '')
}
