/** How the commands about networks and their members speak: to programs one JSON object a line, to people sentences. */
import type { NetworkDescription } from '../../../protocol/http.ts'
import type { NetworkFacts, Waiting } from '../../networks/api.ts'
import type { KeptInvite, KeptMembership, KeptNetwork } from '../kept-network.ts'
import { briefId, counted, grouped } from '../ledger-words.ts'
import { timeWords } from '../ledger-command/time.ts'
import { decisionWords, standingWords, untilWords } from '../membership-words.ts'
import type { FailedEvent, Timed } from '../telling.ts'
import { safeText, type Style } from '../terminal.ts'

export type NetworksEvent =
  /** A network was founded, and its host knows it. */
  | ({ readonly event: 'created'; readonly genesis: string; readonly folder: string } & NetworkFacts)
  /** A network of the data folder, as one of its identities stands to it. */
  | ({ readonly event: 'known'; readonly network: KeptNetwork; readonly invites: number } & Omit<
      KeptMembership,
      'chain'
    >)
  /** A public network of a host. */
  | ({ readonly event: 'network' } & NetworkDescription)
  /** All that were asked for have been told; `isComplete` unless there are more. */
  | { readonly event: 'listed'; readonly networks: number; readonly isComplete: boolean }
  /** An invite, new or kept. */
  | ({ readonly event: 'invite'; readonly isRevoked: boolean; readonly isExpired: boolean } & KeptInvite)
  /** Somebody waits to be let in. `waitsSinceMs` is the host's word, in milliseconds since 1970; `sinceMs` is every event's own. */
  | ({
      readonly event: 'waiting'
      readonly waitsSinceMs: number
      readonly approvalsNeeded: number
    } & Omit<Waiting, 'sinceMs'>)
  /** We have approved somebody. `approvals` counts ours, if he waits. */
  | {
      readonly event: 'approved'
      readonly siteId: string
      readonly expiresAtMs?: number
      readonly approvals?: number
      readonly approvalsNeeded: number
    }
  | { readonly event: 'declined'; readonly siteId: string }
  /** Members and invites are removed, by the list of this number. */
  | { readonly event: 'removed'; readonly number: number; readonly keys: readonly string[] }

/** Lines for people. @param code of an invite's link as a picture, if there can be one */
export function networksWriter(
  style: Style,
  code: (url: string) => string | undefined = () => undefined,
): (event: Timed<NetworksEvent | FailedEvent>) => string | undefined {
  return (event) => {
    switch (event.event) {
      case 'failed':
        // On stderr, for people.
        return undefined
      case 'created':
        return createdLines(event, style)
      case 'known':
        return knownLines(event, style)
      case 'network':
        return networkLines(event, style)
      case 'listed':
        return listedWords(event, style)
      case 'invite':
        return inviteLines(event, style, code)
      case 'waiting':
        return waitingLines(event, style)
      case 'approved':
        return approvedWords(event, style)
      case 'declined':
        return `declined  ${event.siteId}`
      case 'removed':
        return `removed   ${event.keys.join(' ')} ${style.dim(`(list ${event.number})`)}`
      default:
        return event satisfies never
    }
  }
}

type Of<Name extends NetworksEvent['event']> = Extract<NetworksEvent, { event: Name }>

function createdLines(event: Of<'created'>, style: Style): string {
  const { name, policy, roomUrl, id, folder } = event
  const next = NEXT[policy].map(([what, command]) => `  ${what.padEnd(NEXT_COLUMNS)}${command} ${roomUrl}`)
  return [
    `${style.accent(safeText(name))} is a ${policy} network: ${decisionWords(event)}.`,
    '',
    `  ${style.accent(roomUrl)}`,
    '',
    `id ${id}; its genesis is kept in ${safeText(folder)}`,
    '',
    ...next,
  ].join('\n')
}

