/** The join page: opening the room URL joins the room. Ties session, state and rendering to the page's life. */
import type { Computer, ComputeReport } from '../compute/messages.ts'
import { startComputer } from './computer.ts'
import { renderContribution } from './contribute-panel.ts'
import { DagDrawing } from './dag-drawing.ts'
import { letDialogsClose } from './dialogs.ts'
import { byId, byIdAs, part, setHidden, setText, setUrl } from './dom.ts'
import { renderLedger } from './ledger-panel.ts'
import { loadLater } from './later.ts'
import { changeVisited, withVisit } from './networks/visited.ts'
import type { PanelHost } from './panel-host.ts'
import { placeOf } from './place.ts'
import { render } from './render.ts'
import { reportOf } from './report.ts'
import { startSession, type Session } from './session.ts'
import { loadSettings, nameFault, saveSettings, type Settings } from './settings.ts'
import { initialState, reduce, type PageEvent, type PageState } from './state.ts'

/** A burst of events is drawn once. Timers, not animation frames: a hidden tab still updates its title. */
const DRAW_EVERY_MS = 16
/** An open diagnosis is read anew this often. */
const EXPLAIN_EVERY_MS = 1_000
/** How long a copy button says that it copied. */
const COPIED_FOR_MS = 1_500
/** Who is let in and put out faster than this is not let in: begin anew, and it would go on for ever. */
const LEAST_STAY_MS = 1_000

const { roomUrl, key, isFounded, invite } = placeOf(location)
let settings = loadSettings()
let state = initialState(key, settings.share)
let session: Session | undefined
let computer: Computer | undefined
let settledAtMs = 0
let isDrawing = false
const drawing = new DagDrawing(byId('dag'), (id) => dispatch({ type: 'ledger-selected', id }))

const host: PanelHost = {
  state: () => state,
  session: () => session,
  settings: () => settings,
  dispatch,
  rejoin: (another) => rejoin(settings, another),
  reportError,
}
const later = loadLater(host)

function dispatch(event: PageEvent): void {
  const before = state
  state = reduce(state, event)
  if (state === before) return
  if (event.type === 'joined') settle()
  if (state.contribution !== before.contribution) steerComputer(before)
  if (isDrawing) return
  isDrawing = true
  setTimeout(() => {
    isDrawing = false
    draw()
  }, DRAW_EVERY_MS)
}

function draw(): void {
  render(state, settings.name)
  renderContribution(state)
  renderLedger(state, drawing)
  later.render(state)
}

/** We are in: the address needs no invite any more, which must not be sent on by accident, and the visit is remembered. */
function settle(): void {
  settledAtMs = performance.now()
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  if (isFounded) return
  changeVisited((visited) => withVisit(visited, { key, name: key, policy: 'public', atMs: Date.now() }))
}

/** Has the computer do what the state says. */
function steerComputer({ contribution: before }: PageState): void {
  const { isOn, share } = state.contribution
  if (isOn && (!before.isOn || before.share !== share)) {
    computer ??= startComputer(byId('contribute').dataset['worker'] ?? '', onComputed)
    computer.send({ type: 'start', share })
  }
  if (!isOn && before.isOn) computer?.send({ type: 'stop' })
}

function onComputed(report: ComputeReport): void {
  dispatch({ type: 'compute', report, nowMs: performance.now() })
  if (report.type === 'done') session?.contribute(report.piece).catch(reportError)
  if (report.type !== 'failed') return
  // The next start makes a new one.
  computer?.close()
  computer = undefined
}

function changeShare(): void {
  const share = byIdAs('share-slider', HTMLInputElement).valueAsNumber / 100
  settings = { ...settings, share }
  dispatch({ type: 'share', share })
}

function joinRoom(code: string | undefined): void {
  session = startSession({ roomUrl, key, isFounded, invite: code }, settings, { tell: dispatch, expelled })
}

/** Our membership ended while we were in: beginning anew shows how we stand, and what can be done. */
function expelled(): void {
  if (performance.now() - settledAtMs > LEAST_STAY_MS) rejoin(settings)
}

function leaveRoom(): void {
  const ended = session
  session = undefined
  if (!ended) return
  ended.leave().catch(reportError)
  dispatch({ type: 'left' })
}

function rejoin(next: Settings, code?: string): void {
  const ended = session
  settings = next
  ended?.leave().catch(reportError)
  joinRoom(code)
}

