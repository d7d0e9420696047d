/** Handlers do not disturb each other, whatever they do. */
import { describe, expect, it } from 'vitest'
import { Emitter } from '../../client/events.ts'

function newEmitter(): { emitter: Emitter<{ word: string }>; failures: unknown[] } {
  const failures: unknown[] = []
  return { emitter: new Emitter((error) => failures.push(error)), failures }
}

describe('an event', () => {
  it('reaches every handler though one throws and one rejects', async () => {
    const { emitter, failures } = newEmitter()
    const heard: string[] = []
    const rejection = Promise.reject(new Error('rejected'))
    emitter.on('word', () => {
      throw new Error('thrown')
    })
    emitter.on('word', () => rejection)
    emitter.on('word', (word) => heard.push(word))
    emitter.emit('word', 'hello')
    await rejection.catch(() => undefined)
    expect(heard).toEqual(['hello'])
    expect(failures).toEqual([new Error('thrown'), new Error('rejected')])
  })

  it('no longer reaches a handler that was taken off, or whose signal has aborted', () => {
    const { emitter } = newEmitter()
    const heard: string[] = []
    const abort = new AbortController()
    const off = emitter.on('word', (word) => heard.push(`off ${word}`))
    emitter.on('word', (word) => heard.push(`signal ${word}`), { signal: abort.signal })
    emitter.on('word', (word) => heard.push(`late ${word}`), { signal: AbortSignal.abort() })
    emitter.emit('word', 'one')
    off()
    off()
    abort.abort()
    emitter.emit('word', 'two')
    expect(heard).toEqual(['off one', 'signal one'])
  })

  it('may take handlers off while it is being told', () => {
    const { emitter } = newEmitter()
    const heard: string[] = []
    const off = emitter.on('word', () => {
      heard.push('first')
      off()
    })
    emitter.on('word', () => heard.push('second'))
    emitter.emit('word', '')
    emitter.emit('word', '')
    expect(heard).toEqual(['first', 'second', 'second'])
  })

  it('reaches nobody after clear', () => {
    const { emitter } = newEmitter()
    const heard: string[] = []
    emitter.on('word', (word) => heard.push(word))
    emitter.clear()
    emitter.emit('word', 'anyone?')
    expect(heard).toEqual([])
  })
})
