/** A founded network on the page: the waiting room for who is outside, and for who is inside those who wait, and removing. */
import { fromBase64Url, utf8 } from '../../../protocol/bytes.ts'
import { isLabel } from '../../../protocol/genesis.ts'
import { KEY_BYTES, MAX_NOTE_BYTES } from '../../../protocol/limits.ts'
import { nameOr, shortId } from '../../words.ts'
import { confirmed } from '../dialogs.ts'
import { byId, byIdAs, setHidden, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { setTextIn, showFieldFault, textIn } from '../field-faults.ts'
import { inviteCodeOf } from '../networks/destination.ts'
import type { PanelHost } from '../panel-host.ts'
import { onPersonAction, renderPeople, type PersonAction } from '../person-row.ts'
import { nameFault } from '../settings.ts'
import type { PageState } from '../state.ts'
import { mountInvites } from './invite-panel.ts'
import { membershipViewOf, outsideViewOf, type ApplicantRow } from './view.ts'

/** @returns what brings it to a state */
export function mountMembership(host: PanelHost): (state: PageState) => void {
  const renderInvites = mountInvites(host)
  setTextIn('ask-name', host.settings().name)
  byId('ask').addEventListener('submit', (event) => {
    event.preventDefault()
    ask(host)
  })
  byId('stop-asking').addEventListener('click', () => host.session()?.stay()?.stopAsking())
  byId('use-invite').addEventListener('submit', (event) => {
    event.preventDefault()
    const code = inviteCodeOf(textIn('invite-text'))
    showFieldFault('invite-text', code === '' ? 'Paste the link of an invite.' : '')
    if (code !== '') host.rejoin(code)
  })
  // On a phone who waits is far below.
  byId('to-waiting').addEventListener('click', () => {
    byId('review').scrollIntoView({ block: 'center' })
    byId('applicants').querySelector('button')?.focus({ preventScroll: true })
  })
  onPersonAction(byId('applicants'), (act, siteId) => void decide(host, act, siteId))
  onPersonAction(byId('removable'), (_, siteId) => void remove(host, siteId))
  byId('remove').addEventListener('submit', (event) => {
    event.preventDefault()
    const siteId = textIn('remove-site').trim()
    const isSiteId = fromBase64Url(siteId)?.length === KEY_BYTES
    showRemoveFault(isSiteId ? '' : 'This is no site id: one has 43 letters, digits, - and _.')
    if (isSiteId) void remove(host, siteId)
  })
  return (state) => {
    renderOutside(state)
    renderInside(state)
    renderInvites(state)
  }
}

function ask(host: PanelHost): void {
  const name = textIn('ask-name').trim()
  const note = textIn('ask-note').trim()
  const noteBytes = utf8(note).length
  const faults = {
    'ask-name': nameFault(name) || labelFault(name),
    'ask-note':
      noteBytes > MAX_NOTE_BYTES
        ? `This note has ${noteBytes} bytes; ${MAX_NOTE_BYTES} are allowed.`
        : labelFault(note),
  }
  for (const [id, fault] of Object.entries(faults)) showFieldFault(id, fault)
  const wrong = Object.entries(faults).find(([, fault]) => fault !== '')
  if (wrong) byId(wrong[0]).focus()
  else host.session()?.stay()?.ask(name, note).catch(host.reportError)
}

function labelFault(text: string): string {
  return isLabel(text) ? '' : 'This has characters that do not show, or turn the direction of writing.'
}

async function decide(host: PanelHost, act: string, siteId: string): Promise<void> {
  const stay = host.session()?.stay()
  if (!stay) return
  try {
    if (act === 'approve') await stay.member.approve(siteId)
    else await stay.member.decline(siteId)
    await stay.review()
  } catch (error) {
    const { message, hint } = failureFrom(error)
    host.dispatch({ type: 'membership-fault', message: `${message} ${hint}` })
  }
}

async function remove(host: PanelHost, siteId: string): Promise<void> {
  const { ledger } = host.state()
  const name = nameOr(ledger.names.get(siteId) ?? '', 'this member')
  const isSure = await confirmed({
    heading: `Remove ${name} · ${shortId(siteId)}?`,
    words: 'Links to it end everywhere, and it cannot come back. What it has contributed stays in the ledger.',
    yes: 'Remove',
  })
  if (!isSure) return
  try {
    await host.session()?.stay()?.member.revoke(siteId)
    host.session()?.stay()?.retell()
    setTextIn('remove-site', '')
    showRemoveFault('')
  } catch (error) {
    const { message, hint } = failureFrom(error)
    showRemoveFault(`${message} ${hint}`)
  }
}

function showRemoveFault(fault: string): void {
  setText(byId('remove-error'), fault)
}

function renderOutside(state: PageState): void {
  const view = outsideViewOf(state)
  setHidden(byId('outside'), !view)
  if (!view) return
  setText(byId('outside-heading'), view.heading)
  setText(byId('outside-words'), view.words)
  setText(byId('invite-fault'), view.inviteFault)
  setText(byId('founded'), view.founded)
  setText(byId('deciders-heading'), view.decidersHeading)
  renderPeople(
    byId('deciders'),
    view.deciders.map(({ siteId, name }) => ({ siteId, name, shortId: shortId(siteId), detail: '', actions: [] })),
  )
  setHidden(byId('ask'), !view.askable || view.isWaiting)
  setText(byId('asking'), view.progress)
  const approvals = byIdAs('approvals', HTMLProgressElement)
  setHidden(approvals, view.fraction === undefined)
  approvals.value = view.fraction ?? 0
  setText(byId('asking-error'), view.fault)
  setHidden(byId('stop-asking'), !view.isWaiting)
  setHidden(byId('use-invite'), !view.takesInvites)
}

function renderInside(state: PageState): void {
  const view = membershipViewOf(state, Date.now())
  setHidden(byId('membership'), !view.isShown)
  setHidden(byId('to-waiting'), view.badge === '')
  if (!view.isShown) return
  setText(byId('waiting-badge'), view.badge)
  setText(byId('to-waiting'), view.badge)
  setText(byId('membership-words'), view.words)
  setHidden(byId('review'), !view.decides)
  renderPeople(byId('applicants'), view.applicants.map(withDecisions))
  setText(byId('no-applicants'), view.noApplicants)
  setHidden(byId('no-applicants'), view.applicants.length > 0)
  setHidden(byId('removal'), !view.removes)
  renderPeople(byId('removable'), view.removes ? removable(state) : [])
  setText(byId('removed-words'), view.removedWords)
  setText(byId('membership-error'), view.fault)
}

function withDecisions(applicant: ApplicantRow) {
  const { name } = applicant
  const approve: PersonAction = { act: 'approve', label: 'Approve', description: `Approve ${name}`, kind: 'primary' }
  const decline: PersonAction = { act: 'decline', label: 'Decline', description: `Decline ${name}` }
  return { ...applicant, actions: applicant.isApprovedByUs ? [decline] : [approve, decline] }
}

/** Who is here now, each once; others can be removed by their site id. */
function removable({ peers, self, ledger }: PageState) {
  const siteIds = new Set([...peers.values()].map(({ siteId }) => siteId).filter((siteId) => siteId !== self?.siteId))
  return [...siteIds].map((siteId) => {
    const name = nameOr(ledger.names.get(siteId) ?? '', 'Unnamed')
    const action: PersonAction = { act: 'remove', label: 'Remove…', description: `Remove ${name}` }
    return { siteId, name, shortId: shortId(siteId), detail: '', actions: [action] }
  })
}
