/**
 * What a relay's message says to us, read before Gun sees it. Gun would keep in its graph whatever anybody sends, set a timer
 * for each value from the future, answer everybody's questions and connect to hosts that a relay names (`mob`). So
 * Gun is handed the greetings alone, and the carrier the values of the nodes that it listens to.
 */
import { MAX_GUN_MESSAGE_CHARACTERS, MAX_RECORD_CHARACTERS } from './limits.ts'
import type { Place } from './records.ts'

export interface ValueAt extends Place {
  readonly text: string
}

export interface ReadMessage {
  /** Gun's greetings: to be handed to Gun. */
  readonly greetings: readonly object[]
  readonly values: readonly ValueAt[]
  /** Values of our nodes that cannot be records. */
  readonly rubbish: number
}

/** 16 bytes in base64url. */
const NAME = /^[\w-]{22}$/

/** @param souls the nodes that we listen to */
export function readGunMessage(data: unknown, souls: ReadonlySet<string>): ReadMessage {
  const greetings: object[] = []
  const values: ValueAt[] = []
  let rubbish = 0
  for (const message of messagesIn(data)) {
    if (message['dam'] === '?') greetings.push(greetingIn(message))
    const graph = message['put']
    if (!isObject(graph)) continue
    for (const soul of souls) {
      // A name like `__proto__` is no soul of ours, and only ours are looked up.
      const node = Object.hasOwn(graph, soul) ? graph[soul] : undefined
      if (!isObject(node)) continue
      for (const [slot, text] of Object.entries(node)) {
        if (slot === '_') continue
        if (NAME.test(slot) && typeof text === 'string' && text.length <= MAX_RECORD_CHARACTERS) {
          values.push({ soul, slot, text })
        } else rubbish++
      }
    }
  }
  return { greetings, values, rubbish }
}

/** Several messages travel in an array, each as an object or as a text of its own. */
function* messagesIn(data: unknown): Generator<Record<string, unknown>> {
  if (typeof data !== 'string' || data.length > MAX_GUN_MESSAGE_CHARACTERS) return
  const parsed = parse(data)
  for (const item of Array.isArray(parsed) ? (parsed as unknown[]) : [parsed]) {
    const message = typeof item === 'string' ? parse(item) : item
    if (isObject(message)) yield message
  }
}

/** Its id, the relay's, and which question it answers; nothing else that somebody may have put in. */
function greetingIn(message: Record<string, unknown>): object {
  const texts = ['#', '@', 'pid'].flatMap((key) => {
    const value = message[key]
    return typeof value === 'string' && value.length <= 64 ? [[key, value] as const] : []
  })
  return { dam: '?', ...Object.fromEntries(texts) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
