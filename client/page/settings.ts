/** What a person chose on this page, kept in this browser where it lets us. */
import { utf8 } from '../../protocol/bytes.ts'
import { MAX_NAME_BYTES } from '../../protocol/limits.ts'

export interface Settings {
  readonly name: string
  /** False: never make a WebRTC connection, so that no peer learns our address. */
  readonly direct: boolean
  /** Of one core's time, for contributing: {@link LEAST_SHARE} to 1. */
  readonly share: number
}

/** Less is not worth the battery that it wakes. */
export const LEAST_SHARE = 0.1
/** Half a core is not noticed beside other work. */
const DEFAULT_SHARE = 0.5

const KEY = 'edge-net.settings'

export function parseSettings(text: string | null): Settings {
  const defaults: Settings = { name: '', direct: true, share: DEFAULT_SHARE }
  if (text === null) return defaults
  try {
    const value = JSON.parse(text) as { name?: unknown; direct?: unknown; share?: unknown } | null
    const name = typeof value?.name === 'string' && nameFault(value.name) === '' ? value.name : defaults.name
    const isShare = typeof value?.share === 'number' && value.share >= LEAST_SHARE && value.share <= 1
    return { name, direct: value?.direct !== false, share: isShare ? Number(value.share) : defaults.share }
  } catch {
    return defaults
  }
}

/** What is wrong with a name, or nothing. */
export function nameFault(name: string): string {
  const size = utf8(name).length
  return size <= MAX_NAME_BYTES ? '' : `This name has ${size} bytes; ${MAX_NAME_BYTES} are allowed.`
}

export function loadSettings(): Settings {
  try {
    return parseSettings(localStorage.getItem(KEY))
  } catch {
    // Storage is denied: the page works without a memory.
    return parseSettings(null)
  }
}

/** Returns whether the browser will remember. */
export function saveSettings(settings: Settings): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings))
    return true
  } catch {
    return false
  }
}
