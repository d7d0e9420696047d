/** A person's identities in this browser, and which of them is in use. Pure: what a change makes of it, or why it cannot be. */
import { EdgeNetError } from '../errors.ts'
import { labelFault } from '../identity/label.ts'

export interface KeyringEntry {
  readonly siteId: string
  /** The person's own word, and no other one's here. */
  readonly label: string
  /** The private half cannot be read by any script. */
  readonly keys: CryptoKeyPair
  /** When it was made here or came here; milliseconds since 1970. */
  readonly createdAtMs: number
  readonly lastUsedAtMs: number
}

export interface Keyring {
  /** The `siteId` of the one in use. */
  readonly current: string
  /** At least one; in the order in which they came. */
  readonly entries: readonly KeyringEntry[]
}

/** A list that a person oversees. */
const MAX_IDENTITIES = 32
/** What the command calls the first one, too, so that a backup of either is the first one there. */
export const FIRST_LABEL = 'default'

export function currentOf({ current, entries }: Keyring): KeyringEntry {
  const found = entries.find(({ siteId }) => siteId === current) ?? entries[0]
  if (!found) throw new Error('a keyring without an identity')
  return found
}

/** With one more. A label that another one has gets a number. @throws EdgeNetError `invalid-argument` */
export function added({ current, entries }: Keyring, entry: KeyringEntry): Keyring {
  const same = entries.find(({ siteId }) => siteId === entry.siteId)
  if (same) throw refused('identity', `This identity is here already, as "${same.label}".`, 'There is nothing to do.')
  if (entries.length === MAX_IDENTITIES)
    throw refused('identity', `There are ${MAX_IDENTITIES} identities already.`, 'Delete one that you do not need.')
  return { current, entries: [...entries, { ...entry, label: freeLabel(checked(entry.label), entries) }] }
}

/** With another one in use. @throws EdgeNetError `invalid-argument` */
export function using(keyring: Keyring, siteId: string, nowMs: number): Keyring {
  return { ...used(keyring, siteId, nowMs), current: siteId }
}

/** With one that has joined, whichever is in use by now. @throws EdgeNetError `invalid-argument` */
export function used(keyring: Keyring, siteId: string, nowMs: number): Keyring {
  return changed(keyring, siteId, (entry) => ({ ...entry, lastUsedAtMs: nowMs }))
}

/** @throws EdgeNetError `invalid-argument` */
export function renamed(keyring: Keyring, siteId: string, label: string): Keyring {
  if (keyring.entries.some((entry) => entry.label === label && entry.siteId !== siteId))
    throw refused('label', `Another identity is called "${label}".`, 'Choose another label.')
  return changed(keyring, siteId, (entry) => ({ ...entry, label: checked(label) }))
}

/** Without one. If it was the one in use, the one used last before is. @throws EdgeNetError `invalid-argument` */
export function without({ current, entries }: Keyring, siteId: string): Keyring {
  if (!entries.some((entry) => entry.siteId === siteId)) throw unknown()
  const others = entries.filter((entry) => entry.siteId !== siteId)
  const [latest] = others.toSorted((a, b) => b.lastUsedAtMs - a.lastUsedAtMs)
  if (!latest) throw refused('identity', 'It is the only identity here.', 'Make or restore another one first.')
  return { current: current === siteId ? latest.siteId : current, entries: others }
}

/** Whether it is one that we have kept: a database is as trusted as the disk that it is on. */
export function isKeyring(value: unknown): value is Keyring {
  const { current, entries } = Object(value) as Partial<Keyring>
  return typeof current === 'string' && Array.isArray(entries) && entries.length > 0 && entries.every(isEntry)
}

export function isKeyPair(value: unknown): value is CryptoKeyPair {
  const { privateKey, publicKey } = Object(value) as Partial<CryptoKeyPair>
  return privateKey instanceof CryptoKey && publicKey instanceof CryptoKey
}

function isEntry(value: unknown): boolean {
  const { siteId, label, keys, createdAtMs, lastUsedAtMs } = Object(value) as Partial<KeyringEntry>
  const isNamed = typeof siteId === 'string' && typeof label === 'string'
  return isNamed && typeof createdAtMs === 'number' && typeof lastUsedAtMs === 'number' && isKeyPair(keys)
}

function changed(keyring: Keyring, siteId: string, change: (entry: KeyringEntry) => KeyringEntry): Keyring {
  if (!keyring.entries.some((entry) => entry.siteId === siteId)) throw unknown()
  return { ...keyring, entries: keyring.entries.map((entry) => (entry.siteId === siteId ? change(entry) : entry)) }
}

function checked(label: string): string {
  const fault = labelFault(label)
  if (fault !== undefined) throw refused('label', fault, 'Choose another label.')
  return label
}

function freeLabel(label: string, entries: readonly KeyringEntry[]): string {
  const taken = new Set(entries.map((entry) => entry.label))
  let free = label
  for (let number = 2; taken.has(free); number++) {
    const tail = ` ${number}`
    // A label of 64 bytes has no room for a number.
    free = (labelFault(label + tail) === undefined ? label : FIRST_LABEL) + tail
  }
  return free
}

/** Another tab may have deleted it. */
function unknown(): EdgeNetError {
  return refused('identity', 'This identity is no longer here.', 'Look at the list anew.')
}

function refused(argument: string, message: string, hint: string): EdgeNetError {
  return new EdgeNetError('invalid-argument', argument, message, hint)
}