const NEXT_COLUMNS = 'who wants to come in '.length + 1
const JOINING = ['join it', 'edge-net join'] as const
const APPROVING = ['who wants to come in', 'edge-net approve'] as const
/** What to do with a new network, and the command for it. */
const NEXT: Record<NetworkFacts['policy'], readonly (readonly [string, string])[]> = {
  public: [JOINING],
  private: [JOINING, ['invite somebody', 'edge-net invite'], APPROVING],
  consortium: [JOINING, APPROVING],
}

function knownLines(
  { network, standing, role, endsAtMs, waiting, invites, siteId }: Of<'known'>,
  style: Style,
): string {
  const facts = [
    `you are ${standingWords({ standing, role })}`,
    standing === 'member' ? untilWords(endsAtMs) : '',
    waiting && standing !== 'member' ? `waiting, with ${counted(waiting.approvals, 'approval', 'approvals')}` : '',
    invites > 0 ? `${counted(invites, 'invite', 'invites')} made` : '',
  ].filter(Boolean)
  return [
    `${style.accent(safeText(network.name))} ${style.dim(`(${network.policy})`)}  ${facts.join(', ')} ${style.dim(`as ${briefId(siteId)}`)}`,
    `    ${safeText(network.roomUrl)}`,
  ].join('\n')
}

function networkLines({ name, policy, members, url, description, creator }: Of<'network'>, style: Style): string {
  const founder = creator === undefined ? '' : style.dim(`, founded by ${briefId(safeText(creator))}`)
  return [
    `${grouped(members).padStart(MEMBER_COLUMNS)}  ${style.accent(safeText(name))} ${style.dim(`(${policy})`)}${founder}`,
    ...(description ? [INDENT + safeText(description)] : []),
    INDENT + safeText(url),
  ].join('\n')
}

const MEMBER_COLUMNS = '100,000'.length
const INDENT = ' '.repeat(MEMBER_COLUMNS + 2)

function listedWords({ networks, isComplete }: Of<'listed'>, style: Style): string | undefined {
  if (networks === 0) return 'none'
  return isComplete ? undefined : style.dim('… and more: --all lists all of them, --query those that fit')
}

function inviteLines(event: Of<'invite'>, style: Style, code: (url: string) => string | undefined): string {
  const { url, inviteKey, uses, expiresAtMs, isRevoked, isExpired } = event
  const ends = expiresAtMs === undefined ? 'it never expires' : `it expires ${timeWords(expiresAtMs)}`
  const state = isRevoked ? style.bad('revoked') : isExpired ? style.bad('expired') : ''
  const facts = [`for ${counted(uses, 'person', 'people')}`, ends, state].filter(Boolean).join(', ')
  const picture = isRevoked || isExpired ? undefined : code(url)
  return [
    style.accent(url),
    `    ${facts}`,
    `    ${style.dim(`invite key ${inviteKey}`)}`,
    ...(picture === undefined ? [] : ['', picture]),
  ].join('\n')
}

function waitingLines(
  { siteId, name, note, waitsSinceMs, approvedBy, approvalsNeeded }: Of<'waiting'>,
  style: Style,
): string {
  const approvals = `${approvedBy.length} of ${counted(approvalsNeeded, 'approval', 'approvals')}`
  return [
    `waits     ${siteId}  ${style.accent(safeText(name) || 'without a name')}`,
    `          since ${sinceWords(waitsSinceMs)}, ${approvals}`,
    ...(note === '' ? [] : [`          “${safeText(note)}”`]),
  ].join('\n')
}

/** The host says since when, and may say anything. */
function sinceWords(ms: number): string {
  return Number.isNaN(new Date(ms).getTime()) ? 'a time that is none' : timeWords(ms)
}

function approvedWords({ siteId, expiresAtMs, approvals, approvalsNeeded }: Of<'approved'>, style: Style): string {
  const missing = approvals === undefined ? 0 : approvalsNeeded - approvals
  const still =
    missing > 0
      ? `${missing} more needed`
      : approvals === undefined && approvalsNeeded > 1
        ? `${approvalsNeeded} needed`
        : 'may join'
  const facts = [untilWords(expiresAtMs), still].filter(Boolean).join(', ')
  return `approved  ${siteId} ${style.dim(`(${facts})`)}`
}
