/** What becomes of entries that are said to everybody: judged, passed on or not, and who is to blame; and how own ones are said. */
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { decodeBatch, encodeBatch } from '../../client/qdag/batch.ts'
import { EntryGossip, MAX_SAID_BYTES } from '../../client/qdag/entry-gossip.ts'
import type { Entry } from '../../client/qdag/entry.ts'
import { Ledger } from '../../client/qdag/ledger.ts'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { Contributor, isGenuine, NETWORK_ID, signed, START_MS } from './support/growing.ts'

const NEIGHBOUR = 'neighbour'
/** Beyond what clocks may be apart. */
const FUTURE_MS = START_MS + 1_000_000

/** One who hears and says, with a clock of its own. */
class Stage {
  readonly ledger = new Ledger({ networkId: NETWORK_ID, sha256 })
  readonly gossip: EntryGossip
  readonly said: Entry[][] = []
  readonly saidAtMs: number[] = []
  mayBring = true
  /** A peer has brought it, and gossip may still do. */
  unsaid: Entry | undefined
  verified = 0
  /** Entries that were counted against the neighbour, and hashes that were made. */
  brought = 0
  hashed = 0
  nowMs = 0
  readonly #timers: { readonly atMs: number; readonly act: () => void }[] = []

  constructor() {
    const { ledger } = this
    this.gossip = new EntryGossip({
      gossip: {
        publish: (_topic, payload) => {
          expect(payload.length).toBeLessThanOrEqual(MAX_SAID_BYTES)
          this.said.push(decodeBatch(payload, sha256) ?? [])
          this.saidAtMs.push(this.nowMs)
        },
      },
      sha256: (bytes) => {
        this.hashed++
        return sha256(bytes)
      },
      ledger,
      nowMs: () => this.nowMs,
      after: (delayMs, act) => void this.#timers.push({ atMs: this.nowMs + delayMs, act }),
      areGenuine: (entries) => {
        this.verified += entries.length
        return Promise.resolve(entries.map(isGenuine))
      },
      mayBring: (peer, count) => {
        if (peer !== NEIGHBOUR || !this.mayBring) return false
        this.brought += count
        return true
      },
      take: (entry) => ledger.add(entry, 'gossip', START_MS),
      isUnsaid: (id) => this.unsaid !== undefined && compareBytes(this.unsaid.id, id) === 0,
      said: () => {
        this.unsaid = undefined
      },
    })
  }

  judge(...entries: readonly Entry[]): ReturnType<EntryGossip['judge']> {
    return this.hear(encodeBatch(entries))
  }

