/** What strangers and relays can do to members who meet over Gun: cost them time, and nothing else. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MAX_RECORD_CHARACTERS } from '../../client/carrier/gun/limits.ts'
import { bucketOf, Records } from '../../client/carrier/gun/records.ts'
import { toBase64Url, utf8 } from '../../protocol/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import { gunMember, type GunMember } from '../support/gun-member.ts'
import { GunStranger, startGunRelay, type GunRelay } from '../support/gun-relay.ts'

const network = await sha256(utf8('hostile'))
const records = await Records.of(network)
const members: GunMember[] = []
const relays: GunRelay[] = []
const strangers: GunStranger[] = []

afterEach(async () => {
  for (const come of strangers.splice(0)) come.close()
  await Promise.all(members.splice(0).map(({ carrier }) => carrier.close()))
  await Promise.all(relays.splice(0).map((started) => started.close()))
})

async function relay(axe = true): Promise<GunRelay> {
  const started = await startGunRelay({ axe })
  relays.push(started)
  return started
}

async function member(urls: readonly string[], name: string, aheadMs = 0): Promise<GunMember> {
  const joined = await gunMember(network, urls, name, aheadMs)
  members.push(joined)
  return joined
}

async function pair(...urls: string[]): Promise<[GunMember, GunMember]> {
  const both: [GunMember, GunMember] = [await member(urls, 'Ada'), await member(urls, 'Bob')]
  await meeting(...both)
  return both
}

async function stranger(url: string): Promise<GunStranger> {
  const come = await GunStranger.of(url)
  strangers.push(come)
  return come
}

async function meeting(ada: GunMember, bob: GunMember): Promise<void> {
  await expect.poll(() => ada.met.length > 0 && bob.met.length > 0).toBe(true)
}

/** Sends until it arrives, as links do. */
async function carry(from: GunMember, to: GunMember, text: string): Promise<void> {
  const body = utf8(text)
  let sentMs = -Infinity
  await expect
    .poll(() => {
      if (performance.now() - sentMs > 500) {
        sentMs = performance.now()
        from.carrier.sendEnvelope('signal', to.peerId, body)
      }
      return to.envelopes.some((of) => toBase64Url(of.body) === toBase64Url(body) && of.peer === from.peerId)
    })
    .toBe(true)
}

const nameOf = (i: number) => `${i}`.padStart(22, 'g')

