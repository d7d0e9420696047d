/**
 * The invites that were made in this browser, to be shown again and revoked. They open the network to whoever reads them:
 * this browser's profile is as good a place as the chat that they are sent through, and no better.
 */
import type { Invite } from '../../networks/api.ts'
import { readStored, writeStored } from '../storage.ts'

export interface KeptInvite extends Invite {
  readonly madeAtMs: number
}

/** More is a list that nobody reads; the oldest go. */
export const MAX_KEPT_INVITES = 50
const MAX_URL_CHARACTERS = 1_024

/** @param networkId as text, `net-…` */
export function loadInvites(networkId: string): readonly KeptInvite[] {
  return parseInvites(readStored(keyOf(networkId)))
}

/** Returns whether the browser will remember. */
export function keepInvite(networkId: string, invite: KeptInvite): boolean {
  return writeStored(keyOf(networkId), [invite, ...loadInvites(networkId)].slice(0, MAX_KEPT_INVITES))
}

export function forgetInvite(networkId: string, inviteKey: string): boolean {
  const others = loadInvites(networkId).filter((invite) => invite.inviteKey !== inviteKey)
  return writeStored(keyOf(networkId), others)
}

export function parseInvites(value: unknown): readonly KeptInvite[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, MAX_KEPT_INVITES).flatMap((entry) => {
    const { url, code, inviteKey, expiresAtMs, uses, madeAtMs } = Object(entry) as Partial<
      Record<keyof KeptInvite, unknown>
    >
    const isWhole =
      typeof url === 'string' &&
      url.length <= MAX_URL_CHARACTERS &&
      typeof code === 'string' &&
      typeof inviteKey === 'string' &&
      typeof uses === 'number' &&
      typeof madeAtMs === 'number'
    if (!isWhole) return []
    return [
      { url, code, inviteKey, uses, madeAtMs, expiresAtMs: typeof expiresAtMs === 'number' ? expiresAtMs : undefined },
    ]
  })
}

function keyOf(networkId: string): string {
  return `edge-net.invites.${networkId}`
}
