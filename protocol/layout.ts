/**
 * Binary layouts, declared once and used in both directions: a list of fields, each of which knows how it is written
 * and how it is read. Integers are big-endian and unsigned. Reading never throws on hostile input: it gives a value only
 * when the bytes are exactly one encoding of it, to the last byte.
 */
import { concat, textOf, utf8, type Bytes } from './bytes.ts'

/** Takes so many bytes from the front, or all that are left and not copied; `undefined` when fewer are left. */
type Take = (length?: number) => Bytes | undefined

export interface Field<T> {
  put(value: T): Bytes
  take(take: Take): T | undefined
}

export interface Layout<T> {
  readonly encode: (value: T) => Bytes
  readonly decode: (bytes: Bytes) => T | undefined
}

/** The fields of `T` in the order in which they stand. */
export function layout<T extends object>(fields: { readonly [K in keyof T]: Field<T[K]> }): Layout<T> {
  const entries = Object.entries(fields) as [keyof T, Field<T[keyof T]>][]
  return {
    encode: (value) => concat(...entries.map(([name, field]) => field.put(value[name]))),
    decode(bytes) {
      let at = 0
      const take: Take = (length) => {
        if (length === undefined) return bytes.subarray(at, (at = bytes.length))
        return at + length > bytes.length ? undefined : bytes.slice(at, (at += length))
      }
      const value: Partial<T> = {}
      for (const [name, field] of entries) {
        const part = field.take(take)
        if (part === undefined) return undefined
        value[name] = part
      }
      return at === bytes.length ? (value as T) : undefined
    },
  }
}

/** An integer; its value stays below 2^53, however many bytes it has, so that each is exact. */
export function uint(byteLength: number): Field<number> {
  return {
    put: (value) => {
      const bytes = new Uint8Array(byteLength)
      for (let i = byteLength, rest = value; i-- > 0; rest = Math.floor(rest / 256)) bytes[i] = rest % 256
      return bytes
    },
    take: (take) => {
      const value = take(byteLength)?.reduce((sum, byte) => sum * 256 + byte, 0)
      return value !== undefined && Number.isSafeInteger(value) ? value : undefined
    },
  }
}

/** So many bytes. */
export function fixed(byteLength: number): Field<Bytes> {
  return { put: (value) => value, take: (take) => take(byteLength) }
}

/** Bytes with their length in front, at most `maxBytes`. */
export function sized(lengthBytes: number, maxBytes: number): Field<Bytes> {
  const length = uint(lengthBytes)
  return {
    put: (value) => concat(length.put(value.length), value),
    take: (take) => {
      const size = length.take(take)
      return size === undefined || size > maxBytes ? undefined : take(size)
    },
  }
}

/** UTF-8 with its length in front. `form` says what is refused. */
export function text(lengthBytes: number, maxBytes: number, form?: RegExp): Field<string> {
  const bytes = sized(lengthBytes, maxBytes)
  return {
    put: (value) => bytes.put(utf8(value)),
    take: (take) => {
      const raw = bytes.take(take)
      const value = raw && textOf(raw)
      return value !== undefined && (!form || form.test(value)) ? value : undefined
    },
  }
}

/** One byte: the place of the value in a list. `undefined` in the list is a code that nobody may use. */
export function oneOf<T>(values: readonly (T | undefined)[]): Field<T> {
  const code = uint(1)
  return {
    put: (value) => code.put(values.indexOf(value)),
    take: (take) => values[code.take(take) ?? -1],
  }
}

/** A count in one byte, and so many items. */
export function list<T>(item: Field<T>, maxItems: number): Field<readonly T[]> {
  const count = uint(1)
  return {
    put: (items) => concat(count.put(items.length), ...items.map((value) => item.put(value))),
    take: (take) => {
      const length = count.take(take)
      if (length === undefined || length > maxItems) return undefined
      const items: T[] = []
      while (items.length < length) {
        const value = item.take(take)
        if (value === undefined) return undefined
        items.push(value)
      }
      return items
    },
  }
}

/** All that is left. What is read is a part of the memory that it is read from: it is long, and seldom kept. */
export const rest: Field<Bytes> = { put: (value) => value, take: (take) => take() }
