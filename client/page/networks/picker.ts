/** The dialog of networks: joining by a link, those that were visited here, and public ones that the host lists. */
import { listNetworks } from '../../networks/index.ts'
import { shortId } from '../../words.ts'
import { dialogOf } from '../dialogs.ts'
import { byId, byIdAs, create, part, renderList, setHidden, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { showFieldFault, textIn } from '../field-faults.ts'
import type { PanelHost } from '../panel-host.ts'
import { destinationOf } from './destination.ts'
import {
  foundNote,
  foundRows,
  initialPicker,
  PAGE_NETWORKS,
  reducePicker,
  visitedRows,
  type NetworkRow,
  type PickerEvent,
} from './picker-state.ts'
import { changeVisited, loadVisited, without } from './visited.ts'

/** Sizes change as people come and go; the host answers from a cache of 5 s. */
const REFRESH_EVERY_MS = 6_000
/** A search begins when somebody pauses in typing. */
const SEARCH_AFTER_MS = 250

/** @returns opens it */
export function mountPicker(host: PanelHost): () => void {
  const dialog = dialogOf('networks')
  let state = initialPicker(host.state().networkKey)
  let asked = new AbortController()
  let typing: ReturnType<typeof setTimeout> | undefined
  let refreshing: ReturnType<typeof setInterval> | undefined

  const dispatch = (event: PickerEvent) => {
    state = reducePicker(state, event)
    render()
  }
  const render = () => {
    const list = { key: ({ key }: NetworkRow) => key, build: buildNetwork, update: updateNetwork }
    renderList(byId('visited'), visitedRows(state, Date.now()), list)
    renderList(byId('found'), foundRows(state), list)
    setText(byId('found-note'), foundNote(state))
    setHidden(byId('more-networks'), state.next === undefined)
  }
  const load = async (mode: 'first' | 'more') => {
    const { query, next } = state
    asked.abort()
    asked = new AbortController()
    const { signal } = asked
    try {
      const after = mode === 'more' && next !== undefined ? { after: next } : {}
      const listing = await listNetworks(location.origin, {
        limit: PAGE_NETWORKS,
        signal,
        ...(query !== '' && { query }),
        ...after,
      })
      if (!signal.aborted) dispatch({ type: 'found', query, mode, ...listing })
    } catch (error) {
      const { message, hint } = failureFrom(error)
      if (!signal.aborted) dispatch({ type: 'failed', query, message: `${message} ${hint}` })
    }
  }
  const search = () => {
    clearTimeout(typing)
    typing = setTimeout(() => {
      dispatch({ type: 'search', query: textIn('search').trim() })
      void load('first')
    }, SEARCH_AFTER_MS)
  }

  byId('search').addEventListener('input', search)
  byId('more-networks').addEventListener('click', () => {
    dispatch({ type: 'loading' })
    void load('more')
  })
  byId('visited').addEventListener('click', ({ target }) => {
    const key =
      target instanceof HTMLButtonElement ? target.closest<HTMLElement>('.network')?.dataset['key'] : undefined
    if (key === undefined) return
    changeVisited((visited) => without(visited, key))
    dispatch({ type: 'visited', visited: loadVisited() })
    byId('go-text').focus()
  })
  byId('go-text').addEventListener('input', describeDestination)
  byId('go').addEventListener('submit', (event) => {
    event.preventDefault()
    go(host)
  })
  dialog.addEventListener('close', () => {
    clearInterval(refreshing)
    clearTimeout(typing)
    asked.abort()
  })

  return () => {
    dispatch({ type: 'visited', visited: loadVisited() })
    dispatch({ type: 'loading' })
    dialog.showModal()
    void load('first')
    refreshing = setInterval(() => {
      if (!document.hidden && !state.isLoading) void load('first')
    }, REFRESH_EVERY_MS)
  }
}

/** Says beforehand when a link leads to somebody else's page. */
function describeDestination(): void {
  const destination = destinationOf(textIn('go-text'), location.origin)
  const otherHost = typeof destination === 'string' ? undefined : destination.otherHost
  showFieldFault('go-text', '')
  setText(byId('go-note'), otherHost === undefined ? '' : `This opens the page of another host, ${otherHost}.`)
}

function go(host: PanelHost): void {
  const destination = destinationOf(textIn('go-text'), location.origin)
  showFieldFault('go-text', typeof destination === 'string' ? destination : '')
  if (typeof destination === 'string') return byIdAs('go-text', HTMLInputElement).focus()
  const { pathname, hash } = new URL(destination.url)
  if (destination.otherHost !== undefined || pathname !== location.pathname) return location.assign(destination.url)
  // We are there; what may be new is the invite.
  dialogOf('networks').close()
  if (hash !== '') host.rejoin(hash.slice('#invite='.length))
}

function buildNetwork(): HTMLElement {
  const row = create('li', 'network')
  const line = create('p', 'line')
  const link = create('a', 'name')
  link.dir = 'auto'
  line.append(link, create('span', 'policy'), create('code', 'key'))
  const description = create('p', 'description')
  description.dir = 'auto'
  row.append(line, create('p', 'detail'), description)
  return row
}

function updateNetwork(row: HTMLElement, network: NetworkRow): void {
  row.classList.toggle('current', network.isCurrent)
  const link = part(row, 'name')
  setText(link, network.name)
  if (link.getAttribute('href') !== network.href) link.setAttribute('href', network.href)
  if (network.isCurrent) link.setAttribute('aria-current', 'page')
  setText(part(row, 'policy'), network.policy)
  // Any number of networks may have the same name; their ids differ.
  setText(part(row, 'key'), network.key.startsWith('net-') ? shortId(network.key.slice('net-'.length)) : '')
  setText(part(row, 'detail'), network.detail)
  setText(part(row, 'description'), network.description)
  setForgettable(row, network)
}

function setForgettable(row: HTMLElement, { name, isForgettable }: NetworkRow): void {
  const before = row.querySelector('button')
  if (!isForgettable) return before?.remove()
  if (before) return
  const button = create('button', '', 'Forget')
  button.setAttribute('type', 'button')
  button.setAttribute('aria-label', `Forget ${name}`)
  row.append(button)
}
