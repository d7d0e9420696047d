/** Strangers can fill neither memory nor processor while it is checked who they are. */
import { describe, expect, it } from 'vitest'
import { Reception, type Held } from '../../client/peer/reception.ts'
import { peerIdText, type PeerId } from '../../protocol/peer-id.ts'

const newReception = () => new Reception()

function stranger(number: number): PeerId {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, number)
  return peerIdText(id)
}

function envelope(bytes: number, kind: Held['kind'] = 'relay'): Held {
  return { kind, sealed: new Uint8Array(bytes), via: 0 }
}

describe('the reception', () => {
  it('keeps at most eight envelopes of a stranger, the first ones, in order', () => {
    const reception = newReception()
    for (let i = 1; i <= 20; i++) reception.hold(stranger(1), envelope(i), 0)
    expect(reception.release(stranger(1)).map(({ sealed }) => sealed.length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(reception.release(stranger(1))).toEqual([])
  })

  it('keeps at most 64 KiB of a stranger', () => {
    const reception = newReception()
    for (let i = 0; i < 8; i++) reception.hold(stranger(1), envelope(16_000), 0)
    expect(reception.release(stranger(1))).toHaveLength(4)
  })

  it('keeps at most 64 strangers: 4 MiB, whoever comes', () => {
    const reception = newReception()
    for (let i = 0; i < 10_000; i++) {
      for (let n = 0; n < 8; n++) reception.hold(stranger(i), envelope(8_000), 0)
    }
    let [strangers, bytes] = [0, 0]
    for (let i = 0; i < 10_000; i++) {
      const held = reception.release(stranger(i))
      if (held.length > 0) strangers++
      for (const { sealed } of held) bytes += sealed.length
    }
    expect(strangers).toBe(64)
    expect(bytes).toBeLessThanOrEqual(4 * 1_048_576)
  })

  it('asks a stranger who it is once a second', () => {
    const reception = newReception()
    const askedAtMs: number[] = []
    for (let nowMs = 0; nowMs < 3_500; nowMs += 10) {
      if (reception.hold(stranger(1), envelope(1), nowMs)) askedAtMs.push(nowMs)
    }
    expect(askedAtMs).toEqual([0, 1_000, 2_000, 3_000])
  })

  it('does not ask a stranger that has just introduced itself', () => {
    const reception = newReception()
    expect(reception.hold(stranger(1), envelope(1, 'intro'), 0)).toBe(false)
    expect(reception.hold(stranger(1), envelope(1), 5_000)).toBe(false)
  })

  it('verifies a hundred introductions at once and fifty a second, and is none the wiser for waiting longer', () => {
    const reception = newReception()
    const verified = (nowMs: number) =>
      Array.from({ length: 1_000 }, () => reception.mayVerify(nowMs)).filter(Boolean).length
    expect(verified(0)).toBe(100)
    expect(verified(1_000)).toBe(50)
    expect(verified(1_500)).toBe(25)
    expect(verified(3_600_000)).toBe(100)
  })
})
