/** Curves as a picture: SVG, drawn with nothing but what is written here, so that it can be read in a review. */

export interface Curve {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Plot {
  readonly title: string
  readonly xLabel: string
  readonly curves: readonly Curve[]
  /** Drawn as lines across; what the curves are held against. */
  readonly bars?: readonly { readonly name: string; readonly y: number }[]
}

const WIDTH = 720
const HEIGHT = 260
const MARGIN = { left: 56, right: 16, top: 34, bottom: 40 }
const COLOURS = ['#0b6e99', '#d9730d', '#448361', '#9065b0', '#c14c8a']
const TICKS = 5

/** Plots one below the other. */
export function svgOf(plots: readonly Plot[]): string {
  const height = plots.length * HEIGHT
  const drawn = plots.map((plot, i) => `<g transform="translate(0 ${i * HEIGHT})">${drawPlot(plot)}</g>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${drawn.join('\n')}
</svg>
`
}

function drawPlot({ title, xLabel, curves, bars = [] }: Plot): string {
  const points = curves.flatMap((curve) => curve.points)
  const maxX = Math.max(1, ...points.map(([x]) => x))
  const maxY = 1.08 * Math.max(1e-9, ...points.map(([, y]) => y), ...bars.map(({ y }) => y))
  const left = (x: number) => MARGIN.left + (x / maxX) * (WIDTH - MARGIN.left - MARGIN.right)
  const top = (y: number) => HEIGHT - MARGIN.bottom - (y / maxY) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const line = (x1: number, y1: number, x2: number, y2: number, style: string) =>
    `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${style}/>`
  const grid = Array.from({ length: TICKS + 1 }, (_, i) => {
    const [x, y] = [(maxX * i) / TICKS, (maxY * i) / TICKS]
    return (
      line(left(0), top(y), left(maxX), top(y), 'stroke="#e6e6e6"') +
      text(left(0) - 6, top(y) + 4, label(y), 'end') +
      text(left(x), HEIGHT - MARGIN.bottom + 16, label(x), 'middle')
    )
  })
  const barLines = bars.map(
    ({ name, y }) =>
      line(left(0), top(y), left(maxX), top(y), 'stroke="#b00020" stroke-dasharray="5 4"') +
      text(left(maxX), top(y) - 4, name, 'end', '#b00020'),
  )
  const lines = curves.map(({ points: of }, i) => {
    const path = of.map(([x, y]) => `${round(left(x))},${round(top(y))}`).join(' ')
    return `<polyline points="${path}" fill="none" stroke="${colour(i)}" stroke-width="1.6"/>`
  })
  const legend = curves.map(({ name }, i) =>
    text(MARGIN.left + 150 * i, MARGIN.top - 4, `— ${name}`, 'start', colour(i)),
  )
  return [
    text(MARGIN.left, 14, title, 'start', '#111', 'font-weight="bold"'),
    text(left(maxX), HEIGHT - 8, xLabel, 'end', '#555'),
    ...grid,
    ...barLines,
    ...lines,
    ...legend,
  ].join('')
}

function text(x: number, y: number, what: string, anchor: string, fill = '#555', more = ''): string {
  const safe = what.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" ${more}>${safe}</text>`
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? 'black'
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function label(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)
}
