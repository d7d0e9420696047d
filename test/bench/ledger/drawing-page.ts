/** The inside of the page in which the drawing of the ledger is timed: everything that the join page does for a new entry. */
import { coloursOf, freshContext } from '../../../client/page/canvas.ts'
import { COLOURS } from '../../../client/page/contributor-colours.ts'
import { DagLayout } from '../../../client/page/dag-layout.ts'
import { HEIGHT_PX, paintDag, trackWidthPx, type PaintedEntry } from '../../../client/page/dag-paint.ts'
import { MAX_RECENT } from '../../../client/page/ledger-state.ts'
import { colourOf, ledgerViewOf } from '../../../client/page/ledger-view.ts'
import { initialState, reduce } from '../../../client/page/state.ts'
import { fakeSiteId, GrowingLedger } from '../../support/growing-ledger.ts'

const CONTRIBUTORS = 12
/** As wide as the drawing is on a large screen. */
const WIDTH_PX = 690

declare global {
  var timeFrames: (entries: number, frames: number) => number[]
}

/** @returns how long each frame took, in milliseconds, the picture included */
globalThis.timeFrames = (entries, frames) => {
  const own = fakeSiteId(0)
  const ledger = new GrowingLedger(Array.from({ length: CONTRIBUTORS }, (_, i) => fakeSiteId(i)))
  let confirmed = new Set<string>()
  ledger.on('confirmed', ({ id }) => confirmed.add(id))
  while (ledger.all.length < entries) ledger.grow()

  const canvas = document.createElement('canvas')
  document.body.replaceChildren(canvas)
  const colour = coloursOf(document.body)
  const palette = {
    panel: colour('panel'),
    ink: colour('ink'),
    edge: colour('field-line'),
    contributors: Array.from({ length: COLOURS }, (_, i) => colour(`contributor-${i}`)),
  }
  const layout = new DagLayout<PaintedEntry>()
  let state = reduce(initialState('bench', 0.5), { type: 'identity', siteId: own, kept: true })
  const told = (isWhole: boolean, some: typeof ledger.all) => {
    const news = { isWhole, entries: some, confirmed, statistics: ledger.statistics(), own: ledger.contributor(own) }
    confirmed = new Set()
    return { type: 'ledger', news: { ...news, contributors: ledger.contributors() } } as const
  }
  const draw = () => {
    ledgerViewOf(state)
    const { recent } = state.ledger
    layout.update(recent.map((entry) => ({ ...entry, colour: colourOf(state, entry.contributor) })))
    const context = freshContext(canvas, WIDTH_PX, HEIGHT_PX)
    if (!context) throw new Error('no canvas here')
    const leftPx = Math.max(0, trackWidthPx(layout) - WIDTH_PX)
    paintDag(context, layout, { widthPx: WIDTH_PX, leftPx, selected: undefined }, palette)
    // Drawing is only noted down until somebody looks.
    context.getImageData(0, 0, 1, 1)
  }
  state = reduce(state, told(true, ledger.all.slice(-MAX_RECENT)))
  draw()
  return Array.from({ length: frames }, () => {
    const event = told(false, [ledger.grow()])
    const startedMs = performance.now()
    state = reduce(state, event)
    draw()
    return performance.now() - startedMs
  })
}
