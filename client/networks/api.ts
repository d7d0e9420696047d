/** The public surface of `edge-net/networks`, as types: founding networks, finding them, and being a member of closed ones. */
import type { Parameters, Policy } from '../../protocol/genesis.ts'
import type { NetworkDescription } from '../../protocol/http.ts'
import type { SharedMembership } from '../api.ts'
import type { EdgeNetError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'

/** What founding a network takes. */
export interface Founding {
  /** The `https://HOST` that is to host it: any URL there. The network itself belongs to no host. */
  readonly host: string
  /** The founder. He is a member, and the only one who can remove others. */
  readonly identity: Identity
  /** A label for people, 1 to 64 bytes. */
  readonly name: string
  /** At most 512 bytes. Default: none. */
  readonly description?: string
  /** Default `public`. */
  readonly policy?: Policy
  /** Of a consortium: `siteId`s, 1 to 10, in any order. */
  readonly approvers?: readonly string[]
  /** Of a consortium: how many of the approvers must approve. Default: more than half of them. */
  readonly threshold?: number
  readonly parameters?: Partial<Parameters>
}

/** What is known of a network before joining it, checked against its id. */
export interface NetworkFacts {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly policy: Policy
  readonly parameters: Parameters
  /** The founder's `siteId`; absent behind a plain name. */
  readonly creator: string | undefined
  /** `siteId`s of those who approve newcomers: the founder of a private network, the approvers of a consortium. */
  readonly approvers: readonly string[]
  /** How many of them must. */
  readonly approvalsNeeded: number
  readonly createdAtMs: number | undefined
  readonly roomUrl: string
  /** As the host says. */
  readonly members: number
}

export interface Listing {
  readonly networks: readonly NetworkDescription[]
  /** For `after`, when there are more. */
  readonly next: string | undefined
}

/** An invite that its maker keeps: to show it, and to revoke it. */
export interface Invite {
  /** The room URL with the code in its fragment: `https://HOST/n/net-…#invite=…`. */
  readonly url: string
  readonly code: string
  /** Public half, base64url: what {@link MemberNetwork.revoke} takes. */
  readonly inviteKey: string
  /** Absent when it never expires. */
  readonly expiresAtMs: number | undefined
  readonly uses: number
}

/** - `member`: may join. - `stranger`: needs an invite or approvals. - `expired`, `revoked`: was a member. */
export type Standing = 'member' | 'stranger' | 'expired' | 'revoked'

/** Somebody who waits to be let in. Name and note are text from a stranger. */
export interface Waiting {
  readonly siteId: string
  readonly name: string
  readonly note: string
  readonly sinceMs: number
  /** `siteId`s of those who have approved; genuine ones only. */
  readonly approvedBy: readonly string[]
}

export interface MembershipEvents {
  /** Our own standing changed. */
  standing: { readonly standing: Standing }
  /** Somebody was removed, by us or by a list that came from a peer: those who were not removed before. */
  revoked: { readonly number: number; readonly siteIdsAndInvites: readonly string[] }
}

/**
 * A network as one identity stands to it. Give it to `join` as `membership`. Everything in it is checked here: a host that
 * lies can keep somebody out, and let nobody in.
 */
export interface MemberNetwork extends SharedMembership {
  readonly facts: NetworkFacts
  readonly standing: Standing
  readonly role: 'everybody' | 'creator' | 'approver' | 'invited' | 'approved' | undefined
  /** When membership ends; `undefined` for never, or when there is none. */
  readonly endsAtMs: number | undefined
  /** The canonical genesis, base64url: enough to found the same network on another host, or to open it without asking one. */
  readonly genesis: string | undefined
  /** The latest list of revocations that is known, base64url: keep it, and give it back next time, so that no host can hide it. */
  readonly revocations: string | undefined
  /** Why nothing of what is here comes from the host: it could not be asked, or what it said does not hold. `undefined` if all is well. */
  readonly hostFault: EdgeNetError | undefined
  /** What membership rests on, base64url: keep it, and give it back as `chain` next time. Empty when none is needed. */
  readonly chain: string

  /**
   * Makes an invite. The creator of a private network only.
   *
   * @throws EdgeNetError `invalid-argument` (`not-creator`, `policy`, `expiresAtMs`, `uses`)
   */
  invite(options?: { readonly expiresAtMs?: number; readonly uses?: number }): Promise<Invite>

  /**
   * Asks to be let in, once, and takes what approvals there are; with enough of them `standing` becomes `member`.
   *
   * @returns how many genuine approvals there are by now
   * @throws EdgeNetError `membership` (reason a refusal code), `room-unreachable`
   */
  ask(options?: { readonly name?: string; readonly note?: string }): Promise<{ readonly approvals: number }>
  /** Asks again and again, until we are a member. Rejects with `aborted`, or when we were declined. */
  untilMember(options?: {
    readonly name?: string
    readonly note?: string
    readonly signal?: AbortSignal
    readonly onProgress?: (approvals: number) => void
  }): Promise<void>

  /** Who waits. Approvers only. */
  waiting(): Promise<readonly Waiting[]>
  /** Signs somebody in, whether he waits or not. Approvers only. Default: without an end. */
  approve(siteId: string, options?: { readonly expiresAtMs?: number }): Promise<void>
  /** Sends somebody who waits away. Approvers only. */
  decline(siteId: string): Promise<void>

  /**
   * Removes members (`siteId`) and invites (`inviteKey`) with all who came by them. Links to them end everywhere; what they
   * have contributed stays. The creator only.
   *
   * @returns the number of the list that says so
   */
  revoke(...keys: readonly string[]): Promise<number>
  /** Members and invites that have been removed, base64url. */
  readonly revoked: readonly string[]

  on<Type extends keyof MembershipEvents>(type: Type, handler: (event: MembershipEvents[Type]) => unknown): () => void
}

/** What opening a network takes. */
export interface Opening {
  /** Who we are. */
  readonly identity: Identity
  /** An invite: its link or its code. Default: what the room URL carries behind `#invite=`. */
  readonly invite?: string
  /** {@link MemberNetwork.chain} of an earlier time. */
  readonly chain?: string
  /** {@link MemberNetwork.genesis}, so that the network opens when the host does not answer, too. */
  readonly genesis?: string
  /** {@link MemberNetwork.revocations} of an earlier time. */
  readonly revocations?: string
  readonly signal?: AbortSignal
}
