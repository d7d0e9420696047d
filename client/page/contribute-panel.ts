/** Brings the part of page.html where people contribute to what a state says. */
import { contributeViewOf } from './contribute-view.ts'
import { byId, byIdAs, setHidden, setText } from './dom.ts'
import { renderFacts } from './facts.ts'
import type { PageState } from './state.ts'

export function renderContribution(state: PageState): void {
  const view = contributeViewOf(state)
  const toggle = byIdAs('contribute-toggle', HTMLButtonElement)
  setText(toggle, view.button)
  toggle.disabled = !view.canStart
  toggle.classList.toggle('primary', !view.isOn)
  const slider = byIdAs('share-slider', HTMLInputElement)
  const position = `${Math.round(view.share * 100)}`
  if (slider.value !== position) slider.value = position
  if (slider.getAttribute('aria-valuetext') !== view.shareWords) slider.setAttribute('aria-valuetext', view.shareWords)
  setText(byId('share-words'), view.shareWords)
  setText(byId('contribute-status'), view.status)
  const progress = byIdAs('piece-progress', HTMLProgressElement)
  progress.value = view.fraction ?? 0
  progress.classList.toggle('resting', !view.isOn)
  renderFacts(byId('contribution-figures'), view.figures)
  setText(byId('contribute-error'), view.fault)
  setHidden(byId('contribute-error'), view.fault === '')
}
