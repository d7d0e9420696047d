/** The dialog of own contributions: those of this identity, or of another one that this browser keeps. */
import type { SharedLedger } from '../../qdag/api.ts'
import { dialogOf } from '../dialogs.ts'
import { byId, byIdAs, create, part, renderList, setHidden, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { renderFacts } from '../facts.ts'
import { identities } from '../identity-store.ts'
import type { PanelHost } from '../panel-host.ts'
import { latestOf, ownHistory, type ContributionRow, type OwnHistory } from './own-history.ts'

/** What arrives while the dialog is open is read again this long after: entries come in bursts. */
const READ_AFTER_MS = 500

/** @returns opens it */
export function mountHistory(host: PanelHost): () => void {
  const select = byIdAs('history-identity', HTMLSelectElement)
  let stop: (() => void) | undefined
  let planned: ReturnType<typeof setTimeout> | undefined
  let reading = 0

  const read = async () => {
    planned = undefined
    const ledger = host.session()?.ledger()
    const mine = ++reading
    if (!ledger) return show({ figures: [], rows: [], note: 'The ledger is there once you are in the network.' })
    const history = await readHistory(ledger, select.value)
    if (mine === reading) show(history)
  }
  const readSoon = () => (planned ??= setTimeout(() => void read(), READ_AFTER_MS))
  select.addEventListener('change', () => void read())
  dialogOf('history').addEventListener('close', () => {
    stop?.()
    stop = undefined
    clearTimeout(planned)
    planned = undefined
  })
  return () => {
    const own = host.state().self?.siteId ?? ''
    const stops = (['entry', 'confirmed'] as const).flatMap((type) => {
      const ledger = host.session()?.ledger()
      return ledger ? [ledger.on(type, readSoon)] : []
    })
    stop = () => stops.forEach((end) => end())
    const ours = { siteId: own, label: 'The one in use' }
    renderIdentities([ours], own)
    dialogOf('history').showModal()
    void read()
    identities().then(
      (kept) => renderIdentities(kept.some(({ siteId }) => siteId === own) ? kept : [ours, ...kept], own),
      host.reportError,
    )
  }

  function renderIdentities(shown: readonly { siteId: string; label: string }[], chosen: string): void {
    const before = select.value || chosen
    renderList(select, shown, {
      key: ({ siteId }) => siteId,
      build: () => create('option'),
      update: (option, { siteId, label }) => {
        option.setAttribute('value', siteId)
        setText(option, label)
      },
    })
    select.value = shown.some(({ siteId }) => siteId === before) ? before : chosen
    setHidden(byId('history-whose'), shown.length < 2)
  }
}

async function readHistory(ledger: SharedLedger, siteId: string): Promise<OwnHistory> {
  try {
    let units = 0
    const counting = async function* () {
      for await (const entry of ledger.entries({ contributor: siteId })) {
        units += entry.computeUnits
        yield entry
      }
    }
    const latest = await latestOf(counting())
    return ownHistory(ledger.contributor(siteId), units, latest)
  } catch (error) {
    return { figures: [], rows: [], note: failureFrom(error).message }
  }
}

function show({ figures, rows, note }: OwnHistory): void {
  renderFacts(byId('history-figures'), figures)
  renderList(byId('history-entries'), rows, { key: ({ id }) => id, build: buildRow, update: updateRow })
  setText(byId('history-note'), note)
}

function buildRow(): HTMLElement {
  const row = create('li', 'contribution')
  const task = create('code', 'task')
  task.dir = 'auto'
  row.append(task, create('span', 'units'), create('span', 'detail'), create('span', 'confirmation'))
  return row
}

function updateRow(row: HTMLElement, { taskId, detail, units, confirmation }: ContributionRow): void {
  row.classList.toggle('confirmed', confirmation === 'confirmed')
  setText(part(row, 'task'), taskId)
  setText(part(row, 'units'), units)
  setText(part(row, 'detail'), detail)
  setText(part(row, 'confirmation'), confirmation)
}
