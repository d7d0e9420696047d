/** The property of link.test.ts is worth something: links that lack one of their duties do not pass it. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Link, type LinkOutput } from '../../client/peer/link.ts'
import { textOf } from '../../protocol/bytes.ts'
import { FLAG_FIRST, FLAG_LAST, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import { makeLink, stepLists, TwoLinks, type MakeLink } from '../support/two-links.ts'

/** Delivers a whole message again when its frame comes again. */
class WithoutDeduplication extends Link {
  readonly #seen = new Set<number>()
  readonly #deliver: LinkOutput['deliver']

  constructor(incarnation: number, output: LinkOutput) {
    super(incarnation, output)
    this.#deliver = (data) => output.deliver(data)
  }

  override receive(frame: Frame, nowMs: number): boolean {
    const isWhole = (frame.flags & (FLAG_FIRST | FLAG_LAST)) === (FLAG_FIRST | FLAG_LAST)
    if (frame.type === 'data' && isWhole && this.#seen.has(frame.seq)) {
      this.#deliver(frame.flags & FLAG_TEXT ? (textOf(frame.payload) ?? '') : frame.payload)
    }
    this.#seen.add(frame.seq)
    return super.receive(frame, nowMs)
  }
}

/** Takes frames in the order in which they come. */
class WithoutReordering extends Link {
  readonly #places = new Map<number, number>()

  override receive(frame: Frame, nowMs: number): boolean {
    if (frame.type !== 'data') return super.receive(frame, nowMs)
    const place = this.#places.get(frame.seq) ?? this.#places.size
    this.#places.set(frame.seq, place)
    return super.receive({ ...frame, seq: place }, nowMs)
  }
}

/** Believes that whatever was sent has arrived. */
class WithoutResending extends Link {
  override resend(): void {
    this.pump()
  }
}

/** Sends whatever the path takes. */
class WithoutWindow extends Link {
  override pump(): void {
    this.windowBytes = Number.POSITIVE_INFINITY
    super.pump()
  }
}

const mutants: Record<string, new (incarnation: number, output: LinkOutput) => Link> = {
  WithoutDeduplication,
  WithoutReordering,
  WithoutResending,
  WithoutWindow,
}

/** Whether the property finds a list of steps that breaks links made like this. */
function isCaught(make: MakeLink): boolean {
  const property = fc.property(stepLists(), (steps) => new TwoLinks(make).run(steps).settle().check())
  return fc.check(property, { numRuns: 300, endOnFailure: true }).failed
}

describe('the property', () => {
  it('passes the link as it is', () => {
    expect(isCaught(makeLink)).toBe(false)
  })

  it.each(Object.entries(mutants))('catches a link %s', (_, Mutant) => {
    expect(isCaught((incarnation, output) => new Mutant(incarnation, output))).toBe(true)
  })
})