describe('a stranger at the relay', () => {
  it('learns neither the network, nor who is there, nor what is said', async () => {
    const { url } = await relay(false)
    const listener = await stranger(url)
    const [ada, bob] = await pair(url)
    await carry(ada, bob, 'a secret of ours')
    const heard = listener.heard.join('\n')
    expect(heard).toContain(await records.presenceSoul(bucketOf(Date.now())))
    for (const secret of [
      toBase64Url(network),
      ada.peerId,
      bob.peerId,
      'secret',
      toBase64Url(utf8('a secret of ours')),
    ]) {
      expect(heard).not.toContain(secret)
    }
  })

  it('who floods the nodes of a network with records that are none disturbs nobody, and fills nothing', async () => {
    const { url } = await relay(false)
    const [ada, bob] = await pair(url)
    const flood = await stranger(url)
    const bucket = bucketOf(Date.now())
    const souls = [await records.presenceSoul(bucket), await records.mailboxSoul(bob.peerId, bucket)]
    for (let i = 0; i < 3_000; i++) {
      const length = i % 20 === 0 ? MAX_RECORD_CHARACTERS + 100 : (i * 7) % 600
      for (const soul of souls) flood.put(soul, { [nameOf(i)]: 'A'.repeat(length) })
    }
    await carry(ada, bob, 'through the flood')
    // The relay may have brought the letter before most of the flood.
    await expect.poll(() => bob.carrier.statistics().rubbish).toBeGreaterThan(100)
    await expect.poll(() => bob.carrier.statistics().dropped).toBeGreaterThan(1_000)
    await carry(bob, ada, 'and back')
    expect(bob.envelopes.length).toBeLessThan(10)
  })

  it('who overwrites every slot that he sees, and dates it into the future, delays at most what is sent again', async () => {
    const { url } = await relay(false)
    const vandal = await stranger(url)
    const [ada, bob] = await pair(url)
    const soul = await records.mailboxSoul(bob.peerId, bucketOf(Date.now()))
    const seen = new Set<string>()
    for (let round = 0; round < 5; round++) {
      await carry(ada, bob, `round ${round}`)
      for (const text of vandal.heard) for (const [name] of text.matchAll(/[\w-]{22}/g)) seen.add(name)
      vandal.put(soul, Object.fromEntries([...seen].map((slot) => [slot, 'A'.repeat(80)])), Date.now() + round * 60_000)
    }
    expect(seen.size).toBeGreaterThan(3)
    await carry(bob, ada, 'still there')
  })

  it('who repeats what was said, as if it were new, is not listened to', async () => {
    const { url } = await relay(false)
    const parrot = await stranger(url)
    const [ada, bob] = await pair(url)
    await carry(ada, bob, 'once')
    const before = bob.envelopes.length
    const met = bob.met.length
    const puts = parrot.heard.flatMap((text) => {
      const parsed = JSON.parse(text) as unknown
      return (Array.isArray(parsed) ? parsed : [parsed]) as { put?: Record<string, Record<string, unknown>> }[]
    })
    let repeated = 0
    for (const { put } of puts) {
      for (const [soul, { _, ...values }] of Object.entries(put ?? {})) {
        parrot.put(soul, values)
        // A record of Ada's in Bob's own slot opens no more than anything else.
        parrot.put(soul, Object.fromEntries(Object.values(values).map((value, i) => [nameOf(i), value])))
        repeated++
      }
    }
    expect(repeated).toBeGreaterThan(2)
    const { stale, rubbish } = bob.carrier.statistics()
    await expect
      .poll(() => bob.carrier.statistics().stale > stale && bob.carrier.statistics().rubbish > rubbish)
      .toBe(true)
    expect(bob.envelopes.length).toBe(before)
    // Ada may have shown herself again meanwhile, but not because of the parrot.
    expect(bob.met.length - met).toBeLessThan(3)
  })

  it('and another network on the same relay have nothing to do with us', async () => {
    const { url } = await relay(false)
    const [ada, bob] = await pair(url)
    const other = await gunMember(await sha256(utf8('another')), [url], 'Other')
    members.push(other)
    await expect.poll(() => other.carrier.statistics().announced).toBeGreaterThan(1)
    await carry(ada, bob, 'ours')
    expect(other.met).toEqual([])
    expect(other.carrier.statistics()).toMatchObject({ taken: 0, rubbish: 0 })
  })
})

describe('relays', () => {
  it('of which one is down or lies: the other carries, and nothing comes twice', async () => {
    const [honest, second, down] = [await relay(), await relay(false), await relay()]
    await down.stop()
    const [ada, bob] = await pair(honest.url, second.url, down.url)
    for (const url of [honest.url, second.url]) {
      const liar = await stranger(url)
      liar.say({ dam: 'mob', mob: 1, peers: { 'http://127.0.0.1:9/gun': {} } })
      liar.say({ dam: '!', err: 'everything is broken' })
    }
    await expect.poll(() => bob.carrier.statistics().relaysUp).toBe(2)
    await carry(ada, bob, 'over two')
    await second.stop()
    await carry(bob, ada, 'over one')
    expect(ada.states).not.toContain('down')
    // Both relays told of each, but the carrier tells of it once; had two carriers told of it, the seal would open once.
    expect(bob.envelopes.length).toBeLessThanOrEqual(ada.carrier.statistics().mailed)
    expect(bob.carrier.statistics().stale).toBeGreaterThan(0)
    await second.start()
    for (const { carrier } of [ada, bob]) carrier.nudge()
    await expect.poll(() => bob.carrier.statistics().relaysUp).toBe(2)
    await carry(ada, bob, 'over two again')
  })

  it('that stop answering without closing anything are noticed, and used again when they answer', async () => {
    const frozen = await relay()
    const [ada, bob] = await pair(frozen.url)
    frozen.freeze()
    for (const { carrier } of [ada, bob]) carrier.nudge()
    await expect.poll(() => [ada, bob].every(({ states }) => states.at(-1) === 'down')).toBe(true)
    frozen.thaw()
    await expect.poll(() => [ada, bob].every(({ states }) => states.at(-1) === 'up')).toBe(true)
    await carry(ada, bob, 'awake')
  })

  it('tell members with wrong clocks of each other, though Gun holds back what comes from the future', async () => {
    const { url } = await relay()
    const [ada, bob] = [await member([url], 'Ada', 100_000), await member([url], 'Bob')]
    await meeting(ada, bob)
    await carry(ada, bob, 'from the future')
    await carry(bob, ada, 'from the past')
  })
})

