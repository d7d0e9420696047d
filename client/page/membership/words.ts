/** Policies and times in words that a person understands. */
import { counted } from '../number-words.ts'

export const POLICY_WORDS = {
  public: { label: 'Public', meaning: 'Everybody who has the link is a member.' },
  private: { label: 'Private', meaning: 'Its creator invites people, or approves those who ask.' },
  consortium: { label: 'Consortium', meaning: 'Named approvers decide together who comes in.' },
} as const

/** How long ago something was, in steps that do not change while somebody reads. */
export function agoWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 120) return `${counted(minutes, 'minute')} ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${counted(hours, 'hour')} ago` : `${counted(Math.floor(hours / 24), 'day')} ago`
}

export function dateWords(atMs: number): string {
  return new Date(atMs).toLocaleDateString(undefined, { dateStyle: 'medium' })
}

/** Day and time. */
export function momentWords(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}
