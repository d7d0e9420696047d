/** Long work in parts, so that a page goes on moving and other events are heard. */

/**
 * Resolves in a later task. By a message, because browsers make timers wait: a few milliseconds always, a second in pages that
 * nobody looks at.
 */
export function othersHadTheirTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(undefined)
  })
}
