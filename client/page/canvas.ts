/** What every drawing of the page needs of its canvas. */

/**
 * A context in CSS pixels on a canvas that is as fine as the screen, emptied.
 *
 * @returns `undefined` where the browser gives no context, as some do that are asked not to be recognised
 */
export function freshContext(
  canvas: HTMLCanvasElement,
  widthPx: number,
  heightPx: number,
): CanvasRenderingContext2D | undefined {
  const scale = devicePixelRatio
  const width = Math.round(widthPx * scale)
  const height = Math.round(heightPx * scale)
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width
    canvas.height = height
    canvas.style.width = `${widthPx}px`
    canvas.style.height = `${heightPx}px`
  }
  const context = canvas.getContext('2d')
  context?.setTransform(scale, 0, 0, scale, 0, 0)
  context?.clearRect(0, 0, widthPx, heightPx)
  return context ?? undefined
}

/** Reads colours of the style sheet by their names there. */
export function coloursOf(element: Element): (name: string) => string {
  const style = getComputedStyle(element)
  return (name) => style.getPropertyValue(`--${name}`).trim()
}
