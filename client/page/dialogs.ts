/**
 * Native dialogs: the browser keeps focus inside, gives it back, and closes them by Escape. Here is what it leaves to us: a
 * press beside a dialog closes it, and so does its button.
 */
import { byId, byIdAs, setText } from './dom.ts'

export function dialogOf(id: string): HTMLDialogElement {
  return byIdAs(id, HTMLDialogElement)
}

/** Closes by button and by a press beside; call once. */
export function letDialogsClose(): void {
  document.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLButtonElement && 'closes' in target.dataset) target.closest('dialog')?.close(target.value)
  })
  // A press on the dialog's own padding is told of the same element as one on what is behind it.
  document.addEventListener('pointerdown', ({ target, clientX, clientY }) => {
    if (!(target instanceof HTMLDialogElement)) return
    const { left, right, top, bottom } = target.getBoundingClientRect()
    if (clientX < left || clientX > right || clientY < top || clientY > bottom) target.close('')
  })
}

/** Asks before what cannot be taken back. */
export function confirmed(question: { heading: string; words: string; yes: string }): Promise<boolean> {
  const dialog = dialogOf('confirm')
  setText(byId('confirm-heading'), question.heading)
  setText(byId('confirm-words'), question.words)
  setText(byId('confirm-yes'), question.yes)
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
