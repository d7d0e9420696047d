/**
 * A network that outlives its room, with real parts: pages and Node processes meet in a room, talk, contribute and say things to
 * all; the Worker is killed; members reach each other through neighbours, mend what is cut, and let newcomers in whom Gun brings;
 * another Worker takes the room's place. What they have in the end is compared.
 */
import { join as joinPath } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { launchChromium } from '../support/chromium.ts'
import { startGunRelay } from '../support/gun-relay.ts'
import { serveFolder } from '../support/static-server.ts'
import type { Joined, Member, MemberReport, Mended, Reached } from './member.ts'
import { MortalService } from './mortal-service.ts'
import { memberInNode } from './node.ts'
import { memberInPage } from './page.ts'

export interface StoryOptions {
  readonly pages: number
  readonly nodes: number
  readonly degree: number
  /** How many members are reached, and how many paths are cut. */
  readonly reaches: number
  readonly cuts: number
  /** How many come while there is only Gun: Node processes and pages in turn. */
  readonly newcomers: number
  /** How long everybody talks before the Worker is killed, and again after it is back. */
  readonly talkMs: number
  readonly tell?: (what: string) => void
}

export interface Newcomer {
  readonly where: 'page' | 'Node'
  readonly joinedMs: number
  readonly peerMs: number
  readonly directMs: number
}

export interface Outcome {
  readonly before: readonly MemberReport[]
  readonly reached: readonly Reached[]
  readonly overNeighbours: readonly Mended[]
  readonly overGun: readonly Mended[]
  readonly newcomers: readonly Newcomer[]
  /** From the return of the Worker until each member was in the room. */
  readonly returnedMs: readonly number[]
  /** What was said to all, by whom, and who was there to hear it. */
  readonly said: readonly { readonly text: string; readonly by: string; readonly names: readonly string[] }[]
  readonly after: readonly MemberReport[]
}

interface Actor {
  readonly name: string
  readonly member: Member
  readonly peerId: string
}

const ROOT = joinPath(import.meta.dirname, '..', '..')
const SAY_MS = 400
const SETTLE_MS = 60_000

