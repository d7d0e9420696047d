/** What a person chose on this page, kept in this browser where it lets us. */
import { utf8 } from '../../protocol/bytes.ts'
import { MAX_NAME_BYTES } from '../../protocol/limits.ts'

export interface Settings {
  readonly name: string
  /** False: never make a WebRTC connection, so that no peer learns our address. */
  readonly direct: boolean
}

const KEY = 'edge-net.settings'

export function parseSettings(text: string | null): Settings {
  const defaults: Settings = { name: '', direct: true }
  if (text === null) return defaults
  try {
    const value = JSON.parse(text) as { name?: unknown; direct?: unknown } | null
    const name = typeof value?.name === 'string' && nameFault(value.name) === '' ? value.name : defaults.name
    return { name, direct: value?.direct !== false }
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
