/** Lists of terms and values. */
import type { Fact } from '../explanation-words.ts'
import { create, renderList, setText } from './dom.ts'

/** `dl` allows groups of its terms in `div`s. */
export function renderFacts(list: HTMLElement, facts: readonly Fact[]): void {
  renderList(list, facts, { key: ({ term }) => term, build: buildFact, update: updateFact })
}

function buildFact(): HTMLElement {
  const group = create('div', 'fact')
  group.append(create('dt'), create('dd'))
  return group
}

function updateFact(group: HTMLElement, { term, value }: Fact): void {
  const [dt, dd] = group.children
  if (dt) setText(dt, term)
  if (dd) setText(dd, value)
}
