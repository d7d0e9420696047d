/** A row of the list of peers: who, how reached, how well, a plot, and the diagnosis below it. */
import type { Fact } from '../explanation-words.ts'
import { create, part, renderList, setHidden, setText } from './dom.ts'
import { identiconPath } from './identicon.ts'
import { showHistory } from './plots.ts'
import type { PeerRow } from './view.ts'

const SVG = 'http://www.w3.org/2000/svg'
let rows = 0

export function buildPeer(): HTMLElement {
  const row = create('li', 'peer')
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '-1 -1 7 7')
  svg.setAttribute('class', 'identicon')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(document.createElementNS(SVG, 'path'))
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
  row.append(svg, who, path, create('p', 'detail'), plot, toggle, diagnosis)
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

export function drawIdenticon(svg: Element, siteId: string): void {
  const path = svg.firstElementChild
  const data = siteId && identiconPath(siteId)
  if (path && path.getAttribute('d') !== data) path.setAttribute('d', data)
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
  renderList(part(element, 'facts'), facts, { key: ({ term }) => term, build: buildFact, update: updateFact })
  renderTexts(part(element, 'attempts'), attempts)
  setHidden(part(element, 'attempts'), attempts.length === 0)
  setHidden(part(element, 'no-attempts'), attempts.length > 0)
}

/** `dl` allows groups of its terms in `div`s. */
function buildFact(): HTMLElement {
  const group = create('div', 'fact')
  group.append(create('dt'), create('dd'))
  return group
}

function updateFact(group: HTMLElement, { term, value }: Fact): void {
  const [dt, dd] = group.children
  if (dt) setText(dt, term)
  if (dd) setText(dd, value)
}

function renderTexts(list: HTMLElement, texts: readonly string[]): void {
  setHidden(list, texts.length === 0)
  renderList(
    list,
    texts.map((text, i) => ({ text, i })),
    { key: ({ i }) => `${i}`, build: () => create('li'), update: (item, { text }) => setText(item, text) },
  )
}
