/**
 * What can be checked of accessibility by a machine, as functions that run inside a page and return what is wrong.
 * WCAG 2.2: 1.3.1, 1.4.3, 1.4.10, 1.4.11, 2.4.2, 3.1.1, 4.1.2.
 */
// oxlint-disable unicorn/consistent-function-scoping -- a function that goes into a page takes its helpers along

/** Landmarks, headings, labels, names, ids. */
export function structureFaults(): string[] {
  const faults: string[] = []
  const visible = (element: Element) => element.checkVisibility({ visibilityProperty: true })
  if (!document.documentElement.lang) faults.push('the page has no language')
  if (document.title.trim() === '') faults.push('the page has no title')
  for (const landmark of ['main', 'body > header', 'body > footer']) {
    if (document.querySelectorAll(landmark).length !== 1) faults.push(`there is not exactly one ${landmark}`)
  }
  let level = 0
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!visible(heading)) continue
    const next = Number(heading.tagName[1])
    if (next > level + 1) faults.push(`the heading "${heading.textContent}" skips a level`)
    level = next
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('there is not exactly one h1')
  for (const section of document.querySelectorAll('section')) {
    const by = section.getAttribute('aria-labelledby')
    const isNamed = by
      ? document.getElementById(by)
      : section.hasAttribute('aria-label') || section.hasAttribute('role')
    if (!isNamed) faults.push(`a section has no name: ${section.id}`)
  }
  for (const control of document.querySelectorAll<HTMLInputElement>('input, select, textarea')) {
    const label = control.labels?.[0]?.textContent ?? control.getAttribute('aria-label') ?? ''
    if (label.trim() === '') faults.push(`#${control.id} has no label`)
  }
  for (const control of document.querySelectorAll('button, a[href], summary')) {
    const name = control.getAttribute('aria-label') ?? control.textContent ?? ''
    if (name.trim() === '') faults.push(`a ${control.tagName} has no name`)
  }
  for (const image of document.querySelectorAll('svg, img')) {
    if (image.getAttribute('aria-hidden') !== 'true' && !image.hasAttribute('aria-label'))
      faults.push('an image has no text')
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of ids.filter((candidate, i) => ids.indexOf(candidate) !== i)) faults.push(`#${id} stands twice`)
  return faults
}

/** Text below AA against the background that is painted behind it: 4.5, or 3 for large text. */
export function contrastFaults(): string[] {
  const faults: string[] = []
  const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
    const [R = 0, G = 0, B = 0] = [r, g, b].map((channel) => {
      const part = channel / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * R + 0.7152 * G + 0.0722 * B
  }
  const backgroundOf = (element: Element | null): number[] => {
    if (!element) return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255]
    const color = channels(getComputedStyle(element).backgroundColor)
    return color.length === 4 && color[3] === 0 ? backgroundOf(element.parentElement) : color
  }
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim())
    if (!hasText || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.quiet, noscript'))
      continue
    const style = getComputedStyle(element)
    const [light = 0, dark = 0] = [luminance(channels(style.color)), luminance(backgroundOf(element))].toSorted(
      (a, b) => b - a,
    )
    const ratio = (light + 0.05) / (dark + 0.05)
    const sizePx = Number.parseFloat(style.fontSize)
    const isLarge = sizePx >= 24 || (sizePx >= 18.66 && Number(style.fontWeight) >= 700)
    if (ratio < (isLarge ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)}: "${element.textContent?.trim().slice(0, 40)}"`)
  }
  return faults
}

/** What is wider than the screen makes people scroll in two directions. */
export function overflowFaults(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement
  return scrollWidth > clientWidth ? [`the page is ${scrollWidth} px wide on a screen of ${clientWidth}`] : []
}

/** Targets smaller than 24 × 24 CSS pixels (2.5.8). Boxes to tick have their labels for targets. */
export function targetFaults(): string[] {
  return [
    ...document.querySelectorAll('button, select, input:not([type="checkbox"], [type="radio"]), summary'),
  ].flatMap((element) => {
    if (!element.checkVisibility({ visibilityProperty: true })) return []
    const { width, height } = element.getBoundingClientRect()
    return width >= 24 && height >= 24
      ? []
      : [`${element.tagName} "${element.textContent?.trim()}" is ${width} × ${height}`]
  })
}