export async function playStory(options: StoryOptions): Promise<Outcome> {
  const { tell = () => undefined } = options
  const closing: (() => Promise<unknown>)[] = []
  try {
    const service = new MortalService()
    closing.push(() => service.kill())
    await service.start()
    const relay = await startGunRelay()
    closing.push(() => relay.close())
    const files = await servedFiles(closing)
    const browser = await launchChromium()
    closing.push(() => browser.close())
    const opening = { page: () => memberInPage(browser, files), Node: memberInNode }
    const actors: Actor[] = []

    async function enter(where: 'page' | 'Node'): Promise<Joined & { member: Member }> {
      const member = await opening[where]()
      const name = `${where} ${actors.length + 1}`
      const { degree } = options
      const joined = await member.join({ roomUrl: service.roomUrl('outliving'), name, degree, relays: [relay.url] })
      actors.push({ name, member, peerId: joined.peerId })
      await member.talk(true)
      return { ...joined, member }
    }
    closing.push(() => Promise.allSettled(actors.map(({ member }) => member.leave())))

    for (let i = 0; i < Math.max(options.pages, options.nodes); i++) {
      if (i < options.pages) await enter('page')
      if (i < options.nodes) await enter('Node')
    }
    const reports = () => Promise.all(actors.map(({ member }) => member.report()))
    await eventually('everybody has neighbours', async () => {
      const all = await reports()
      return all.every(({ neighbours }) => neighbours >= Math.min(3, actors.length - 1)) ? all : undefined
    })
    tell(`${actors.length} members`)

    const talk = new Conversation(actors)
    await talk.go(options.talkMs)
    // Those who came when the network was small know everybody, and links that nobody uses end after a while.
    await eventually('some have no link to each other', async () => strangers(actors, 0, reports))
    const before = await reports()

    await service.kill()
    tell('the Worker is killed')
    await talk.go(options.talkMs)

    // What follows is neighbours' work alone.
    await relay.stop()
    const reached: Reached[] = []
    for (let i = 0; i < options.reaches; i++) {
      const pair = await strangers(actors, i, reports)
      if (!pair) continue
      reached.push(await pair.from.member.reach(pair.to.peerId))
      await talk.go(SAY_MS)
    }
    tell(`${reached.length} members reached through others`)

    const overNeighbours: Mended[] = []
    for (let i = 0; i < options.cuts; i++) {
      overNeighbours.push(await at(actors, 3 * i).member.cut('one'))
      await talk.go(SAY_MS)
    }
    await relay.start()
    await eventually('everybody has the relay again', async () => {
      const all = await reports()
      return all.every(({ carriers }) => carriers.some(({ name, isUp }) => name === 'gun' && isUp)) || undefined
    })
    // Whoever has no direct path left has no neighbour to carry anything: this is Gun's work.
    const overGun: Mended[] = []
    for (let i = 0; i < options.cuts; i++) {
      overGun.push(await at(actors, 3 * i + 1).member.cut('all'))
      await talk.go(SAY_MS)
    }
    tell('what was cut is mended')

    const newcomers: Newcomer[] = []
    for (let i = 0; i < options.newcomers; i++) {
      const where = i % 2 === 0 ? 'Node' : 'page'
      const { member, joinedMs } = await enter(where)
      newcomers.push({ where, joinedMs, ...(await member.first()) })
      await talk.go(SAY_MS)
    }
    tell('newcomers are in')

    await service.start()
    const backMs = performance.now()
    const returnedMs: number[] = []
    await eventually(
      'everybody is in the room again',
      async () => {
        const open = (await reports()).filter(({ state }) => state === 'open').length
        while (returnedMs.length < open) returnedMs.push(performance.now() - backMs)
        return open === actors.length || undefined
      },
      async () => (await reports()).filter(({ state }) => state !== 'open'),
    )
    await talk.go(options.talkMs)
    for (const { member } of actors) await member.talk(false)
    tell('the Worker is back')

    const after = await eventually(
      'everybody has the same',
      async () => {
        const all = await reports()
        const isSame = new Set(all.map(({ digest }) => digest)).size === 1
        return isSame && all.every(({ heard, name }) => talk.missedBy(name, heard).length === 0) ? all : undefined
      },
      async () => talk.lackingIn(await reports()),
    )
    tell('everybody has the same')
    return { before, reached, overNeighbours, overGun, newcomers, returnedMs, said: talk.said, after }
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}

/** What is said to all, and contributed, by one after the other. */
class Conversation {
  readonly said: { readonly text: string; readonly by: string; readonly names: readonly string[] }[] = []
  readonly #actors: readonly Actor[]
  #turn = 0

  constructor(actors: readonly Actor[]) {
    this.#actors = actors
  }

  async go(durationMs: number): Promise<void> {
    for (const endMs = performance.now() + durationMs; performance.now() < endMs; await pause(SAY_MS)) {
      const { member, name } = at(this.#actors, 5 * this.#turn)
      const text = `word ${this.#turn}`
      const names = this.#actors.map((actor) => actor.name).filter((other) => other !== name)
      this.said.push({ text, by: name, names })
      await member.say(text)
      await at(this.#actors, 7 * this.#turn + 3).member.contribute(`task ${this.#turn}`)
      this.#turn++
    }
  }

  /** Whom something is missing that others have, and how they are connected. */
  lackingIn(all: readonly MemberReport[]): unknown {
    const most = Math.max(...all.map(({ entries }) => entries))
    const nameOf = new Map(all.map(({ peerId, name }) => [peerId, name]))
    return all
      .map(({ heard, broken: _broken, links, syncing, ...report }) => ({
        ...report,
        missed: this.missedBy(report.name, heard),
        links: links.map(({ id, kind, isNeighbour }) => `${nameOf.get(id)} ${kind}${isNeighbour ? ' neighbour' : ''}`),
        syncing: Object.entries(syncing).map(([id, state]) => `${nameOf.get(id) ?? id} ${state}`),
      }))
      .filter(({ missed, entries }) => missed.length > 0 || entries < most)
  }

  /** What somebody who was there has not heard. */
  missedBy(name: string, heard: Readonly<Record<string, number>>): readonly string[] {
    return this.said.filter(({ names, text }) => names.includes(name) && !heard[text]).map(({ text }) => text)
  }
}

/** Two members without a link. */
async function strangers(
  actors: readonly Actor[],
  turn: number,
  reports: () => Promise<MemberReport[]>,
): Promise<{ from: Actor; to: Actor } | undefined> {
  const all = await reports()
  for (let i = 0; i < actors.length; i++) {
    const from = at(actors, turn + i)
    const { links = [] } = all.find(({ peerId }) => peerId === from.peerId) ?? {}
    const to = actors.find(({ peerId }) => peerId !== from.peerId && !links.some(({ id }) => id === peerId))
    if (to) return { from, to }
  }
  return undefined
}

async function servedFiles(closing: (() => Promise<unknown>)[]): Promise<string> {
  const server = await serveFolder(joinPath(ROOT, 'dist', 'public'))
  closing.push(() => server.close())
  return server.url
}

async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  about?: () => Promise<unknown>,
): Promise<T> {
  for (const endMs = performance.now() + SETTLE_MS; performance.now() < endMs; await pause(100)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error(`${what}: not within ${SETTLE_MS} ms; ${JSON.stringify(await about?.())}`)
}

function at(actors: readonly Actor[], index: number): Actor {
  const actor = actors[index % actors.length]
  if (!actor) throw new Error('nobody is there')
  return actor
}