function send(event: SubmitEvent): void {
  event.preventDefault()
  const input = byIdAs('text', HTMLInputElement)
  const text = input.value
  if (!session || text.trim() === '') return
  input.value = ''
  input.focus()
  session.send(byIdAs('to', HTMLSelectElement).value, text).catch(reportError)
}

function applySettings(event: SubmitEvent): void {
  event.preventDefault()
  const name = byIdAs('name', HTMLInputElement).value.trim()
  const fault = nameFault(name)
  setText(byId('settings-error'), fault)
  if (fault) return
  const next = { ...settings, name, direct: byIdAs('direct', HTMLInputElement).checked }
  if (!saveSettings(next)) setText(byId('settings-error'), 'This browser does not let the page remember it.')
  rejoin(next)
}

/** @param source where the text stands, or may be shown */
async function copy(button: HTMLElement, source: HTMLElement, text: string): Promise<void> {
  const label = button.textContent ?? ''
  try {
    await navigator.clipboard.writeText(text)
    setText(byId('copied'), 'Copied')
    setText(button, 'Copied')
    setTimeout(() => {
      setText(button, label)
      setText(byId('copied'), '')
    }, COPIED_FOR_MS)
  } catch {
    // Without the permission to write the clipboard, marking the text is the next best thing.
    setText(source, text)
    setHidden(source, false)
    getSelection()?.selectAllChildren(source)
    setText(byId('copied'), 'Copying is not allowed here; the text is marked instead.')
  }
}

function explain(id: string): void {
  dispatch({ type: 'explained', id, explanation: session?.explain(id) })
}

/** Opens or closes the diagnosis of a row. */
function toggleDiagnosis(button: HTMLElement): void {
  const id = button.closest<HTMLElement>('.peer')?.dataset['key'] ?? ''
  if (state.peers.get(id)?.explanation) dispatch({ type: 'explained', id, explanation: undefined })
  else explain(id)
}

function copyReport(button: HTMLElement): Promise<void> {
  const row = button.closest<HTMLElement>('.peer')
  const peer = state.peers.get(row?.dataset['key'] ?? '')
  if (!row || !peer) return Promise.resolve()
  return copy(button, part(row, 'report'), reportOf(state, roomUrl, peer, new Date()))
}

setInterval(() => {
  if (document.hidden) return
  for (const { id, explanation } of state.peers.values()) if (explanation) explain(id)
}, EXPLAIN_EVERY_MS)

/** Surfaces what no caller awaits, as the browser does for its own uncaught errors. */
function reportError(error: unknown): void {
  globalThis.reportError(error)
}

setUrl(byId('room-url'), roomUrl)
setUrl(byId('command'), `npx edge-net join ${roomUrl}`)
byIdAs('another-tab', HTMLAnchorElement).href = roomUrl
byIdAs('name', HTMLInputElement).value = settings.name
byIdAs('direct', HTMLInputElement).checked = settings.direct
letDialogsClose()
const tellOnline = () => dispatch({ type: 'online', isOnline: navigator.onLine })
addEventListener('online', tellOnline)
addEventListener('offline', tellOnline)
// An invite link to the network that is open already changes the fragment alone.
addEventListener('hashchange', () => {
  const { invite: another } = placeOf(location)
  if (another !== undefined && state.membership.standing !== 'member') rejoin(settings, another)
})
byId('leave').addEventListener('click', leaveRoom)
byId('retry').addEventListener('click', () => rejoin(settings))
byId('rejoin').addEventListener('click', () => rejoin(settings))
byId('contribute-toggle').addEventListener('click', () =>
  dispatch({ type: 'contributing', isOn: !state.contribution.isOn }),
)
byId('share-slider').addEventListener('input', changeShare)
byId('share-slider').addEventListener('change', () => saveSettings(settings))
byId('compose').addEventListener('submit', send)
byId('settings').addEventListener('submit', applySettings)
document.addEventListener('click', ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return
  const { copies } = target.dataset
  if (copies) copy(target, byId(copies), byId(copies).textContent ?? '').catch(reportError)
  if (target.matches('.toggle')) toggleDiagnosis(target)
  if (target.matches('.copy-report')) copyReport(target).catch(reportError)
})
if ('share' in navigator) {
  setHidden(byId('share'), false)
  byId('share').addEventListener('click', () => {
    // Closing the share sheet rejects; the person knows that already.
    navigator.share({ title: document.title, url: roomUrl }).catch(() => undefined)
  })
}

tellOnline()
joinRoom(invite)
draw()
