/** A session description travels as five fields and comes back as one that engines take. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDescription, renderDescription } from '../../client/peer/description.ts'
import type { DescriptionFields } from '../../protocol/signal.ts'

const iceText = (minLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '+', '/'), minLength, maxLength: 64 })
const fields: fc.Arbitrary<DescriptionFields> = fc.record({
  setup: fc.constantFrom('actpass', 'active', 'passive'),
  maxMessageBytes: fc.nat(2 ** 30),
  fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Uint8Array.from(bytes)),
  ufrag: iceText(4),
  password: iceText(22),
})

describe('a session description', () => {
  it('survives being taken apart and put together', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom('0', 'data', '1'), (description, mid) => {
        expect(parseDescription(renderDescription(description, mid))).toEqual({ fields: description, mid })
      }),
    )
  })

  it('of Chromium and of libdatachannel gives its fields', () => {
    const hex = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join(':')
    const chromium = `v=0\r\na=ice-ufrag:aBcD\r\na=ice-pwd:0123456789abcdefghijkl\r\na=ice-options:trickle\r\na=fingerprint:sha-256 ${hex.toUpperCase()}\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n`
    const libdatachannel = `v=0\na=setup:active\na=mid:data\na=ice-ufrag:x/+y\na=ice-pwd:0123456789abcdefghijkl\na=fingerprint:sha-256 ${hex}\n`
    const fingerprint = Uint8Array.from({ length: 32 }, (_, i) => i)
    const common = { fingerprint, password: '0123456789abcdefghijkl' }
    expect(parseDescription(chromium)).toEqual({
      fields: { ...common, setup: 'actpass', ufrag: 'aBcD', maxMessageBytes: 262_144 },
      mid: '0',
    })
    expect(parseDescription(libdatachannel)).toEqual({
      fields: { ...common, setup: 'active', ufrag: 'x/+y', maxMessageBytes: 65_536 },
      mid: 'data',
    })
  })

  it('is none without one of its fields, or with a weaker fingerprint', () => {
    const whole = renderDescription(
      { setup: 'active', maxMessageBytes: 1, fingerprint: new Uint8Array(32), ufrag: 'abcd', password: 'p'.repeat(22) },
      '0',
    )
    for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint', 'setup']) {
      expect(parseDescription(whole.replace(new RegExp(`a=${name}:.*\r\n`), ''))).toBeUndefined()
    }
    expect(parseDescription(whole.replace('sha-256', 'sha-1'))).toBeUndefined()
    expect(parseDescription(whole.replace('setup:active', 'setup:holdconn'))).toBeUndefined()
    expect(parseDescription('')).toBeUndefined()
  })
})
