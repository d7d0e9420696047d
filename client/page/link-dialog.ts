/** A link, large: as a QR code, to copy and to share. */
import { encode } from 'uqr'
import { dialogOf } from './dialogs.ts'
import { byId, setHidden, setText, setUrl } from './dom.ts'

const SVG = 'http://www.w3.org/2000/svg'

export interface ShownLink {
  readonly heading: string
  readonly url: string
  /** What it does, and for whom. */
  readonly words: string
}

let shared: ShownLink | undefined

export function showLink(link: ShownLink): void {
  shared = link
  setText(byId('link-heading'), link.heading)
  setText(byId('link-words'), link.words)
  setUrl(byId('link-text'), link.url)
  byId('qr').replaceChildren(qrCode(link.url))
  setHidden(byId('share-link'), !('share' in navigator))
  dialogOf('link').showModal()
}

byId('share-link').addEventListener('click', () => {
  // Closing the share sheet rejects; the person knows that already.
  if (shared) navigator.share({ title: shared.heading, url: shared.url }).catch(() => undefined)
})

/** One path: a row of dark squares is one rectangle. Medium error correction: screens get scratched, too. */
function qrCode(text: string): SVGElement {
  const { data, size } = encode(text, { ecc: 'M', border: 1 })
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`)
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', data.map(rowPath).join(''))
  svg.append(path)
  return svg
}

function rowPath(row: readonly boolean[], y: number): string {
  let path = ''
  for (let x = 0; x < row.length; x++) {
    const from = x
    while (row[x]) x++
    if (x > from) path += `M${from} ${y}h${x - from}v1h${from - x}z`
  }
  return path
}
