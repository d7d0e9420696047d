/**
 * One stay at a founded network: opens it as this browser's identity, tells the page how we stand to it, and remembers what it
 * takes to come back. Loaded for founded networks only.
 */
import { EdgeNetError } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import type { MemberNetwork, Standing } from '../../networks/api.ts'
import { openNetwork } from '../../networks/index.ts'
import { failureFrom, failureOf } from '../failure.ts'
import type { Place } from '../place.ts'
import { changeVisited, loadVisited, withoutChain, withoutProofs, withVisit } from '../networks/visited.ts'
import { isDecider, type MembershipEvent } from './state.ts'

/** Who waits is looked at this often: a person who asked is looking at the page, too. */
const REVIEW_EVERY_MS = 4_000
/** A hidden page has time; its title says when somebody waits. */
const REVIEW_HIDDEN_EVERY_MS = 20_000

/** What an invite can be, as opposed to what a host or a network can. */
const INVITE_FAULTS = /^(?:invite|membership)-/

type Tell = (event: MembershipEvent) => void

export interface Stay {
  readonly member: MemberNetwork
  /** Resolves when we are a member, at once if we are; and when the page gives up. */
  admitted(): Promise<void>
  /** The same for when we are none any more. */
  ended(): Promise<void>
  /** Asks to be let in, again and again, until we are or `stopAsking`. Tells how it goes. */
  ask(name: string, note: string): Promise<void>
  stopAsking(): void
  /** Tells how we stand, again: a page that begins anew has forgotten. */
  retell(): void
  /** Looks who waits, now. */
  review(): Promise<void>
  /** The host does not take what membership rests on: it is forgotten, and so is the invite. */
  forgetChain(): void
}

/** Opens the network of a place. An invite that is no good is told, and the network opened without it. */
export async function openStay(
  { roomUrl, key, invite }: Place,
  identity: Identity,
  tell: Tell,
  signal: AbortSignal,
): Promise<Stay> {
  const member = await openWith(invite)
  const known = () => {
    const { facts, standing, role, endsAtMs, revoked, hostFault } = member
    const hostFailure = hostFault && failureOf(hostFault)
    tell({ type: 'membership', facts, standing, role, endsAtMs, revoked, hostFailure })
  }
  const remember = () => {
    const { facts, genesis, revocations, chain, standing } = member
    const visit = { key, name: facts.name, policy: facts.policy, atMs: Date.now() }
    const proofs = {
      ...(genesis !== undefined && { genesis }),
      ...(revocations !== undefined && { revocations }),
      ...(standing === 'member' && chain !== '' && { chains: { [identity.siteId]: chain } }),
    }
    changeVisited((visited) => withVisit(visited, { ...visit, ...proofs }))
  }
  const news = () => {
    known()
    remember()
  }
  news()
  const stops = [member.on('standing', news), member.on('revoked', news)]
  signal.addEventListener('abort', () => stops.forEach((stop) => stop()), { once: true })
  const review = async () => {
    try {
      tell({ type: 'waiting', waiting: await member.waiting() })
    } catch (error) {
      tell({ type: 'membership-fault', message: `Who waits is not known: ${failureFrom(error).message}` })
    }
  }
  if (isDecider(member.facts, identity.siteId)) reviewOften(review, signal)
  let asking: AbortController | undefined

  return {
    member,
    admitted: () => once(member, signal, (standing) => standing === 'member'),
    ended: () => once(member, signal, (standing) => standing !== 'member'),
    async ask(name, note) {
      asking?.abort()
      const mine = new AbortController()
      asking = mine
      const onProgress = (approvals: number) => {
        if (!mine.signal.aborted) tell({ type: 'asking', asking: { state: 'waiting', approvals } })
      }
      onProgress(0)
      try {
        await member.untilMember({ name, note, signal: AbortSignal.any([mine.signal, signal]), onProgress })
      } catch (error) {
        if (mine.signal.aborted || signal.aborted) return
        const failure = failureFrom(error)
        tell({
          type: 'asking',
          asking: failure.reason === 'declined' ? { state: 'declined' } : { state: 'failed', failure },
        })
      }
    },
    stopAsking() {
      asking?.abort()
      tell({ type: 'asking', asking: { state: 'no' } })
    },
    retell: known,
    review,
    forgetChain: () => void changeVisited((visited) => withoutChain(visited, key, identity.siteId)),
  }

  async function openWith(code: string | undefined): Promise<MemberNetwork> {
    if (code === undefined) return openAgain()
    try {
      const opened = await openAgain({ invite: code })
      tell({ type: 'invite-failed', failure: undefined })
      return opened
    } catch (error) {
      const isOfInvite =
        error instanceof EdgeNetError && error.code === 'membership' && INVITE_FAULTS.test(error.reason)
      if (!isOfInvite) throw error
      tell({ type: 'invite-failed', failure: failureFrom(error) })
      return openAgain()
    }
  }

  /** With what was kept of an earlier visit, if it holds. */
  async function openAgain(more: { readonly invite?: string } = {}): Promise<MemberNetwork> {
    const kept = loadVisited().find((network) => network.key === key)
    const { genesis, revocations } = kept ?? {}
    const chain = kept?.chains?.[identity.siteId]
    try {
      return await openNetwork(roomUrl, {
        identity,
        signal,
        ...more,
        ...(genesis !== undefined && { genesis }),
        ...(revocations !== undefined && { revocations }),
        ...(chain !== undefined && { chain }),
      })
    } catch (error) {
      if (!kept || !(error instanceof EdgeNetError) || error.code !== 'invalid-argument') throw error
      // What is kept was changed by something else.
      changeVisited((visited) => withoutProofs(visited, key))
      return openNetwork(roomUrl, { identity, signal, ...more })
    }
  }
}

function once(member: MemberNetwork, signal: AbortSignal, isSo: (standing: Standing) => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (isSo(member.standing) || signal.aborted) return resolve()
    const stop = member.on('standing', ({ standing }) => {
      if (isSo(standing)) done()
    })
    const done = () => {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}

function reviewOften(review: () => Promise<void>, signal: AbortSignal): void {
  const next = async () => {
    if (signal.aborted) return
    await review()
    if (!signal.aborted) setTimeout(() => void next(), document.hidden ? REVIEW_HIDDEN_EVERY_MS : REVIEW_EVERY_MS)
  }
  void next()
}
