/** Brings the ledger's part of page.html to what a state says. */
import { byId, create, part, renderList, setHidden, setText } from './dom.ts'
import type { DagDrawing } from './dag-drawing.ts'
import { renderFacts } from './facts.ts'
import { buildIdenticon, drawIdenticon } from './identicon-element.ts'
import { colourOf, ledgerViewOf, type ContributorRow, type EntryRow, type SyncRow, type Who } from './ledger-view.ts'
import type { PageState } from './state.ts'

let shown: Pick<PageState, 'ledger' | 'peers' | 'self'> | undefined

export function renderLedger(state: PageState, drawing: DagDrawing): void {
  const { ledger, peers, self } = state
  // Peers are measured all the time, which is no news here unless names or numbers of them change with it.
  if (shown?.ledger === ledger && shown.peers.size === peers.size && shown.self === self) return
  shown = { ledger, peers, self }
  const view = ledgerViewOf(state)
  setHidden(byId('ledger-empty'), !view.isEmpty)
  setHidden(byId('ledger-body'), view.isEmpty)
  renderFacts(byId('ledger-figures'), view.figures)
  drawing.show(ledger.recent, (siteId) => colourOf(state, siteId), ledger.selected)
  const host = byId('dag')
  if (host.getAttribute('aria-label') !== view.drawing) host.setAttribute('aria-label', view.drawing)
  renderFacts(byId('entry-facts'), view.facts)
  setHidden(byId('no-entry-facts'), view.facts.length > 0)
  renderList(byId('latest'), view.entries, { key: ({ id }) => id, build: buildEntry, update: updateEntry })
  renderList(byId('contributors'), view.contributors, {
    key: ({ siteId }) => siteId,
    build: buildContributor,
    update: updateContributor,
  })
  setText(byId('more-contributors'), view.moreContributors)
  renderList(byId('syncs'), view.syncs, { key: ({ id }) => id, build: buildSync, update: updateSync })
  setHidden(byId('no-syncs'), view.syncs.length > 0)
  setText(byId('ledger-notes'), view.notes.join(' '))
  setText(byId('digest'), view.digest)
}

/** Picture, name and id of a contributor, in its colour. */
function buildWho(tag: string, className: string): HTMLElement {
  const row = create(tag, className)
  const who = create('p', 'who')
  who.append(create('bdi', 'name'), ' ', create('code', 'id'))
  row.append(buildIdenticon(), who)
  return row
}

function updateWho(row: HTMLElement, { siteId, name, shortId, colour }: Who): void {
  row.dataset['colour'] = `${colour}`
  drawIdenticon(part(row, 'identicon'), siteId)
  setText(part(row, 'name'), name)
  setText(part(row, 'id'), shortId)
}

function buildEntry(): HTMLElement {
  const row = buildWho('li', 'ledger-entry')
  const task = create('code', 'task')
  task.dir = 'auto'
  row.append(create('span', 'confirmation'), task, create('span', 'units'))
  return row
}

function updateEntry(row: HTMLElement, entry: EntryRow): void {
  updateWho(row, entry)
  row.classList.toggle('confirmed', entry.isConfirmed)
  const task = part(row, 'task')
  setText(task, entry.taskId)
  if (task.title !== entry.taskId) task.title = entry.taskId
  setText(part(row, 'units'), entry.units)
  setText(part(row, 'confirmation'), entry.confirmation)
}

function buildContributor(): HTMLElement {
  const row = buildWho('li', 'contributor')
  row.append(create('span', 'credits'), create('p', 'detail'), create('p', 'error'))
  return row
}

function updateContributor(row: HTMLElement, contributor: ContributorRow): void {
  updateWho(row, contributor)
  setText(part(row, 'credits'), contributor.credits)
  setText(part(row, 'detail'), contributor.detail)
  setText(part(row, 'error'), contributor.blame)
}

function buildSync(): HTMLElement {
  const row = create('li', 'sync')
  row.append(create('bdi', 'name'), create('span', 'sync-state'))
  return row
}

function updateSync(row: HTMLElement, { label, state, words }: SyncRow): void {
  row.dataset['sync'] = state
  setText(part(row, 'name'), label)
  setText(part(row, 'sync-state'), words)
}