  hear(payload: Bytes): ReturnType<EntryGossip['judge']> {
    return this.gossip.judge(payload, NEIGHBOUR)
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      this.#timers.sort((a, b) => a.atMs - b.atMs)
      if ((this.#timers[0]?.atMs ?? Infinity) > untilMs) break
      const timer = this.#timers.shift()
      this.nowMs = timer?.atMs ?? this.nowMs
      timer?.act()
    }
    this.nowMs = untilMs
  }
}

function chain(name: string, length: number): Entry[] {
  const contributor = new Contributor(name)
  return Array.from({ length }, () => contributor.write([]))
}

function forged(entry: Entry): Entry {
  return { ...entry, signature: entry.signature.with(3, (entry.signature[3] ?? 0) ^ 1) }
}

describe('what is said to everybody', () => {
  it('is taken and passed on when some of it is new', async () => {
    const stage = new Stage()
    const [one, two, three] = chain('ada', 3) as [Entry, Entry, Entry]
    expect(await stage.judge(one)).toBe('accept')
    expect(await stage.judge(one, two)).toBe('accept')
    expect(await stage.judge(one, two)).toBe('ignore')
    expect(await stage.judge(three)).toBe('accept')
    expect(stage.ledger.size).toBe(3)
  })

  it('is passed on though what it builds on is missing, once', async () => {
    const stage = new Stage()
    const [one, two] = chain('ada', 2) as [Entry, Entry]
    expect(await stage.judge(two)).toBe('accept')
    expect(await stage.judge(two)).toBe('ignore')
    expect(stage.ledger.size).toBe(0)
    expect(await stage.judge(one)).toBe('accept')
    expect(stage.ledger.size).toBe(2)
  })

  it('is passed on once when a peer has brought it a moment before', async () => {
    const stage = new Stage()
    const [one] = chain('ada', 1) as [Entry]
    stage.ledger.add(one, 'a peer', START_MS)
    stage.unsaid = one
    expect(await stage.judge(one)).toBe('accept')
    expect(await stage.judge(one)).toBe('ignore')
  })

  it('is kept to oneself until its time has come', async () => {
    const stage = new Stage()
    const ahead = new Contributor('ada').write([], { tsMs: FUTURE_MS })
    expect(await stage.judge(ahead)).toBe('ignore')
    expect(stage.ledger.statistics().parked).toBe(1)
  })

  it('is not verified again when all of it is known', async () => {
    const stage = new Stage()
    const all = chain('ada', 10)
    await stage.judge(...all)
    const { verified } = stage
    for (let i = 0; i < 100; i++) expect(await stage.judge(...all)).toBe('ignore')
    expect(stage.verified).toBe(verified)
  })

  it('is blamed on whoever passed it on when it is no batch, or too large for one that is said', async () => {
    const stage = new Stage()
    const payload = encodeBatch(chain('ada', 2))
    const entry = new Contributor('bob').write([])
    const many = encodeBatch(chain('cleo', 200))
    expect(many.length).toBeGreaterThan(MAX_SAID_BYTES)
    const bad: Bytes[] = [
      new Uint8Array(0),
      payload.slice(0, -1),
      Uint8Array.from([...payload, 0]),
      payload.with(0, 2),
      new Uint8Array(MAX_SAID_BYTES),
      new Uint8Array(MAX_SAID_BYTES).fill(255),
      encodeBatch([{ ...entry, computeUnits: 2 ** 41 }]),
      encodeBatch([{ ...entry, seq: 5 }]),
      many,
    ]
    for (const one of bad) expect(await stage.hear(one)).toBe('reject')
    for (let at = 0; at < payload.length; at++) {
      expect(await stage.hear(payload.with(at, (payload[at] ?? 0) ^ 0x55))).toBe('reject')
    }
    expect(stage.ledger.size).toBe(0)
    expect(stage.ledger.statistics().orphans).toBe(0)
  })

  it('is blamed on whoever passed it on when one of the signatures does not hold, be the entry known or new', async () => {
    const stage = new Stage()
    const [one, two, three] = chain('ada', 3) as [Entry, Entry, Entry]
    expect(await stage.judge(one, forged(two))).toBe('reject')
    expect(stage.ledger.size).toBe(0)
    expect(await stage.judge(one, two)).toBe('accept')
    // Whoever passed this on would be blamed by those who do not have the second one.
    expect(await stage.judge(forged(two), three)).toBe('reject')
    // Nobody gets this from us.
    expect(await stage.judge(forged(two))).toBe('ignore')
    expect(stage.ledger.size).toBe(2)
  })

  it("is nobody's fault who passes it on when only those who have more than that entry see what is wrong", async () => {
    const [one] = chain('ada', 1) as [Entry]
    const early = new Contributor('bob').write([one], { tsMs: one.tsMs - 1 })
    const follower = signed({ ...early, seq: 1, prev: one.id, tsMs: one.tsMs + 1, parents: [NETWORK_ID.with(0, 1)] })
    for (const lawless of [early, follower]) {
      const without = new Stage()
      expect(await without.judge(lawless)).toBe('accept')
      const having = new Stage()
      await having.judge(one)
      expect(await having.judge(lawless)).toBe('ignore')
    }
  })

  it('is blamed on whoever passed it on when a rule is broken that everybody sees broken', async () => {
    const stage = new Stage()
    const [one] = chain('ada', 1) as [Entry]
    const parents = [NETWORK_ID, one.id].toSorted(compareBytes)
    const rooted = signed({ ...new Contributor('bob').write([]), parents })
    expect(await stage.judge(rooted)).toBe('reject')
    await stage.judge(one)
    expect(await stage.judge(rooted)).toBe('reject')
  })

  it('is neither verified nor passed on when the neighbour brings too much, or has no link', async () => {
    const stage = new Stage()
    const [one] = chain('ada', 1) as [Entry]
    stage.mayBring = false
    expect(await stage.judge(one)).toBe('ignore')
    stage.mayBring = true
    expect(await stage.gossip.judge(encodeBatch([one]), 'somebody without a link')).toBe('ignore')
    expect(stage.verified).toBe(0)
    expect(await stage.judge(one)).toBe('accept')
  })

  it('counts for the neighbour that brings it, known or not, so that nobody makes us decode without end', async () => {
    const stage = new Stage()
    const all = chain('ada', 10)
    for (let i = 0; i < 3; i++) await stage.judge(...all)
    expect(stage.brought).toBe(30)
    stage.mayBring = false
    const { hashed } = stage
    expect(await stage.judge(...all)).toBe('ignore')
    expect(await stage.judge(forged(all[0] as Entry))).toBe('ignore')
    expect(stage.hashed).toBe(hashed)
  })

  it('counts for no more than it has, whatever it says it has', async () => {
    const stage = new Stage()
    const payload = encodeBatch(chain('ada', 1))
    // Version and count: 1,024 of them would take more than that.
    const boastful = Uint8Array.from([payload[0] ?? 0, 0x80, 0x08, ...payload.slice(2)])
    expect(await stage.hear(boastful)).toBe('reject')
    expect(stage.brought).toBe(0)
  })

  it('is ignored once the ledger is closed, also while it is being verified', async () => {
    const stage = new Stage()
    const [one, two] = chain('ada', 2) as [Entry, Entry]
    const judging = stage.judge(one)
    stage.gossip.close()
    expect(await judging).toBe('ignore')
    expect(await stage.judge(two)).toBe('ignore')
    expect(stage.ledger.size).toBe(0)
  })
})

describe('own entries', () => {
  it('are said at once, and those that follow together', () => {
    const stage = new Stage()
    const all = chain('ada', 10)
    for (const entry of all) stage.gossip.say(entry)
    expect(stage.said.map((batch) => batch.length)).toEqual([1])
    stage.pass(1_000)
    expect(stage.said.map((batch) => batch.length)).toEqual([1, 9])
    const later = new Contributor('bob').write([])
    stage.gossip.say(later)
    expect(stage.said.at(-1)).toEqual([later])
  })

  it('are said no more often than members pass on, each once and in order', () => {
    const stage = new Stage()
    const all = chain('ada', 1_000)
    for (const entry of all) {
      stage.gossip.say(entry)
      stage.pass(10)
    }
    stage.pass(30_000)
    expect(stage.said.flat().map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq))
    for (const [i, atMs] of stage.saidAtMs.entries()) {
      // Five a second.
      expect(atMs - (stage.saidAtMs[i - 1] ?? -Infinity)).toBeGreaterThanOrEqual(200)
    }
  })

  it('are left to comparing when there are too many, and said when the page may stop running', () => {
    const stage = new Stage()
    for (const entry of chain('ada', 5_000)) stage.gossip.say(entry)
    stage.gossip.flush()
    const saidOnes = stage.said.flat().length
    expect(saidOnes).toBeGreaterThan(500)
    expect(saidOnes).toBeLessThan(2_000)
    stage.pass(10_000)
    expect(stage.said.flat()).toHaveLength(saidOnes)
  })
})
