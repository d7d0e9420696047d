/**
 * Honest clients in one room, who keep numbered messages flowing between each other. Every message bears who sent it to
 * whom and its number, so whatever is foreign, lost, repeated or out of its place shows.
 */
import { expect, vi } from 'vitest'
import type { Client, Fault, Recorded } from './client.ts'

/** Links and sockets that an attack has made patient come back within this; the machine may be busy besides. */
const RECOVERY_MS = 25_000
/** Several companies are looked after side by side; looking costs. */
const LOOK_AGAIN_MS = 25
const MESSAGES = 4

export class Company {
  readonly members: Client[] = []
  /** Ids of peers that were here before. */
  readonly #earlier: string[]
  /** What was sent, by sender and receiver. */
  readonly #sent = new Map<string, string[]>()
  /** What was sent before may be missing, if its sender was told so. */
  readonly #mayBeMissing = new Set<string>()

  constructor(earlier: readonly Client[] = []) {
    this.#earlier = earlier.map(({ id }) => id)
  }

  add(...members: readonly Client[]): void {
    this.members.push(...members)
  }

  member(name: string): Client {
    const member = this.members.find((candidate) => candidate.name === name)
    if (!member) throw new Error(`${name} is not here`)
    return member
  }

  /** Everybody has met everybody, by these paths if it matters. */
  async acquainted(path?: 'relay' | 'direct'): Promise<void> {
    await recovers(async () => {
      for (const [member, { peers }] of await this.#records()) {
        for (const other of this.members) {
          if (other === member) continue
          const peer = peers.find(({ id }) => id === other.id)
          expect(peer, `${member.name} knows ${other.name}`).toMatchObject({ state: 'verified', ...(path && { path }) })
        }
      }
    })
  }

  /** Everybody says something to everybody. */
  async exchange(messages = MESSAGES): Promise<void> {
    await this.say(this.members, messages)
  }

  /** These say something to everybody. */
  async say(speakers: readonly Client[], messages: number): Promise<void> {
    const sending = speakers.flatMap((from) =>
      this.members.map(async (to) => {
        if (from === to) return
        const sent = this.#sentBy(from.id, to.id)
        const texts = Array.from({ length: messages }, (_, i) => `${from.name} to ${to.name}, ${sent.length + i}`)
        sent.push(...texts)
        await from.send(to.id, texts)
      }),
    )
    await Promise.all(sending)
  }

  /** Messages sent so far may be missing from now on, though not without their sender being told. */
  forgiveLosses(): void {
    for (const texts of this.#sent.values()) for (const text of texts) this.#mayBeMissing.add(text)
  }

  /** Nothing but what was sent has been heard, each message once and in its place. */
  async undisturbed(): Promise<void> {
    for (const [member, { heard }] of await this.#records()) {
      for (const from of new Set(heard.map((message) => message.from))) {
        const data = heard.filter((message) => message.from === from).map((message) => message.data)
        const wanted = new Set(data)
        // The same texts, once, in the order in which they were sent.
        expect(data, `what ${member.name} heard`).toEqual(
          this.#sentBy(from, member.id).filter((text) => wanted.has(text)),
        )
      }
    }
  }

  /** The same, and every message was heard and confirmed; of those that may be missing, its sender knows if it is not. */
  async allHeard(): Promise<void> {
    await recovers(async () => {
      const records = await this.#records()
      const heard = new Set([...records.values()].flatMap((record) => record.heard.map(({ data }) => data)))
      for (const [from, record] of records) {
        const [confirmed, unconfirmed] = [new Set(record.confirmed), new Set(record.unconfirmed)]
        for (const to of this.members) {
          for (const text of this.#sentBy(from.id, to.id)) {
            const isKnown = confirmed.has(text) || unconfirmed.has(text)
            const isRight = heard.has(text) ? confirmed.has(text) : this.#mayBeMissing.has(text) && isKnown
            if (!isRight) {
              const fate = confirmed.has(text) ? 'confirmed' : unconfirmed.has(text) ? 'reported' : 'pending'
              expect.fail(`${text}: ${heard.has(text) ? 'heard' : 'not heard'}, and ${fate}`)
            }
            if (confirmed.has(text) && !heard.has(text)) expect.fail(`${text}: confirmed, but never heard`)
          }
        }
      }
    })
    await this.undisturbed()
  }

  /** Links that lies have ended are back, which talking proves; what is lost meanwhile is told. */
  async reunited(): Promise<void> {
    await this.acquainted()
    await this.exchange()
    this.forgiveLosses()
    await this.allHeard()
    await this.acquainted()
  }

  /** What every member's application was told of faults, together. That a direct path takes a second try is nobody's fault. */
  async faults(): Promise<Fault[]> {
    const errors = [...(await this.#records()).values()].flatMap((record) => record.errors)
    return errors.filter(({ code }) => code !== 'direct-failed')
  }

  /** Such misbehaviour was reported and no other, of which kinds is left to chance; none if no reason is given. Bounded in number. */
  async reported(reasons: readonly string[]): Promise<void> {
    if (reasons.length > 0) await recovers(async () => expect(await this.faults()).not.toEqual([]))
    const faults = await this.faults()
    expect(faults.filter(({ reason }) => !reasons.includes(reason))).toEqual([])
    expect(faults.filter(({ code }) => code !== 'peer-misbehaved')).toEqual([])
    expect(faults.length).toBeLessThanOrEqual(MAX_REPORTS * this.members.length)
  }

  /** Nobody's path or state has changed since, and nobody has left. Returns a check. */
  async watched(): Promise<() => Promise<void>> {
    const before = await this.#records()
    return async () => {
      for (const [member, { changes, left, state }] of await this.#records()) {
        // A direct path that learns what it is made of says `direct` once more.
        expect(changes.slice(before.get(member)?.changes.length).filter((change) => change !== 'direct')).toEqual([])
        expect(left).toEqual(before.get(member)?.left)
        expect(state).not.toBe('closed')
      }
    }
  }

  /** Nobody but the company has been verified by anybody. */
  async nobodyElseCame(): Promise<void> {
    const ids = new Set([...this.#earlier, ...this.members.map(({ id }) => id)])
    for (const { met } of (await this.#records()).values()) expect(met.filter((id) => !ids.has(id))).toEqual([])
  }

  /** Nobody has believed an announcement but those that the company signed, to the letter of the name. */
  async nobodyElseWasAnnounced(): Promise<void> {
    const names = new Map(this.members.map(({ id, name }) => [id, name]))
    for (const { announced } of (await this.#records()).values()) {
      expect(announced.filter(({ id, name }) => names.get(id) !== name)).toEqual([])
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.members.map((member) => member.leave()))
  }

  async #records(): Promise<ReadonlyMap<Client, Recorded>> {
    return new Map(await Promise.all(this.members.map(async (member) => [member, await member.record()] as const)))
  }

  #sentBy(from: string, to: string): string[] {
    const key = `${from}>${to}`
    const sent = this.#sent.get(key) ?? []
    this.#sent.set(key, sent)
    return sent
  }
}

/** What one application may be told by one room in a few seconds, however many faults in whosever name there are. */
export const MAX_REPORTS = 100

/** Waits until the check no longer throws. */
export function recovers(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: RECOVERY_MS, interval: LOOK_AGAIN_MS })
}
