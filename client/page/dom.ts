/** The few things the page does to the DOM. All text goes in as text: nothing here can parse markup. */

/** The element that page.html has under this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (!element) throw new Error(`page.html has no #${id}`)
  return element
}

/** The same, for what only some elements can. */
export function byIdAs<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = byId(id)
  if (!(element instanceof kind)) throw new Error(`#${id} in page.html is no ${kind.name}`)
  return element
}

/** Writes only what changed, so that selections survive and screen readers are not told the same thing again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Writes a URL that may be broken across lines where people would: behind its slashes. */
export function setUrl(element: Element, url: string): void {
  const parts = url.split(/(?<=[^/]\/)(?=[^/])/)
  element.replaceChildren(...parts.flatMap((text, i) => (i === 0 ? [text] : [document.createElement('wbr'), text])))
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden
}

export function create(tag: string, className = '', text = ''): HTMLElement {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

/** An element of a row that is found again by its class. */
export function part(row: Element, className: string): HTMLElement {
  const element = row.querySelector<HTMLElement>(`.${className}`)
  if (!element) throw new Error(`a row has no .${className}`)
  return element
}

/**
 * Makes the children of a container match a list: a child is kept as long as its key is, and moves only when it must.
 */
export function renderList<Item>(
  container: Element,
  items: readonly Item[],
  list: { key: (item: Item) => string; build: () => HTMLElement; update: (element: HTMLElement, item: Item) => void },
): void {
  const existing = new Map<string, HTMLElement>()
  for (const child of container.children) {
    if (child instanceof HTMLElement) existing.set(child.dataset['key'] ?? '', child)
  }
  let place = container.firstElementChild
  for (const item of items) {
    const key = list.key(item)
    let element = existing.get(key)
    existing.delete(key)
    if (!element) {
      element = list.build()
      element.dataset['key'] = key
    }
    list.update(element, item)
    if (element === place) place = place.nextElementSibling
    else container.insertBefore(element, place)
  }
  for (const gone of existing.values()) gone.remove()
}
