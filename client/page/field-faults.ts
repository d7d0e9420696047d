/** What is wrong with a field, beside it and told with it. */
import { byId, byIdAs, setText } from './dom.ts'

type Field = HTMLInputElement | HTMLTextAreaElement

/** @param fault a sentence; empty when the field is in order */
export function showFieldFault(id: string, fault: string): void {
  setText(byId(`${id}-error`), fault)
  if (fault) byId(id).setAttribute('aria-invalid', 'true')
  else byId(id).removeAttribute('aria-invalid')
}

export function textIn(id: string): string {
  const field = byId(id)
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement))
    throw new Error(`#${id} is no field`)
  return field.value
}

export function setTextIn(id: string, text: string): void {
  ;(byIdAs(id, HTMLElement) as Field).value = text
}
