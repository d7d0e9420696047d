/** Inviting into a founded network: the link where it is enough, and invites of a private network, made and kept here. */
import type { Policy } from '../../../protocol/genesis.ts'
import { MAX_INVITE_USES } from '../../../protocol/limits.ts'
import { confirmed } from '../dialogs.ts'
import { byId, byIdAs, create, part, renderList, setHidden, setText } from '../dom.ts'
import { showLink } from '../link-dialog.ts'
import { failureFrom } from '../failure.ts'
import { textIn } from '../field-faults.ts'
import { counted } from '../number-words.ts'
import type { PanelHost } from '../panel-host.ts'
import { onPersonAction, renderActions } from '../person-row.ts'
import type { PageState } from '../state.ts'
import { forgetInvite, keepInvite, loadInvites, type KeptInvite } from './kept-invites.ts'
import { momentWords } from './words.ts'

const LINK_WORDS: Record<Policy, string> = {
  public: 'Who opens this link meets you here.',
  private: 'Who opens this link can ask to be let in.',
  consortium: 'Who opens this link can ask the approvers to be let in.',
}

/** @returns what brings it to a state */
export function mountInvites(host: PanelHost): (state: PageState) => void {
  let kept: readonly KeptInvite[] | undefined
  let shown: readonly [unknown, unknown] | undefined
  const render = (state: PageState) => {
    const { facts, role, revoked } = state.membership
    if (!facts) return
    const isMaker = facts.policy === 'private' && role === 'creator'
    setText(byId('invite-words'), LINK_WORDS[facts.policy])
    setHidden(byId('make-invite'), !isMaker)
    if (!isMaker) return setHidden(byId('invites'), true)
    kept ??= loadInvites(facts.id).filter(({ inviteKey }) => !revoked.includes(inviteKey))
    if (shown?.[0] === kept && shown[1] === revoked) return
    shown = [kept, revoked]
    setHidden(byId('invites'), kept.length === 0)
    renderList(byId('invites'), kept, { key: ({ inviteKey }) => inviteKey, build: buildInvite, update: updateInvite })
  }
  const renderAnew = () => {
    kept = undefined
    render(host.state())
  }
  byId('make-invite').addEventListener('submit', (event) => {
    event.preventDefault()
    make(host).then(renderAnew, host.reportError)
  })
  onPersonAction(byId('invites'), (act, inviteKey) => {
    const invite = kept?.find((one) => one.inviteKey === inviteKey)
    if (invite && act === 'show') show(invite)
    if (invite && act === 'revoke') revoke(host, invite).then(renderAnew, host.reportError)
  })
  return render
}

async function make(host: PanelHost): Promise<void> {
  const member = host.session()?.stay()?.member
  if (!member) return
  const uses = Number(textIn('invite-uses'))
  const isInOrder = Number.isInteger(uses) && uses >= 1 && uses <= MAX_INVITE_USES
  setText(byId('invite-error'), isInOrder ? '' : `From 1 to ${MAX_INVITE_USES} people.`)
  if (!isInOrder) return byId('invite-uses').focus()
  const lastsMs = Number(byIdAs('invite-expiry', HTMLSelectElement).value)
  try {
    const invite = await member.invite({ uses, ...(lastsMs > 0 && { expiresAtMs: Date.now() + lastsMs }) })
    const { url, code, inviteKey, expiresAtMs } = invite
    const made: KeptInvite = { url, code, inviteKey, expiresAtMs, uses: invite.uses, madeAtMs: Date.now() }
    if (!keepInvite(member.facts.id, made)) {
      setText(byId('invite-error'), 'This browser does not let the page remember it: copy it now.')
    }
    show(made)
  } catch (error) {
    const { message, hint } = failureFrom(error)
    setText(byId('invite-error'), `${message} ${hint}`)
  }
}

function show(invite: KeptInvite): void {
  const words = `${termsOf(invite)}. Whoever has the link can use it: send it to nobody else.`
  showLink({ heading: 'Invite', url: invite.url, words })
}

async function revoke(host: PanelHost, invite: KeptInvite): Promise<void> {
  const stay = host.session()?.stay()
  const isSure = await confirmed({
    heading: 'Revoke this invite?',
    words: 'Nobody can come in by it any more, and all who have are removed.',
    yes: 'Revoke',
  })
  if (!isSure || !stay) return
  try {
    await stay.member.revoke(invite.inviteKey)
    forgetInvite(stay.member.facts.id, invite.inviteKey)
    stay.retell()
  } catch (error) {
    const { message, hint } = failureFrom(error)
    setText(byId('invite-error'), `${message} ${hint}`)
  }
}

function termsOf({ uses, expiresAtMs }: KeptInvite): string {
  return `For ${counted(uses, 'person', 'people')}, ${expiresAtMs === undefined ? 'without an end' : `until ${momentWords(expiresAtMs)}`}`
}

function buildInvite(): HTMLElement {
  const row = create('li', 'person invite')
  row.append(create('p', 'who'), create('p', 'detail'), create('div', 'buttons'))
  return row
}

function updateInvite(row: HTMLElement, invite: KeptInvite): void {
  const isOver = invite.expiresAtMs !== undefined && invite.expiresAtMs <= Date.now()
  setText(part(row, 'who'), termsOf(invite))
  setText(part(row, 'detail'), `${isOver ? 'expired, ' : ''}made ${momentWords(invite.madeAtMs)}`)
  renderActions(part(row, 'buttons'), [
    ...(isOver
      ? []
      : [{ act: 'show', label: 'Show', description: `Show the invite made ${momentWords(invite.madeAtMs)}` }]),
    { act: 'revoke', label: 'Revoke…', description: `Revoke the invite made ${momentWords(invite.madeAtMs)}` },
  ])
}
