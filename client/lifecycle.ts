/**
 * What a runtime tells of the life of its page and its machine. A browser has events for it; a sleep tells nothing, but
 * clocks show it afterwards. Nothing is looked for at import time, and what a runtime lacks is left out.
 */
import { nowMs } from './clock.ts'

/** Who keeps connections, and is told what becomes of them. Every call may come repeatedly. */
export interface LifecycleOwner {
  /** Network, visibility or time have changed: what looks alive may be dead, and what waits need not wait. */
  nudge(): void
  /**
   * The page stops running and may come back: sockets and WebRTC connections are to be closed at once. What stays open
   * keeps a page out of the back-forward cache, or is closed by the browser with 1001, which says bye in our name.
   */
  suspend(): void
  /** The page runs again, if it had stopped. */
  resume(): void
  /** The page ends. */
  leave(): void
}

/** The parts of a browser's global scope that are listened to. */
export interface LifecycleRuntime {
  readonly addEventListener?: EventTarget['addEventListener']
  readonly document?: EventTarget & { readonly visibilityState: string }
  readonly navigator?: { readonly connection?: EventTarget }
}

const ACTIONS: Readonly<Record<string, keyof LifecycleOwner>> = {
  pagehide: 'suspend',
  freeze: 'suspend',
  pageshow: 'resume',
  resume: 'resume',
}

/** How soon after a sleep it is noticed. */
const WATCH_MS = 2_000
/** A timer may be late by the second to which browsers align those of hidden pages, and by a busy thread's work. */
const LATE_MS = 3_000

/** Follows the life of the runtime until the function that it returns is called. */
export function followLifecycle(
  owner: LifecycleOwner,
  runtime: LifecycleRuntime = globalThis as LifecycleRuntime,
): () => void {
  const { document, navigator } = runtime
  const abort = new AbortController()
  const heard = ({ type, persisted }: Event & { persisted?: boolean }) => {
    if (type === 'visibilitychange' && document?.visibilityState === 'hidden') return
    owner[type === 'pagehide' && !persisted ? 'leave' : (ACTIONS[type] ?? 'nudge')]()
  }
  const listen = (target: Pick<LifecycleRuntime, 'addEventListener'> | undefined, types: string) => {
    for (const type of types.split(' ')) target?.addEventListener?.(type, heard, { signal: abort.signal })
  }
  listen(runtime, 'online offline visibilitychange pagehide pageshow')
  // Chromium alone has these.
  listen(document, 'freeze resume')
  listen(navigator?.connection, 'change')

  let wallMs = Date.now()
  let atMs = nowMs()
  // Some clocks stand still while the machine sleeps, and a person may set others: the one that went further counts.
  const watch = setInterval(() => {
    const passedMs = Math.max(Date.now() - wallMs, nowMs() - atMs)
    wallMs = Date.now()
    atMs = nowMs()
    if (passedMs > WATCH_MS + LATE_MS) owner.nudge()
  }, WATCH_MS)
  return () => {
    abort.abort()
    clearInterval(watch)
  }
}
