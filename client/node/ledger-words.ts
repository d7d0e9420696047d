/** Numbers and ids of the ledger, as people read them on a terminal. */

/** 72 bits of an id are shown: enough that nobody can make a key or an entry that begins like another's. */
export const ID_CHARACTERS = 12

export function briefId(id: string): string {
  return id.slice(0, ID_CHARACTERS)
}

/** `1,234`. */
export function grouped(value: number): string {
  return value.toLocaleString('en')
}

/** `1 entry`, `1,234 entries`. */
export function counted(value: number, one: string, several: string): string {
  return `${grouped(value)} ${value === 1 ? one : several}`
}
