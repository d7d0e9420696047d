/**
 * Honest clients in one room, who keep numbered messages flowing between each other. Every message bears who sent it to
 * whom and its number, so whatever is foreign, lost, repeated or out of its place shows.
 */
import { expect } from 'vitest'
import { eventually } from '../eventually.ts'
import type { Client, Fault } from './client.ts'

/** A link's back-stop doubles up to 8 s; after an attack the next try is at most that far away. */
const RECOVERY_MS = 20_000
const MESSAGES = 4

export class Company {
  readonly members: Client[] = []
  /** What was sent, by `from>to`. */
  readonly #sent = new Map<string, string[]>()

  add(...members: readonly Client[]): void {
    this.members.push(...members)
  }

  /** Everybody has met everybody. */
  async acquainted(): Promise<void> {
    await eventually(async () => {
      for (const member of this.members) {
        const { peers } = await member.record()
        const ids = peers.map(({ id }) => id)
        for (const other of this.members) if (other !== member) expect(ids).toContain(other.id)
      }
    }, RECOVERY_MS)
  }

  /** Everybody says something to everybody. */
  async exchange(messages = MESSAGES): Promise<void> {
    for (const from of this.members) {
      for (const to of this.members) {
        if (from === to) continue
        const sent = this.#sentBy(from.id, to.id)
        const texts = Array.from({ length: messages }, (_, i) => `${from.name} to ${to.name}, ${sent.length + i}`)
        sent.push(...texts)
        await from.send(to.id, texts)
      }
    }
  }

  /** Nothing but what was sent has been heard, each message once and in its place; some may be on their way. */
  async undisturbed(): Promise<void> {
    await this.#check((heard, sent) => expect(heard).toEqual(sent.slice(0, heard.length)))
  }

  /** The same, and nothing is missing. */
  async allHeard(): Promise<void> {
    await eventually(() => this.#check((heard, sent) => expect(heard).toHaveLength(sent.length)), RECOVERY_MS)
    await this.undisturbed()
  }

  /** What every member's application was told of faults, together. */
  async faults(): Promise<Fault[]> {
    const records = await Promise.all(this.members.map((member) => member.record()))
    return records.flatMap(({ errors }) => errors)
  }

  /** Nobody but the company has been verified by anybody. */
  async nobodyElseCame(): Promise<void> {
    const ids = new Set(this.members.map(({ id }) => id))
    for (const member of this.members) {
      const { met } = await member.record()
      expect(met.filter((id) => !ids.has(id))).toEqual([])
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.members.map((member) => member.leave()))
  }

  async #check(compare: (heard: readonly unknown[], sent: readonly string[]) => void): Promise<void> {
    for (const member of this.members) {
      const { heard } = await member.record()
      for (const from of new Set([...heard.map((message) => message.from), ...this.members.map(({ id }) => id)])) {
        const data = heard.filter((message) => message.from === from).map((message) => message.data)
        compare(data, this.#sentBy(from, member.id))
      }
    }
  }

  #sentBy(from: string, to: string): string[] {
    const key = `${from}>${to}`
    const sent = this.#sent.get(key) ?? []
    this.#sent.set(key, sent)
    return sent
  }
}
