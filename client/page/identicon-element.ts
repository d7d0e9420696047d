/** The element that shows a contributor's identicon. */
import { identiconPath } from './identicon.ts'

const SVG = 'http://www.w3.org/2000/svg'

export function buildIdenticon(): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '-1 -1 7 7')
  svg.setAttribute('class', 'identicon')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(document.createElementNS(SVG, 'path'))
  return svg
}

export function drawIdenticon(svg: Element, siteId: string): void {
  const path = svg.firstElementChild
  const data = siteId && identiconPath(siteId)
  if (path && path.getAttribute('d') !== data) path.setAttribute('d', data)
}
