/** Vices of those who make entries: some valid and unwelcome, some that nobody may take. */
import { encodeBatch } from '../../../../client/qdag/batch.ts'
import type { Entry } from '../../../../client/qdag/entry.ts'
import { encodeMessage } from '../../../../client/qdag/sync/messages.ts'
import { attested, ascending, randomBytes } from '../pen.ts'
import type { Vice } from './vice.ts'

const ORPHANS_AT_ONCE = 300
const TIPS_AT_ONCE = 80

/** Two entries with one number, one for each half of the others; now and then a whole second chain. */
export function equivocating(): Vice {
  return {
    name: 'equivocating',
    everyMs: 15_000,
    makesEntries: true,
    act: (rogue) => {
      const { random } = rogue.world
      const first = rogue.entry()
      const other = rogue.entry({ writer: first.writer, taskId: random.chance(0.5) ? first.taskId : 'something else' })
      const next = rogue.entry({ ...first, seq: 1, prev: other.id, tsMs: other.tsMs + 1, parents: [other.id] })
      for (const [i, end] of rogue.ends.entries()) rogue.push(end, ...(i % 2 === 0 ? [first] : [other, next]))
    },
  }
}

/** Signatures that do not hold: made up, another entry's, of another network, or of a requester who never signed. */
export function forging(): Vice {
  return {
    name: 'forging',
    everyMs: 20_000,
    act: (rogue) => {
      const { random, networkId, devices, isQuiet } = rogue.world
      const [victim, good] = [random.pick(devices).contributor, rogue.entry()]
      const forged: readonly Entry[] = [
        { ...good, signature: randomBytes(random, 64) },
        { ...rogue.entry({ contributor: victim }), signature: good.signature },
        { ...rogue.entry(), signature: good.signature },
        rogue.entry(withoutWord(attested(rogue.body(), networkId, victim), random.below(64))),
      ]
      for (const end of rogue.ends) rogue.push(end, ...(isQuiet ? [] : [good]), random.pick(forged))
    },
  }
}

function withoutWord(body: ReturnType<typeof attested>, at: number): ReturnType<typeof attested> {
  const { receipt } = body
  if (!receipt) return body
  const signature = receipt.signature.with(at, (receipt.signature[at] ?? 0) ^ 1)
  return { ...body, receipt: { ...receipt, signature } }
}

/** Entries that build on what nobody has. */
export function orphaning(): Vice {
  return {
    name: 'orphaning',
    everyMs: 15_000,
    act: (rogue) => {
      const { random } = rogue.world
      const orphan = (): Entry =>
        rogue.entry({ parents: ascending([randomBytes(random, 32), randomBytes(random, 32)]) })
      const orphans = Array.from({ length: 1 + random.below(ORPHANS_AT_ONCE) }, orphan)
      for (const end of rogue.ends.slice(0, 2)) rogue.push(end, ...orphans)
    },
  }
}

/** Many entries, each with a key of its own, on one old entry: all of them tips. */
export function tipping(): Vice {
  return {
    name: 'tipping',
    everyMs: 15_000,
    makesEntries: true,
    act: (rogue) => {
      const { random } = rogue.world
      const { ledger } = rogue.session ?? {}
      if (!ledger || ledger.size === 0) return
      const parent = ledger.idOf(random.below(ledger.size))
      const tsMs = ledger.tsOf(ledger.indexOf(parent)) + 1
      const tip = (): Entry => rogue.entry({ contributor: rogue.newKey(), parents: [parent], tsMs })
      const tips = Array.from({ length: 1 + random.below(TIPS_AT_ONCE) }, tip)
      for (const end of rogue.ends.slice(0, 1 + random.below(2))) rogue.push(end, ...tips)
    },
  }
}

/** Entries of a time to come: of soon, of tomorrow, of the end of time. */
export function prophesying(): Vice {
  return {
    name: 'prophesying',
    everyMs: 10_000,
    makesEntries: true,
    act: (rogue) => {
      const { random } = rogue.world
      const { tsMs } = rogue.body()
      const ahead = (): number =>
        random.chance(0.1) ? 2 ** 48 - 1 : Math.floor(tsMs + random.pick([random.between(60_000, 240_000), 8.64e7]))
      const entries = Array.from({ length: 1 + random.below(20) }, () => rogue.entry({ tsMs: ahead() }))
      for (const end of rogue.ends) rogue.push(end, ...entries)
    },
  }
}

/** Breaks a rule that an honest peer's entries never break. */
export function lawless(): Vice {
  let good: Entry | undefined
  return {
    name: 'lawless',
    everyMs: 30_000,
    act: (rogue) => {
      const { random, networkId, isQuiet } = rogue.world
      // When nothing is to be added any more, it goes on with what has been there.
      if (!isQuiet) good = rogue.entry()
      if (!good) return
      const follow = { seq: 1, prev: good.id, parents: [good.id], writer: good.writer } as const
      const bad: readonly Entry[] = [
        rogue.entry({ ...follow, tsMs: good.tsMs }),
        rogue.entry({ ...follow, tsMs: good.tsMs + 1, seq: 2 }),
        rogue.entry({ ...follow, tsMs: good.tsMs + 1, writer: randomBytes(random, 16) }),
        rogue.entry({ ...follow, tsMs: good.tsMs + 1, contributor: rogue.newKey() }),
        rogue.entry({ parents: ascending([networkId, good.id]), tsMs: good.tsMs + 1 }),
        rogue.entry({ parents: [good.id], tsMs: good.tsMs - 1_000 }),
      ]
      for (const end of rogue.ends) rogue.push(end, good, random.pick(bad))
    },
  }
}

/** One task, claimed over and over, for more and for less, under several writers. */
export function claimingTwice(): Vice {
  return {
    name: 'claiming twice',
    everyMs: 20_000,
    makesEntries: true,
    act: (rogue) => {
      const { random } = rogue.world
      const claim = (): Entry => rogue.entry({ taskId: 'paid well', computeUnits: random.below(2 ** 40) })
      for (const end of rogue.ends) rogue.push(end, claim(), claim())
    },
  }
}

/** Valid entries, as fast as the link takes them. */
export function gushing(): Vice {
  return {
    name: 'gushing',
    everyMs: 20_000,
    makesEntries: true,
    act: (rogue) => {
      const { random } = rogue.world
      const [end] = rogue.ends
      if (!end) return
      const chain: Entry[] = [rogue.entry()]
      for (let last = chain[0], seq = 1; last && seq < 150 + random.below(150); last = chain.at(-1), seq++) {
        const { id: prev, writer, tsMs } = last
        chain.push(rogue.entry({ seq, prev, writer, tsMs: tsMs + 1, parents: [prev] }))
      }
      for (let at = 0; at < chain.length; at += 10) rogue.push(end, ...chain.slice(at, at + 10))
    },
  }
}

/** Every batch without some of its entries. */
export function withholding(): Vice {
  return {
    name: 'withholding',
    twist: (rogue, _end, message) => {
      if (message.kind !== 'qdag_sync_response' && message.kind !== 'qdag_entries') return undefined
      const entries = rogue.entriesOf(message.batch)
      const rest = entries.filter(({ id }) => (id[0] ?? 0) % 3 > 0)
      if (rest.length === entries.length) return undefined
      const batch = rest.length > 0 ? encodeBatch(rest) : new Uint8Array(0)
      if (message.kind === 'qdag_entries') return rest.length > 0 ? [encodeMessage('qdag_entries', { batch })] : []
      return [encodeMessage('qdag_sync_response', { ...message, batch })]
    },
  }
}
