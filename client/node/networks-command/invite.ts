/** `edge-net invite`: makes invites to a private network, lists those that were made here, and revokes them. */
import { EdgeNetError } from '../../errors.ts'
import type { NetworkFacts } from '../../networks/api.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { KeptNetworks, type KeptInvite } from '../kept-network.ts'
import { keepMembership } from '../membership.ts'
import { UsageError } from '../usage-error.ts'
import { isKey, type InviteOptions } from './options.ts'
import type { NetworksEvent } from './report.ts'
import { mustBeCreator, openOffice, type Office } from './standing.ts'

/** @throws EdgeNetError `invalid-argument` (`not-creator`, `policy`), `membership`, `room-unreachable`; UsageError */
export async function invite(
  roomUrl: string,
  options: InviteOptions,
  tell: (event: NetworksEvent) => void,
  signal: AbortSignal,
): Promise<ExitCode> {
  const office = await openOffice(roomUrl, options.folder, signal)
  const { network } = office
  mustBePrivate(network.facts)
  mustBeCreator(office, 'invites people')
  const kept = new KeptNetworks(options.folder)
  switch (options.act) {
    case 'make': {
      const { expiresAtMs, uses } = options
      const made = await network.invite({ uses, ...(expiresAtMs !== undefined && { expiresAtMs }) })
      const invited: KeptInvite = {
        inviteKey: made.inviteKey,
        url: made.url,
        ...(made.expiresAtMs !== undefined && { expiresAtMs: made.expiresAtMs }),
        uses: made.uses,
        madeAtMs: Date.now(),
      }
      // Kept before it is told: what was given away must be there to be revoked.
      await kept.keepInvite(network.facts.id, invited)
      tell({ event: 'invite', ...invited, isRevoked: false, isExpired: false })
      return EXIT.ok
    }
    case 'list': {
      const all = await kept.invites(network.facts.id)
      for (const one of all) tell({ event: 'invite', ...one, ...stateOf(one, office) })
      tell({ event: 'listed', networks: all.length, isComplete: true })
      return EXIT.ok
    }
    case 'revoke': {
      const key = wholeKey(options.key, await kept.invites(network.facts.id))
      try {
        tell({ event: 'removed', number: await network.revoke(key), keys: [key] })
      } finally {
        // A list that was signed is in force, whether the host has answered or not.
        await keepMembership(options.folder, network, office.siteId)
      }
      return EXIT.ok
    }
    default:
      return options satisfies never
  }
}

function mustBePrivate({ policy, name }: NetworkFacts): void {
  if (policy === 'private') return
  const message = `${name} is a consortium: nobody lets others in alone, so there are no invites.`
  throw new EdgeNetError(
    'invalid-argument',
    'policy',
    message,
    'Whoever joins with --ask waits for approvals: edge-net approve.',
  )
}

function stateOf({ inviteKey, expiresAtMs = Infinity }: KeptInvite, { network }: Office) {
  return { isRevoked: network.revoked.includes(inviteKey), isExpired: expiresAtMs <= Date.now() }
}

/** The key that is meant; the beginning of one will do for an invite that was made here. */
function wholeKey(word: string, invites: readonly KeptInvite[]): string {
  const keys = invites.map(({ inviteKey }) => inviteKey).filter((key) => key.startsWith(word))
  const [only, another] = keys
  if (another !== undefined) {
    throw new UsageError(`"${word}" means several invites: ${keys.join(', ')}.`, 'Use more of the key.')
  }
  if (only !== undefined) return only
  // One that was made elsewhere.
  if (isKey(word)) return word
  throw new UsageError(
    `No invite that was made here begins with "${word}".`,
    'edge-net invite ROOM-URL --list shows them.',
  )
}
