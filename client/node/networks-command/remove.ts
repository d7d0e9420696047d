/** `edge-net remove`: takes members and invites out of a closed network, for good. */
import { CommandFailure } from '../command-failure.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { KeptNetworks } from '../kept-network.ts'
import { counted } from '../ledger-words.ts'
import { keepMembership } from '../membership.ts'
import { UsageError } from '../usage-error.ts'
import type { RemoveOptions } from './options.ts'
import type { NetworksEvent } from './report.ts'
import { mustBeCreator, openOffice } from './standing.ts'

/**
 * Removes, after it has said what that means.
 *
 * @param confirm asks a person; `undefined` where nobody can be asked
 * @throws EdgeNetError `invalid-argument` (`not-creator`, `policy`), `membership`, `room-unreachable`; UsageError for the
 *   creator himself, or where nobody can be asked; CommandFailure when the answer is no
 */
export async function remove(
  roomUrl: string,
  { folder, keys, isConfirmed }: RemoveOptions,
  tell: (event: NetworksEvent) => void,
  confirm: ((meaning: string) => Promise<boolean>) | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const office = await openOffice(roomUrl, folder, signal)
  const { network, siteId } = office
  mustBeCreator(office, 'removes members')
  if (keys.includes(siteId)) {
    throw new UsageError(
      'You cannot remove yourself: a network has one creator for good.',
      'Leave out your own siteId.',
    )
  }
  const invites = await new KeptNetworks(folder).invites(network.facts.id)
  const removedInvites = keys.filter((key) => invites.some(({ inviteKey }) => inviteKey === key))
  if (!isConfirmed) {
    const meaning = meaningOf(network.facts.name, keys.length - removedInvites.length, removedInvites.length)
    if (!confirm) throw new UsageError(`${meaning} Nobody can be asked here.`, 'Add --yes to do it.')
    if (!(await confirm(meaning)))
      throw new CommandFailure('not-confirmed', 'Nothing was removed.', 'Answer yes to do it.')
  }
  try {
    tell({ event: 'removed', number: await network.revoke(...keys), keys })
  } finally {
    // A list that was signed is in force, whether the host has answered or not.
    await keepMembership(folder, network, siteId)
  }
  return EXIT.ok
}

/** What a removal does, for whoever is asked. */
export function meaningOf(name: string, members: number, invites: number): string {
  const parts = [
    members > 0 ? counted(members, 'member', 'members') : '',
    invites > 0 ? `${counted(invites, 'invite', 'invites')} with everybody who came in by it` : '',
  ].filter(Boolean)
  return [
    `This removes ${parts.join(' and ')} from ${name}, for good:`,
    'everybody in the network ends the links to them, and they cannot come back under the same identity.',
    'What they have contributed stays.',
  ].join(' ')
}
