/**
 * Honest clients in one room, who keep numbered messages flowing between each other. Every message bears who sent it to
 * whom and its number, so whatever is foreign, lost, repeated or out of its place shows.
 */
import { expect } from 'vitest'
import { eventually } from '../eventually.ts'
import type { Client, Fault, Recorded } from './client.ts'

/** Links and sockets that an attack has made patient come back within this; the machine may be busy besides. */
const RECOVERY_MS = 25_000
const MESSAGES = 4

export class Company {
  readonly members: Client[] = []
  /** What was sent, by sender and receiver. */
  readonly #sent = new Map<string, string[]>()
  /** What was sent before may be missing, if its sender was told so. */
  readonly #mayBeMissing = new Set<string>()

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
    await eventually(async () => {
      for (const [member, { peers }] of await this.#records()) {
        for (const other of this.members) {
          if (other === member) continue
          const peer = peers.find(({ id }) => id === other.id)
          expect(peer, `${member.name} knows ${other.name}`).toMatchObject({ state: 'verified', ...(path && { path }) })
        }
      }
    }, RECOVERY_MS)
  }

  /** Everybody says something to everybody. */
  async exchange(messages = MESSAGES): Promise<void> {
    const sending = this.members.flatMap((from) =>
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
    await eventually(async () => {
      const records = await this.#records()
      const heard = new Set([...records.values()].flatMap((record) => record.heard.map(({ data }) => data)))
      for (const [from, { confirmed, unconfirmed }] of records) {
        for (const to of this.members) {
          for (const text of this.#sentBy(from.id, to.id)) {
            const isSettled = heard.has(text) ? confirmed.includes(text) : false
            const isExcused = this.#mayBeMissing.has(text) && (unconfirmed.includes(text) || confirmed.includes(text))
            expect(isSettled || isExcused, `${text}: heard and confirmed, or reported`).toBe(true)
            expect(confirmed.includes(text) && !heard.has(text), `${text}: confirmed, but never heard`).toBe(false)
          }
        }
      }
    }, RECOVERY_MS)
    await this.undisturbed()
  }

  /** What every member's application was told of faults, together. */
  async faults(): Promise<Fault[]> {
    return [...(await this.#records()).values()].flatMap(({ errors }) => errors)
  }

  /** Exactly such misbehaviour was reported: the first of the reasons in any case, the others by chance; bounded in number. */
  async reported(reasons: readonly string[]): Promise<void> {
    const [certain] = reasons
    if (certain !== undefined) {
      await eventually(async () => expect((await this.faults()).map(({ reason }) => reason)).toContain(certain))
    }
    const faults = await this.faults()
    expect(faults.filter(({ reason }) => !reasons.includes(reason))).toEqual([])
    expect(faults.filter(({ code }) => code !== 'peer-misbehaved')).toEqual([])
    expect(faults.length).toBeLessThanOrEqual(MAX_REPORTS * this.members.length)
  }

  /** Nobody but the company has been verified by anybody. */
  async nobodyElseCame(): Promise<void> {
    const ids = new Set(this.members.map(({ id }) => id))
    for (const { met } of (await this.#records()).values()) expect(met.filter((id) => !ids.has(id))).toEqual([])
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
