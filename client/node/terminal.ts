/**
 * Writing strangers' text to a terminal. A terminal obeys what it prints: escape sequences move the cursor, set titles,
 * and on some terminals run commands; direction overrides make text read as what it is not. None of them gets through.
 */

/** A message may have 16 MiB; a terminal's scrollback is for people. */
export const MAX_SHOWN_CHARACTERS = 2_000

// C0 and C1 controls and DEL, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates.
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const SHORT_ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A stranger's text as one line that shows every unsafe character as an escape. */
export function safeText(text: string): string {
  const shown =
    text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}… (${text.length} characters)`
  return shown.replaceAll(UNSAFE, (character) => SHORT_ESCAPES[character] ?? unicodeEscape(character))
}

/** JSON that is also safe to look at: JSON.stringify escapes C0 controls only. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, unicodeEscape)
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

export interface Style {
  dim(text: string): string
  accent(text: string): string
  bad(text: string): string
  /** Light on dark, whatever the terminal's own colours are: scanners tell them apart. */
  code(text: string): string
}

/** Colours from the terminal's own palette, or none. */
export function styleFor(coloured: boolean): Style {
  const paint = (code: number | string) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { dim: paint(2), accent: paint(36), bad: paint(31), code: paint('97;40') }
}

/** Colour is for terminals whose owner has not asked to do without (https://no-color.org). */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
}

/** For what this process writes to its standard output. */
export function ownStyle(): Style {
  return styleFor(wantsColour(process.stdout.isTTY, process.env))
}
