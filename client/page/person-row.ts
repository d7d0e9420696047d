/** A row of a list of people: picture, name, id, a line of detail, and what can be done about them. */
import { create, part, renderList, setHidden, setText } from './dom.ts'
import { buildIdenticon, drawIdenticon } from './identicon-element.ts'

export interface PersonRow {
  readonly siteId: string
  /** Text from a stranger. */
  readonly name: string
  readonly shortId: string
  readonly detail: string
  /** Text from a stranger. */
  readonly note?: string
  readonly actions: readonly PersonAction[]
}

export interface PersonAction {
  /** Found again by it: `data-act`. */
  readonly act: string
  readonly label: string
  /** With the name, for who does not see the row. */
  readonly description: string
  readonly kind?: 'primary' | 'danger'
}

/** Hidden while it is empty. */
export function renderPeople(list: HTMLElement, rows: readonly PersonRow[]): void {
  renderList(list, rows, { key: ({ siteId }) => siteId, build: buildPerson, update: updatePerson })
}

/** What was pressed in a list of people, and whom it is about. */
export function onPersonAction(list: HTMLElement, handler: (act: string, siteId: string) => void): void {
  list.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>('button[data-act]') : null
    const key = button?.closest<HTMLElement>('.person')?.dataset['key']
    if (button && key !== undefined) handler(button.dataset['act'] ?? '', key)
  })
}

function buildPerson(): HTMLElement {
  const row = create('li', 'person')
  const who = create('p', 'who')
  who.append(create('bdi', 'name'), ' ', create('code', 'id'))
  const note = create('p', 'note')
  note.dir = 'auto'
  row.append(buildIdenticon(), who, create('p', 'detail'), note, create('div', 'buttons'))
  return row
}

function updatePerson(row: HTMLElement, person: PersonRow): void {
  drawIdenticon(part(row, 'identicon'), person.siteId)
  setText(part(row, 'name'), person.name)
  const id = part(row, 'id')
  setText(id, person.shortId)
  if (id.title !== person.siteId) id.title = person.siteId
  setText(part(row, 'detail'), person.detail)
  setText(part(row, 'note'), person.note ?? '')
  renderActions(part(row, 'buttons'), person.actions)
}

export function renderActions(buttons: HTMLElement, actions: readonly PersonAction[]): void {
  setHidden(buttons, actions.length === 0)
  renderList(buttons, actions, {
    key: ({ act }) => act,
    build: () => {
      const button = create('button')
      button.setAttribute('type', 'button')
      return button
    },
    update: (button, { act, label, description, kind }) => {
      button.dataset['act'] = act
      button.className = kind ?? ''
      setText(button, label)
      if (button.getAttribute('aria-label') !== description) button.setAttribute('aria-label', description)
    },
  })
}
