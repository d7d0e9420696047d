/** Which points and scalars the signature rule lets through, against the arithmetic of the curve. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPermittedKey, isPermittedSignature } from '../../client/qdag/signature-rule.ts'
import { BASE, encode, encodePoint, L, littleEndian, multiply, P, pointWith } from './edwards25519.ts'

const GOOD_POINT = encodePoint(BASE)
const GOOD_SCALAR = littleEndian(1n)
const signature = (point: Uint8Array, scalar: Uint8Array) => new Uint8Array([...point, ...scalar])

/** As keys and as the first halves of signatures. */
function isPermitted(point: Uint8Array<ArrayBuffer>): boolean {
  const both = [isPermittedKey(point), isPermittedSignature(signature(point, GOOD_SCALAR))]
  expect(both[0]).toBe(both[1])
  return both[0] === true
}

describe('a point', () => {
  test('of the group is permitted', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: L - 1n }), (scalar) => {
        expect(isPermitted(encodePoint(multiply(scalar, BASE)))).toBe(true)
      }),
    )
  })

  test('whose order divides 8 is not, with either sign', () => {
    // What is left of any point, when its part of large order is taken away, has small order; all of them come up.
    const small = new Set<bigint>()
    for (let y = 2n; small.size < 5; y++) {
      const left = multiply(L, pointWith(y, 0) ?? BASE)
      for (let multiple = 0n; multiple < 8n; multiple++) small.add(yOf(encodePoint(multiply(multiple, left))))
    }
    for (const y of small) for (const sign of [0, 1]) expect(isPermitted(encode(y, sign))).toBe(false)
    // Those beside them are no such points.
    for (const y of [2n, P - 2n, 3n]) expect(isPermitted(encode(y, 0))).toBe(true)
  })

  test('in a second form, with y from p upwards, is not', () => {
    for (let y = P; y < 2n ** 255n; y++) for (const sign of [0, 1]) expect(isPermitted(encode(y, sign))).toBe(false)
  })

  test('has 32 bytes', () => {
    expect([31, 32, 33].map((length) => isPermittedKey(new Uint8Array(length).fill(7)))).toEqual([false, true, false])
  })
})

describe('a scalar', () => {
  test('below the order is permitted, and no other', () => {
    const permitted = (scalar: bigint) => isPermittedSignature(signature(GOOD_POINT, littleEndian(scalar)))
    expect([0n, 1n, L - 1n].map(permitted)).toEqual([true, true, true])
    expect([L, L + 1n, 2n ** 252n + 2n ** 128n, 2n ** 253n, 2n ** 256n - 1n].map(permitted)).not.toContain(true)
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 254n }), (scalar) => permitted(scalar) === scalar < L))
  })

  test('is the second half of 64 bytes', () => {
    const lengths = [63, 64, 65].map((length) => isPermittedSignature(new Uint8Array(length).fill(7)))
    expect(lengths).toEqual([false, true, false])
  })
})

function yOf(point: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(point.toReversed()).toString('hex')}`) % 2n ** 255n
}
