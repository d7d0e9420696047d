/** Brings page.html to what a state says. Called as often as one likes; it touches only what changed. */
import { byId, byIdAs, create, part, renderList, setHidden, setText } from './dom.ts'
import { drawIdenticon } from './identicon-element.ts'
import { buildPeer, updatePeer } from './peer-row.ts'
import { forgetDetached } from './plots.ts'
import type { LogEntry, PageState } from './state.ts'
import { viewOf, type PeerRow, type Step, type Way } from './view.ts'
import { nameOr } from '../words.ts'

/** Where a reader who has scrolled up is left alone, in pixels from the end. */
const FOLLOW_WITHIN_PX = 40

export function render(state: PageState, myName: string): void {
  const view = viewOf(state)
  if (document.title !== view.title) document.title = view.title
  if (document.body.dataset['status'] !== view.status) document.body.dataset['status'] = view.status
  if (document.body.dataset['online'] !== `${state.isOnline}`) document.body.dataset['online'] = `${state.isOnline}`
  setText(byId('network-kind'), view.kind)
  setText(byId('network'), state.networkName)
  setText(byId('network-description'), view.description)
  setHidden(byId('network-description'), view.description === '')
  setText(byId('status'), view.statusText)
  setText(byId('census'), view.census)
  if (document.body.dataset['goesOn'] !== `${view.goesOn}`) document.body.dataset['goesOn'] = `${view.goesOn}`
  setText(byId('without-room'), view.withoutRoom)
  setHidden(byId('without-room'), view.withoutRoom === '')
  renderList(byId('ways'), view.ways, { key: (way) => way.name, build: buildWay, update: updateWay })
  setHidden(byId('ways'), view.ways.length === 0)
  setHidden(byId('leave'), view.status === 'failed' || view.status === 'left')
  renderList(byId('steps'), view.steps, { key: (step) => step.milestone, build: buildStep, update: updateStep })
  renderFailure(state, view.failureWait)
  setHidden(byId('left'), view.status !== 'left')

  renderList(byId('peers'), view.rows, { key: (row) => row.id, build: buildPeer, update: updatePeer })
  forgetDetached()
  setHidden(byId('peers'), view.rows.length === 0)
  setText(byId('more-peers'), view.more)
  setHidden(byId('more-peers'), view.more === '')
  setHidden(byId('empty'), !view.alone)
  setText(byId('idle'), view.idle)
  setHidden(byId('idle'), view.alone || view.rows.length > 0)

  renderLog(state.log)
  renderReceivers(view.rows)
  byIdAs('send', HTMLButtonElement).disabled = !view.sendable
  setText(byId('compose-note'), view.sendNote)

  renderSelf(state, myName)
}

function renderFailure({ failure }: PageState, wait: string): void {
  setHidden(byId('failure'), failure === undefined)
  if (!failure) return
  setText(byId('failure-message'), failure.message)
  setText(byId('failure-hint'), failure.hint)
  setText(byId('failure-code'), failure.reason ? `${failure.code}: ${failure.reason}` : failure.code)
  setText(byId('failure-wait'), wait)
}

function renderSelf({ self, networkId }: PageState, myName: string): void {
  setText(byId('my-name'), nameOr(myName, 'No name yet'))
  setText(byId('site-id'), self?.siteId ?? '')
  setText(byId('peer-id'), self?.peerId ?? '')
  setText(byId('kept'), self ? (self.kept ? 'Identity kept in this browser' : 'Identity for this visit only') : '')
  drawIdenticon(byId('my-identicon'), self?.siteId ?? '')
  setHidden(byId('network-id-line'), networkId === undefined)
  setText(byId('network-id'), networkId ?? '')
}

function buildWay(): HTMLElement {
  const way = create('span')
  way.append(create('span', 'label'), ' ', create('span', 'quiet'))
  return way
}

function updateWay(element: HTMLElement, { label, isUp, words }: Way): void {
  element.className = isUp ? 'way up' : 'way'
  setText(part(element, 'label'), label)
  setText(part(element, 'quiet'), words)
}

function buildStep(): HTMLElement {
  const step = create('li')
  step.append(create('span', 'label'), create('span', 'time'), create('span', 'quiet'))
  return step
}

function updateStep(element: HTMLElement, { label, meaning, progress, time }: Step): void {
  element.className = progress
  setText(part(element, 'label'), label)
  setText(part(element, 'time'), time || (progress === 'now' ? '…' : ''))
  setText(part(element, 'quiet'), `${PROGRESS_WORDS[progress]}: ${meaning}`)
  if (progress === 'now') element.setAttribute('aria-current', 'step')
  else element.removeAttribute('aria-current')
}

const PROGRESS_WORDS: Record<Step['progress'], string> = { done: 'done', now: 'waiting', later: 'not yet' }

let shownLog: readonly LogEntry[] | undefined

function renderLog(log: readonly LogEntry[]): void {
  // Asking where a reader has scrolled to makes the browser lay out the whole page.
  if (log === shownLog) return
  shownLog = log
  const frame = byId('log-frame')
  const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < FOLLOW_WITHIN_PX
  const newest = log.at(-1)
  const list = byId('log')
  const isNew =
    newest !== undefined && (list.lastElementChild as HTMLElement | null)?.dataset['key'] !== `${newest.key}`
  renderList(list, log, { key: (entry) => `${entry.key}`, build: buildEntry, update: updateEntry })
  setHidden(frame, log.length === 0)
  if (isNew && (atEnd || newest.mine)) frame.scrollTop = frame.scrollHeight
}

function buildEntry(): HTMLElement {
  const entry = create('li', 'entry')
  const head = create('p', 'head')
  head.append(create('span', 'direction'), ' ', create('bdi', 'sender'), ' ', create('time'))
  const text = create('p', 'text')
  text.dir = 'auto'
  entry.append(head, text, create('p', 'error'))
  return entry
}

function updateEntry(element: HTMLElement, { mine, who, text, atMs, failure }: LogEntry): void {
  element.classList.toggle('mine', mine)
  setText(part(element, 'direction'), mine ? 'You to' : 'From')
  setText(part(element, 'sender'), who)
  const time = element.querySelector('time')
  const at = new Date(atMs)
  if (time && time.dateTime !== at.toISOString()) {
    time.dateTime = at.toISOString()
    time.textContent = at.toLocaleTimeString()
  }
  setText(part(element, 'text'), text)
  setText(part(element, 'error'), failure === undefined ? '' : `Not sent: ${failure}`)
}

function renderReceivers(rows: readonly PeerRow[]): void {
  const receivers = [{ id: '', label: 'Everyone' }, ...rows.map(({ id, label }) => ({ id, label }))]
  renderList(byId('to'), receivers, {
    key: ({ id }) => id,
    build: () => create('option'),
    update: (option, { id, label }) => {
      option.setAttribute('value', id)
      setText(option, label)
    },
  })
}
