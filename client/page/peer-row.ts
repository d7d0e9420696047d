/** A row of the list of peers: who, how reached, how well, a plot, and the diagnosis below it. */
import { create, part, renderList, setHidden, setText } from './dom.ts'
import { renderFacts } from './facts.ts'
import { buildIdenticon, drawIdenticon } from './identicon-element.ts'
import { showHistory } from './plots.ts'
import type { PeerRow } from './view.ts'

let rows = 0

export function buildPeer(): HTMLElement {
  const row = create('li', 'peer')
  const who = create('p', 'who')
  who.append(create('bdi', 'name'), ' ', create('code', 'id'))
  const path = create('p', 'path')
  path.append(create('span', 'level'), create('span', 'route'), create('span', 'rtt'))
  const plot = create('div', 'plot')
  plot.setAttribute('role', 'img')
  const toggle = create('button', 'toggle', 'Details')
  toggle.setAttribute('type', 'button')
  const diagnosis = buildDiagnosis()
  diagnosis.id = `diagnosis-${++rows}`
  toggle.setAttribute('aria-controls', diagnosis.id)
  row.append(buildIdenticon(), who, path, create('p', 'detail'), plot, toggle, diagnosis)
  return row
}

export function updatePeer(element: HTMLElement, row: PeerRow): void {
  element.dataset['route'] = row.reach
  element.dataset['level'] = row.rtt || row.level === 'lost' ? row.level : 'unknown'
  drawIdenticon(part(element, 'identicon'), row.siteId)
  setText(part(element, 'name'), row.name)
  setText(part(element, 'id'), row.shortId)
  setText(part(element, 'level'), row.levelLabel)
  setText(part(element, 'route'), row.reachLabel)
  setText(part(element, 'rtt'), row.rtt || '–')
  part(element, 'rtt').title = row.rtt ? 'Round-trip time' : 'Round-trip time: not measured yet'
  setText(part(element, 'detail'), row.detail)
  const isOpen = row.diagnosis !== undefined
  const toggle = part(element, 'toggle')
  if (toggle.getAttribute('aria-expanded') !== `${isOpen}`) toggle.setAttribute('aria-expanded', `${isOpen}`)
  const label = `Details of ${row.label}`
  if (toggle.getAttribute('aria-label') !== label) toggle.setAttribute('aria-label', label)
  element.classList.toggle('open', isOpen)
  showHistory(part(element, 'plot'), row.history, isOpen ? 'large' : 'small')
  updateDiagnosis(part(element, 'diagnosis'), row)
}

function buildDiagnosis(): HTMLElement {
  const diagnosis = create('div', 'diagnosis')
  diagnosis.setAttribute('role', 'group')
  const copy = create('button', 'copy-report', 'Copy report')
  copy.setAttribute('type', 'button')
  const report = create('pre', 'report')
  report.hidden = true
  report.tabIndex = 0
  diagnosis.append(
    create('p', 'phase strong'),
    create('ul', 'advice'),
    create('dl', 'facts'),
    create('h3', 'attempts-heading', 'Attempts at a direct path'),
    create('ol', 'attempts'),
    create('p', 'no-attempts muted', 'None so far.'),
    copy,
    report,
  )
  return diagnosis
}

function updateDiagnosis(element: HTMLElement, { diagnosis, label }: PeerRow): void {
  setHidden(element, diagnosis === undefined)
  if (!diagnosis) return
  const { phase, facts, attempts, advice } = diagnosis
  element.setAttribute('aria-label', `Diagnosis of ${label}`)
  setText(part(element, 'phase'), phase)
  renderTexts(part(element, 'advice'), advice)
  renderFacts(part(element, 'facts'), facts)
  renderTexts(part(element, 'attempts'), attempts)
  setHidden(part(element, 'attempts'), attempts.length === 0)
  setHidden(part(element, 'no-attempts'), attempts.length > 0)
}

function renderTexts(list: HTMLElement, texts: readonly string[]): void {
  setHidden(list, texts.length === 0)
  renderList(
    list,
    texts.map((text, i) => ({ text, i })),
    { key: ({ i }) => `${i}`, build: () => create('li'), update: (item, { text }) => setText(item, text) },
  )
}