describe('a clock', () => {
  it('that was an hour ahead and has been set right keeps nobody from being seen and heard', async () => {
    const { url } = await relay()
    const now = Date.now.bind(Date)
    const wrong = vi.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000)
    const ada = await member([url], 'Ada')
    await expect.poll(() => ada.carrier.statistics().announced).toBeGreaterThan(1)
    wrong.mockRestore()
    ada.carrier.announce()
    const bob = await member([url], 'Bob')
    await meeting(ada, bob)
    await carry(ada, bob, 'what time is it?')
  })
})

describe('a process', () => {
  it('prints nothing, keeps nothing, and ends when its carrier is closed', async () => {
    const { url } = await relay()
    const client = join(import.meta.dirname, '../../client')
    const program = `
      import { gunCarrier } from '${client}/carrier/gun/index.ts'
      const carrier = gunCarrier({ relays: ['${url}', 'http://127.0.0.1:9/gun'] })
      const nothing = () => undefined
      const self = { networkId: new Uint8Array(32), peerId: 'A'.repeat(22), announcement: () => new Uint8Array(100), nowMs: () => Date.now() }
      await new Promise((up) => {
        carrier.start(self, { up, down: nothing, met: nothing, envelope: nothing, unreachable: nothing, ready: nothing })
        carrier.seek(true)
      })
      carrier.sendEnvelope('signal', 'B'.repeat(21) + 'A', new Uint8Array(10))
      while (carrier.statistics().announced === 0) await new Promise((resolve) => setTimeout(resolve, 10))
      await carrier.close()
      // The sockets have closed by then.
      await new Promise((resolve) => setTimeout(resolve, 500))
      const left = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name.startsWith('TCP'))
      process.send({ left })
      process.disconnect()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)))
    const told: { left?: string[] } = {}
    child.on('message', (message) => Object.assign(told, message))
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(output).toBe('')
    expect(code).toBe(0)
    expect(told.left).toEqual([])
  })
})

it('who answers a newcomer is met by him, and not by others who miss nobody', async () => {
  const { url } = await relay()
  const old = [await member([url], 'Ada'), await member([url], 'Bob'), await member([url], 'Eve')] as const
  const metBy = ({ met }: GunMember) => new Set(met.map(toBase64Url))
  await expect.poll(() => old.map((each) => metBy(each).size)).toEqual([2, 2, 2])
  for (const { carrier } of old) carrier.seek(false)
  // What they wrote while they missed somebody is on its way.
  await new Promise((resolve) => setTimeout(resolve, 500))
  const taken = () => old.map(({ carrier }) => carrier.statistics().taken)
  const before = { met: old.map(({ met }) => met.length), taken: taken() }
  const newcomer = await member([url], 'New')
  await expect.poll(() => metBy(newcomer).size).toBe(old.length)
  // The newcomer himself, and the two others' answers.
  await expect.poll(() => taken().every((count, i) => count >= (before.taken[i] ?? 0) + 3)).toBe(true)
  for (const [i, { met }] of old.entries()) {
    const since = met.slice(before.met[i]).map(toBase64Url)
    expect(new Set(since)).toEqual(new Set([toBase64Url(newcomer.announcement)]))
  }
})

it('two find each other by Gun alone', async () => {
  const { url } = await relay()
  const startedMs = performance.now()
  const both = [await member([url], 'Ada'), await member([url], 'Bob')] as const
  await meeting(...both)
  console.log(`met ${(performance.now() - startedMs).toFixed(0)} ms after the first started, over a local relay`)
  expect(both[0].met.map(toBase64Url)).toContain(toBase64Url(both[1].announcement))
})
