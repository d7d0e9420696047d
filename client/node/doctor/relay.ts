/** Do messages get through the room? Two sessions of ours send one there and back, sealed. */
import { durationWords } from '../../words.ts'
import { finding, type Finding } from './finding.ts'
import type { Pair, Sessions } from './sessions.ts'

/** An odd number has a median. */
const ROUNDS = 5
/** A link repeats what was lost within seconds; what takes longer is of no use. */
const REPLY_MS = 10_000

export async function checkRelay(sessions: Sessions, others: number): Promise<Finding> {
  const pair = await sessions.pair('off', others)
  if (!pair) {
    const advice = ['The room admits peers and does not tell them of each other. Report this to whoever runs the host.']
    return finding('relay', 'failed', 'two sessions in the same room did not hear of each other', { advice })
  }
  try {
    const rounds = await roundTrips(pair)
    if (!rounds) {
      const advice = ['The room does not pass envelopes on, or drops them. Report this to whoever runs the host.']
      return finding('relay', 'failed', 'a message through the room did not come back', { advice })
    }
    const rttMs = Math.round((rounds.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0) * 10) / 10
    const where = pair.isCrowded ? ' (in an empty room of the same host, since this one is large)' : ''
    const summary = `a message goes through the room and back in ${durationWords(rttMs)}${where}`
    return finding('relay', 'ok', summary, { facts: { rttMs, ownRoom: pair.isCrowded } })
  } finally {
    await pair.close()
  }
}

/** Milliseconds of each round, or `undefined` as soon as one does not come back. */
async function roundTrips({ here, there }: Pair): Promise<number[] | undefined> {
  there.network.on('message', ({ peer, data }) => peer.send(data))
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now()
    const replied = reply(here.network, `doctor ${round}`)
    await here.peer.send(`doctor ${round}`)
    if (!(await replied)) return undefined
    rounds.push(performance.now() - startedMs)
  }
  return rounds
}

function reply(network: Pair['here']['network'], wanted: string): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (came: boolean) => {
      clearTimeout(giveUp)
      stop()
      resolve(came)
    }
    const giveUp = setTimeout(() => settle(false), REPLY_MS)
    const stop = network.on('message', ({ data }) => {
      if (data === wanted) settle(true)
    })
  })
}
