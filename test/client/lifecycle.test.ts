/** What becomes of connections when a page is hidden, put away, brought back or frozen, and when a machine sleeps. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { followLifecycle } from '../../client/lifecycle.ts'

class Page extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  readonly navigator = { connection: new EventTarget() }
}

let page: Page
let told: string[]
let detach: () => void
const owner = {
  nudge: () => told.push('nudge'),
  suspend: () => told.push('suspend'),
  resume: () => told.push('resume'),
  leave: () => told.push('leave'),
}

beforeEach(() => {
  vi.useFakeTimers()
  page = new Page()
  told = []
  detach = followLifecycle(owner, page)
})
afterEach(() => {
  detach()
  vi.useRealTimers()
})

const event = (type: string, more = {}) => Object.assign(new Event(type), more)

/** Shows or hides the page. The event bubbles from the document to the window. */
function makeVisible(visibilityState: 'visible' | 'hidden'): void {
  Object.assign(page.document, { visibilityState })
  page.document.dispatchEvent(event('visibilitychange'))
  page.dispatchEvent(event('visibilitychange'))
}

describe('a page', () => {
  it.each([
    ['is online again', 'nudge', () => page.dispatchEvent(event('online'))],
    ['is offline', 'nudge', () => page.dispatchEvent(event('offline'))],
    ['has another connection', 'nudge', () => page.navigator.connection.dispatchEvent(event('change'))],
    ['is visible again', 'nudge', () => makeVisible('visible')],
    ['is put into the back-forward cache', 'suspend', () => page.dispatchEvent(event('pagehide', { persisted: true }))],
    ['comes back from it', 'resume', () => page.dispatchEvent(event('pageshow', { persisted: true }))],
    ['goes away', 'leave', () => page.dispatchEvent(event('pagehide', { persisted: false }))],
    ['is frozen', 'suspend', () => page.document.dispatchEvent(event('freeze'))],
    ['runs again', 'resume', () => page.document.dispatchEvent(event('resume'))],
  ])('that %s: %s', (_, action, happen) => {
    happen()
    expect(told).toEqual([action])
  })

  it('that is hidden, or whose fields change, does nothing', () => {
    makeVisible('hidden')
    page.dispatchEvent(event('change'))
    page.document.dispatchEvent(event('change'))
    expect(told).toEqual([])
  })

  it('that is online again while hidden is nudged', () => {
    makeVisible('hidden')
    page.dispatchEvent(event('online'))
    expect(told).toEqual(['nudge'])
  })
})

describe('a machine', () => {
  it('that runs on is never nudged', () => {
    vi.advanceTimersByTime(3_600_000)
    expect(told).toEqual([])
  })

  it('that slept is nudged as soon as it is awake, once', () => {
    vi.advanceTimersByTime(10_000)
    // As on machines where timers and the monotonic clock stand still in a sleep.
    vi.setSystemTime(Date.now() + 600_000)
    vi.advanceTimersByTime(2_000)
    expect(told).toEqual(['nudge'])
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual(['nudge'])
  })

  it('whose timers come very late was asleep or frozen, whatever the wall clock says', () => {
    const nowMs = vi.spyOn(performance, 'now')
    vi.advanceTimersByTime(10_000)
    const atMs = performance.now()
    nowMs.mockReturnValue(atMs + 30_000)
    vi.advanceTimersByTime(2_000)
    expect(told).toEqual(['nudge'])
    nowMs.mockRestore()
  })

  it('whose clock is set back is not', () => {
    vi.setSystemTime(Date.now() - 600_000)
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
  })

  it('whose timers are aligned to seconds, as in a hidden page, is not', () => {
    vi.advanceTimersByTime(1_000)
    vi.setSystemTime(Date.now() + 2_000)
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
  })
})

describe('a runtime', () => {
  it('that is let go of tells nothing any more', () => {
    detach()
    page.dispatchEvent(event('online'))
    page.dispatchEvent(event('pagehide'))
    page.document.dispatchEvent(event('freeze'))
    vi.setSystemTime(Date.now() + 600_000)
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['without events and without a page, as Node', {}],
    ['without a document, as a worker', new EventTarget()],
    ['without navigator.connection, as Firefox and Safari', Object.assign(new EventTarget(), { navigator: {} })],
  ])('%s is followed all the same', (_, runtime) => {
    const stop = followLifecycle(owner, runtime)
    vi.setSystemTime(Date.now() + 600_000)
    vi.advanceTimersByTime(2_000)
    // Both followers saw the sleep.
    expect(told).toEqual(['nudge', 'nudge'])
    stop()
  })
})
